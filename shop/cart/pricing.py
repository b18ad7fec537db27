"""A cart with the prices of this moment. Prices come from the database at every step, never from the visitor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.cart.models import CartLine
from shop.catalog.models import Product, Variant
from shop.tenancy.currencies import Pricing
from shop.tenancy.profile import current_profile
from shop.tenancy.return_rules import is_personalised, return_rules_of


@dataclass(frozen=True)
class PricedLine:
    """Minor units of the cart's currency, but `cost_minor`: the print provider's.

    `problem`: gone | price_changed | None."""

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
    is_personalised: bool = False

    @property
    def total_minor(self) -> int:
        return self.unit_minor * self.quantity

    @property
    def problem(self) -> str | None:
        if not self.available:
            return "gone"
        return "price_changed" if self.unit_minor != self.seen_minor else None


@dataclass(frozen=True)
class Wanted:
    """A line that is in no cart. `seen_minor`: the price when it was last looked at."""

    id: int
    variant_id: int
    quantity: int
    seen_minor: int


_FACTS = (
    Variant.id,
    Variant.title,
    Variant.sku,
    Variant.price_minor,
    Variant.cost_minor,
    Variant.external_id,
    Variant.is_available,
    Variant.fixed_prices,
    Product.id,
    Product.slug,
    Product.title,
    Product.status,
    Product.blueprint_id,
    Product.print_provider_id,
    Product.external_id,
    Product.document,
)


def price_lines(session: Session, cart_id: int, pricing: Pricing | None = None) -> list[PricedLine]:
    """One statement; oldest line first. In the store's currency without `pricing`."""
    rows = session.execute(
        select(CartLine.id, CartLine.quantity, CartLine.seen_price_minor, *_FACTS)
        .join(Variant, Variant.id == CartLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(CartLine.cart_id == cart_id)
        .order_by(CartLine.added_at, CartLine.id)
    )
    return [_priced(r[0], r[1], r[2], r[3:], pricing) for r in rows]


def price_wanted(
    session: Session, wanted: Sequence[Wanted], pricing: Pricing | None = None
) -> list[PricedLine]:
    """The same for lines that are in no cart, in their order; one statement."""
    rows = session.execute(
        select(*_FACTS)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_([line.variant_id for line in wanted]))
    )
    found = {row[0]: row for row in rows}
    return [
        _priced(line.id, line.quantity, line.seen_minor, found[line.variant_id], pricing)
        for line in wanted
        if line.variant_id in found
    ]


def _priced(line_id: int, quantity: int, seen_minor: int, r: Any, pricing: Pricing | None = None) -> PricedLine:
    """`r` has the columns of _FACTS."""
    return PricedLine(
        id=line_id,
        quantity=quantity,
        seen_minor=seen_minor,
        variant_id=r[0],
        variant_title=r[1],
        sku=r[2],
        unit_minor=pricing.of(r[3], r[7]) if pricing is not None else r[3],
        cost_minor=r[4],
        variant_external_id=r[5],
        available=r[6] and r[11] == "active",
        product_id=r[8],
        slug=r[9],
        title=r[10],
        blueprint_id=r[12] or 0,
        print_provider_id=r[13] or 0,
        product_external_id=r[14] or "",
        image=picture_of(r[15] or {}, r[0]),
        is_personalised=_is_personalised(r[15] or {}),
    )


def _is_personalised(document: dict[str, Any]) -> bool:
    return is_personalised(document.get("personalised"), return_rules_of(current_profile().returning))


def picture_of(document: dict[str, Any], variant_id: int) -> dict[str, Any]:
    """The picture that shows this variant; the first one otherwise."""
    images = document.get("images") or []
    index = next((v.get("image", 0) for v in document.get("variants", []) if v.get("id") == variant_id), 0)
    if isinstance(index, int) and 0 <= index < len(images):
        return dict(images[index])
    return dict(images[0]) if images else {}
