"""A cart with the prices of this moment. Prices come from the database at every step, never from the visitor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.cart.models import CartLine
from shop.catalog.models import Product, Variant


@dataclass(frozen=True)
class PricedLine:
    """Minor units of the store's currency. `problem`: gone | price_changed | None."""

    id: int
    variant_id: int
    product_id: int
    slug: str
    title: str
    variant_title: str
    sku: str
    quantity: int
    unit_minor: int
    seen_minor: int
    cost_minor: int
    available: bool
    blueprint_id: int
    print_provider_id: int
    product_external_id: str
    variant_external_id: int
    image: dict[str, Any] = field(default_factory=dict)

    @property
    def total_minor(self) -> int:
        return self.unit_minor * self.quantity

    @property
    def problem(self) -> str | None:
        if not self.available:
            return "gone"
        return "price_changed" if self.unit_minor != self.seen_minor else None


def price_lines(session: Session, cart_id: int) -> list[PricedLine]:
    """One statement; oldest line first."""
    rows = session.execute(
        select(
            CartLine.id,
            CartLine.quantity,
            CartLine.seen_price_minor,
            Variant.id,
            Variant.title,
            Variant.sku,
            Variant.price_minor,
            Variant.cost_minor,
            Variant.external_id,
            Variant.is_available,
            Product.id,
            Product.slug,
            Product.title,
            Product.status,
            Product.blueprint_id,
            Product.print_provider_id,
            Product.external_id,
            Product.document,
        )
        .join(Variant, Variant.id == CartLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(CartLine.cart_id == cart_id)
        .order_by(CartLine.added_at, CartLine.id)
    )
    return [
        PricedLine(
            id=r[0],
            quantity=r[1],
            seen_minor=r[2],
            variant_id=r[3],
            variant_title=r[4],
            sku=r[5],
            unit_minor=r[6],
            cost_minor=r[7],
            variant_external_id=r[8],
            available=r[9] and r[13] == "active",
            product_id=r[10],
            slug=r[11],
            title=r[12],
            blueprint_id=r[14] or 0,
            print_provider_id=r[15] or 0,
            product_external_id=r[16] or "",
            image=picture_of(r[17] or {}, r[3]),
        )
        for r in rows
    ]


def picture_of(document: dict[str, Any], variant_id: int) -> dict[str, Any]:
    """The picture that shows this variant; the first one otherwise."""
    images = document.get("images") or []
    index = next((v.get("image", 0) for v in document.get("variants", []) if v.get("id") == variant_id), 0)
    if isinstance(index, int) and 0 <= index < len(images):
        return dict(images[index])
    return dict(images[0]) if images else {}
