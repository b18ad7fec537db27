"""What is for sale, for machines."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from sqlalchemy import func, select

from shop.catalog.models import Product, Variant
from shop.core.paging import page_number
from shop.errors import NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile

PER_PAGE = 50


def list_products() -> Response:
    """GET /api/products?page= → {"data": [...], "page", "pages", "total"}; 50 a page, prices in minor units."""
    page = page_number(request.args.get("page"))
    total = db.session.execute(select(func.count()).select_from(Product).where(Product.status == "active")).scalar_one()
    rows = db.session.execute(
        select(Product)
        .where(Product.status == "active")
        .order_by(Product.id)
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).scalars()
    pages = max(1, -(-total // PER_PAGE))
    return jsonify(data=[_summary(p) for p in rows], page=page, pages=pages, total=total)


def get_product(product_id: int) -> Response:
    """GET /api/products/<id> → the product with its variants. 404 when it is not for sale."""
    product = None
    if product_id < 2**62:
        product = db.session.execute(
            select(Product).where(Product.id == product_id, Product.status == "active")
        ).scalar_one_or_none()
    if product is None:
        raise NotFound("This product is not for sale.")
    variants = db.session.execute(
        select(Variant).where(Variant.product_id == product.id).order_by(Variant.position, Variant.id)
    ).scalars()
    return jsonify(
        **_summary(product),
        description_html=product.description_html,
        options=product.options,
        variants=[
            {
                "id": v.id,
                "title": v.title,
                "sku": v.sku,
                "price_minor": v.price_minor,
                "is_available": v.is_available,
                "option_value_ids": v.option_value_ids,
            }
            for v in variants
        ],
    )


def _summary(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "slug": product.slug,
        "title": product.title,
        "type": product.product_type,
        "tags": product.tags,
        "price_min_minor": product.price_min_minor,
        "price_max_minor": product.price_max_minor,
        "currency": current_profile().currency,
        "in_stock": product.in_stock,
        "url": f"/products/{product.slug}",
    }
