"""Whom to ask for a review: each order once."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.reviews.models import ReviewAsk


def note_ask(session: Session, order_id: int, outcome: str) -> bool:
    """The order's time has come, once: "asked" or "passed". False when it came before. The caller commits."""
    new = session.execute(
        insert(ReviewAsk)
        .values(order_id=order_id, outcome=outcome, at=clock.now())
        .on_conflict_do_nothing(index_elements=["order_id"])
        .returning(ReviewAsk.id)
    ).first()
    return new is not None
