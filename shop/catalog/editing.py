"""What a merchant changes about products by hand, noted so that no refresh undoes it (catalog/applying.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog import documents
from shop.catalog.addresses import PRODUCT, keep_old_address
from shop.catalog.announcing import announce_products
from shop.catalog.applying import REPLACED_POSITION
from shop.catalog.bulk import lock_catalog
from shop.catalog.collecting import place_in_collections
from shop.catalog.models import Image, Product, Variant
from shop.tenancy.profile import touch_catalog

STATUSES = ("active", "draft", "archived")
#: fields that Printify tells too: once changed by hand they are the merchant's, by these names in `edited_fields`
TOLD_FIELDS = ("title", "description_html", "tags", "product_type", "status", "images")


@dataclass(frozen=True)
class Edited:
    """A product as it is being edited: its variants in the shop, and its pictures in the order they are shown."""

    product: Product
    variants: list[Variant]
    images: list[Image]


@dataclass
class ProductEdit:
    """What is to be changed; what is not named stays. Money in minor units of the store's currency."""

    columns: dict[str, Any] = field(default_factory=dict)  # of Product
    prices: dict[int, int] = field(default_factory=dict)  # by our variant id
    prices_before: dict[int, int | None] = field(default_factory=dict)
    alts: dict[int, str] = field(default_factory=dict)  # by image id
    picture_order: list[int] = field(default_factory=list)  # image ids; empty: as it is


def find_product(session: Session, product_id: int, to_change: bool = False) -> Edited | None:
    """Three statements. `to_change` takes the catalogue's lock first, as every writer does."""
    query = select(Product).where(Product.id == product_id)
    if to_change:
        lock_catalog(session)
        query = query.with_for_update().execution_options(populate_existing=True)
    product = session.execute(query).scalar_one_or_none()
    if product is None:
        return None
    variants = session.execute(
        select(Variant)
        .where(Variant.product_id == product_id, Variant.position >= 0)
        .order_by(Variant.position, Variant.id)
        .execution_options(populate_existing=to_change)
    ).scalars()
    images = session.execute(
        select(Image)
        .where(Image.product_id == product_id, Image.position < REPLACED_POSITION)
        .order_by(Image.is_default.desc(), Image.position, Image.id)
        .execution_options(populate_existing=to_change)
    ).scalars()
    return Edited(product, list(variants), list(images))


def apply_edit(session: Session, found: Edited, edit: ProductEdit, at: datetime) -> None:
    """Write it, and everything that follows from it, in the caller's transaction. A repeat writes the same."""
    product, old = found.product, found.product.slug
    for name, value in edit.columns.items():
        setattr(product, name, value)
        if name == "slug" and value != old:
            keep_old_address(session, PRODUCT, product.id, old, value)
        if name in TOLD_FIELDS:
            mark_edited(product, name)
    for variant in found.variants:
        if variant.id in edit.prices:
            variant.price_minor, variant.price_edited = edit.prices[variant.id], True
        if variant.id in edit.prices_before:
            variant.compare_at_minor = edit.prices_before[variant.id]
    for image in found.images:
        image.alt = edit.alts.get(image.id, image.alt)
    if edit.picture_order:
        put_in_order(found.images, edit.picture_order)
        mark_edited(product, "images")
    product.updated_at = at
    publish(session, [product.id])


def put_in_order(images: Sequence[Image], order: Sequence[int]) -> None:
    """The first of `order` becomes the main picture; what it does not name follows as it was."""
    places = {image_id: place for place, image_id in enumerate(order)}
    ranked = sorted(images, key=lambda image: places.get(image.id, len(places)))
    for place, image in enumerate(ranked):
        image.position, image.is_default = place, place == 0


def mark_edited(product: Product, name: str) -> None:
    if name not in product.edited_fields:
        product.edited_fields = [*product.edited_fields, name]


def publish(session: Session, product_ids: Sequence[int]) -> None:
    """What follows every change of products: collections by rule, read models, the catalogue's version."""
    session.flush()
    place_in_collections(session, product_ids)
    documents.rebuild(session, product_ids)
    announce_products(session, product_ids)
    touch_catalog(session)
