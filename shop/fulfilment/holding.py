"""Stop an order that has not been made yet."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from shop.core import clock
from shop.fulfilment.models import FulfilmentOrder

#: the reason a row is held while it is being cancelled
STOPPING = "Being cancelled."


def hold_fulfilment(session: Session, order_id: int, reason: str) -> bool:
    """Hold every row that has not gone to production. A worker that holds one finishes its call first; the next step
    is stopped. Returns whether anything was held. The caller commits."""
    waiting = update(FulfilmentOrder).where(
        FulfilmentOrder.order_id == order_id,
        FulfilmentOrder.step != "watch",
        FulfilmentOrder.status.in_(["requested", "submitted"]),
        FulfilmentOrder.is_held.is_(False),
    )
    held = session.execute(
        waiting.values(is_held=True, hold_reason=reason)
        .returning(FulfilmentOrder.id)
        .execution_options(synchronize_session=False)
    ).all()
    if held:
        session.execute(
            update(FulfilmentOrder)
            .where(FulfilmentOrder.id.in_([row[0] for row in held]), FulfilmentOrder.work_state.in_(["due", "done"]))
            .values(work_state="parked", error_kind="merchant", error_text=reason, error_at=clock.now())
            .execution_options(synchronize_session=False)
        )
    return bool(held)
