"""How far an order is, worked out from the rows it is made in. One row or several, the same rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.orders.statuses import FULFILMENT_RANK, move_fulfilment

_PARTLY, _SHIPPED = FULFILMENT_RANK["partly_shipped"], FULFILMENT_RANK["shipped"]


@dataclass(frozen=True)
class Part:
    """`is_over`: another one is made in its place, or it was given up."""

    status: str
    is_over: bool = False


def merge_statuses(parts: Iterable[Part]) -> str | None:
    """The order's status; None without parts.

    Nothing has shipped or arrived as a whole before every part has; one that the provider cancelled still has to come,
    until it is ordered again or given up. All cancelled is cancelled.
    """
    every = list(parts)
    waiting = [part.status for part in every if not part.is_over]
    if not waiting:
        return "cancelled" if every else None
    alive = [status for status in waiting if status != "cancelled"]
    if not alive:
        return "cancelled"
    ranks = [FULFILMENT_RANK.get(status, 0) for status in alive]
    if len(alive) == len(waiting) and min(ranks) >= _SHIPPED:
        return "delivered" if min(ranks) > _SHIPPED else "shipped"
    top = max(ranks)
    if top >= _PARTLY:
        return "partly_shipped"
    return next(status for status, rank in FULFILMENT_RANK.items() if rank == top)


def refresh_status(session: Session, order: Order, *, why: str = "", who: str = "system", again: bool = False) -> bool:
    """Write down how far the order is; False when that is no news. `again`: a part was ordered anew, so that the order
    may stand further back than before. What replaces a return does not count: the order itself was delivered. The
    caller holds the order's lock and commits."""
    session.flush()
    rows = session.execute(
        select(
            FulfilmentOrder.id, FulfilmentOrder.status, FulfilmentOrder.replaces_id, FulfilmentOrder.given_up_at
        ).where(FulfilmentOrder.order_id == order.id, FulfilmentOrder.return_id.is_(None))
    ).all()
    replaced = {row.replaces_id for row in rows}
    parts = [Part(row.status, row.id in replaced or row.given_up_at is not None) for row in rows]
    to = merge_statuses(parts)
    return to is not None and move_fulfilment(session, order, to, why=why, who=who, again=again)
