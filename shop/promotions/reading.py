"""Discounts out of the database, as the evaluation wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from shop.catalog.models import CollectionProduct
from shop.promotions.evaluating import Asked, Facts, Offer
from shop.promotions.models import Discount, DiscountCode, Redemption

MOST_ACTIVE = 200  # automatic discounts that are looked at for one cart


@dataclass(frozen=True)
class Promotions:
    """All that `evaluate` needs beside the goods. `collections`: of each product, where a discount asks for them."""

    offers: tuple[Offer, ...]
    codes: tuple[Asked, ...]
    facts: Facts
    collections: Mapping[int, frozenset[int]] = field(default_factory=dict)


def is_known(session: Session, key: str) -> bool:
    return session.execute(select(DiscountCode.id).where(DiscountCode.key == key)).first() is not None


def read_codes(session: Session, keys: Sequence[str], held: Iterable[Redemption] = ()) -> tuple[Asked, ...]:
    """The cart's codes. `held`: reservations of this cart, which do not stand in its own way."""
    if not keys:
        return ()
    own = Counter(row.code_id for row in held)
    rows = {row.key: row for row in session.execute(select(DiscountCode).where(DiscountCode.key.in_(keys))).scalars()}
    asked = []
    for key in keys:
        row = rows.get(key)
        if row is None:
            asked.append(Asked(key, None))
            continue
        used_up = row.max_uses is not None and row.uses - own[row.id] >= row.max_uses
        asked.append(Asked(row.code, row.discount_id, row.id, used_up))
    return tuple(asked)


def read_offers(session: Session, codes: Sequence[Asked], held: Iterable[Redemption] = ()) -> tuple[Offer, ...]:
    """Every automatic discount in force, and those asked for by code, in force or not; one statement."""
    own = Counter(row.discount_id for row in held)
    wanted = [code.discount_id for code in codes if code.discount_id is not None]
    rows = session.execute(
        select(Discount)
        .where(or_(Discount.id.in_(wanted), Discount.is_active & ~Discount.by_code))
        .order_by(Discount.by_code.desc(), Discount.id)
        .limit(MOST_ACTIVE)
    ).scalars()
    return tuple(offer_of(row, own[row.id]) for row in rows)


def read_collections(session: Session, offers: Sequence[Offer], products: Iterable[int]) -> dict[int, frozenset[int]]:
    """{product: its collections}; asked only when a discount is for collections."""
    if not any(offer.scope == "collections" for offer in offers):
        return {}
    found: dict[int, set[int]] = {}
    rows = session.execute(
        select(CollectionProduct.product_id, CollectionProduct.collection_id).where(
            CollectionProduct.product_id.in_(set(products))
        )
    )
    for product_id, collection_id in rows:
        found.setdefault(product_id, set()).add(collection_id)
    return {product_id: frozenset(ids) for product_id, ids in found.items()}


def offer_of(row: Discount, own_uses: int = 0) -> Offer:
    return Offer(
        id=row.id,
        title=row.title,
        kind=row.kind,
        by_code=row.by_code,
        basis_points=row.basis_points,
        amount_minor=row.amount_minor,
        buy_quantity=row.buy_quantity,
        get_quantity=row.get_quantity,
        tiers=tuple((int(tier["from_minor"]), int(tier["basis_points"])) for tier in row.tiers),
        scope=row.scope,
        scope_ids=frozenset(row.scope_ids),
        min_minor=row.min_minor,
        min_quantity=row.min_quantity,
        first_order_only=row.first_order_only,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        per_customer=row.per_customer,
        is_used_up=row.max_uses is not None and row.uses - own_uses >= row.max_uses,
        combines=row.combines,
        is_active=row.is_active,
    )
