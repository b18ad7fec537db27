"""How an order may move. State moves forward only; a repeat answers "already" and is no error; every move is told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.errors import IllegalMove
from shop.orders.models import Order, OrderEntry

ORDER_MOVES: dict[str, set[str]] = {
    "placed": {"completed", "cancelled"},
    "completed": set(),
    "cancelled": set(),
}
#: a late event may name an earlier status: it is ignored, not obeyed
FULFILMENT_RANK = {
    "requested": 0,
    "submitted": 1,
    "in_production": 2,
    "partly_shipped": 3,
    "shipped": 4,
    "delivered": 5,
    "cancelled": 6,
}


def lock_order(session: Session, order_id: int) -> Order:
    """The order as it stands now, held until the commit. Whoever changes an order and its rows (fulfilment, refunds)
    locks the order first: one order of locks, no deadlock."""
    return session.execute(
        select(Order).where(Order.id == order_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def move_order(session: Session, order: Order, to: str, *, why: str, who: str = "system") -> bool:
    """placed → completed | cancelled. False when it is there already. Raises IllegalMove."""
    if order.status == to:
        return False
    if to not in ORDER_MOVES[order.status]:
        raise IllegalMove(f"An order that is {order.status} cannot become {to}.")
    if to == "cancelled":
        order.cancelled_at = clock.now()
    tell(session, order, to, from_status=order.status, to_status=to, why=why, who=who, for_buyer=True)
    order.status = to
    return True


def move_fulfilment(
    session: Session, order: Order, to: str, *, why: str = "", who: str = "system", again: bool = False
) -> bool:
    """Forward on the lattice; False for a late or repeated news. Back only with `again`: something is made anew."""
    here = FULFILMENT_RANK[order.fulfilment_status]
    if FULFILMENT_RANK[to] == here or (FULFILMENT_RANK[to] < here and not again):
        return False
    tell(
        session,
        order,
        to,
        from_status=order.fulfilment_status,
        to_status=to,
        why=why,
        who=who,
        for_buyer=to not in ("requested",),
    )
    order.fulfilment_status = to
    return True


def set_payment_status(session: Session, order: Order, to: str, *, why: str = "", who: str = "system") -> bool:
    """The payment status is recomputed from payments, refunds and disputes; this writes it down when it changed."""
    if order.payment_status == to:
        return False
    tell(session, order, to, from_status=order.payment_status, to_status=to, why=why, who=who, for_buyer=True)
    order.payment_status = to
    return True


def tell(
    session: Session,
    order: Order,
    what: str,
    *,
    why: str = "",
    who: str = "system",
    from_status: str | None = None,
    to_status: str | None = None,
    for_buyer: bool = False,
    **facts: Any,
) -> None:
    """Add an entry to the order's story."""
    order.updated_at = clock.now()
    session.add(
        OrderEntry(
            order_id=order.id,
            at=clock.now(),
            what=what,
            who=who,
            why=why,
            from_status=from_status,
            to_status=to_status,
            for_buyer=for_buyer,
            facts=facts,
        )
    )
