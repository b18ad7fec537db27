"""Which order an outside id belongs to, and the other way round: for logs that are read by people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import String, cast, select, union_all
from sqlalchemy.orm import Session

from shop.catalog.models import Product
from shop.checkout.models import Checkout
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderEntry
from shop.payments.models import Dispute, Payment, Refund

MOST_ENTRIES = 40
_NAMED = (
    (FulfilmentOrder.external_id, FulfilmentOrder.order_id),
    (Payment.external_id, Payment.order_id),
    (Refund.external_id, Refund.order_id),
    (Dispute.external_id, Dispute.order_id),
    (Checkout.session_id, Checkout.order_id),
)


def orders_of(session: Session, outside_ids: Collection[str]) -> dict[str, str]:
    """Outside id → order number, for those that are known; one statement."""
    if not outside_ids:
        return {}
    parts = [
        select(cast(outside, String).label("outside"), Order.number)
        .join(Order, Order.id == order_id)
        .where(outside.in_(outside_ids))
        for outside, order_id in _NAMED
    ]
    return {row[0]: row[1] for row in session.execute(union_all(*parts))}


def products_of(session: Session, outside_ids: Collection[str]) -> dict[str, tuple[int, str]]:
    """Printify's product id → (our id, title)."""
    if not outside_ids:
        return {}
    query = select(Product.external_id, Product.id, Product.title).where(Product.external_id.in_(outside_ids))
    return {str(row[0]): (row[1], row[2]) for row in session.execute(query)}


def outside_ids_of(session: Session, number: str) -> list[str]:
    """Every outside id that belongs to an order; one statement."""
    parts = [
        select(cast(outside, String))
        .join(Order, Order.id == order_id)
        .where(Order.number == number, outside.is_not(None))
        for outside, order_id in _NAMED
    ]
    return [row[0] for row in session.execute(union_all(*parts)) if row[0]]


def entries_between(session: Session, number: str, since: Any, until: Any) -> Sequence[OrderEntry]:
    """What the order's story says of that time, oldest first."""
    query = (
        select(OrderEntry)
        .join(Order, Order.id == OrderEntry.order_id)
        .where(Order.number == number, OrderEntry.at.between(since, until))
        .order_by(OrderEntry.at, OrderEntry.id)
        .limit(MOST_ENTRIES)
    )
    return session.execute(query).scalars().all()
