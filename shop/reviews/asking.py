"""Whom to ask for a review, and who does not want to be asked."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.reviews.models import ReviewAsk, ReviewStop


def stop_asking(session: Session, email_hash: str) -> None:
    """This address is not asked again. A repeat changes nothing. The caller commits."""
    session.execute(insert(ReviewStop).values(email_hash=email_hash, at=clock.now()).on_conflict_do_nothing())


def start_asking(session: Session, email_hash: str) -> None:
    """It may be asked again. The caller commits."""
    session.query(ReviewStop).filter_by(email_hash=email_hash).delete()


def who_stopped(session: Session, hashes: Iterable[str]) -> set[str]:
    return set(session.execute(select(ReviewStop.email_hash).where(ReviewStop.email_hash.in_(list(hashes)))).scalars())


def note_ask(session: Session, order_id: int, outcome: str) -> bool:
    """The order's time has come, once: "asked" or "passed". False when it came before. The caller commits."""
    new = session.execute(
        insert(ReviewAsk)
        .values(order_id=order_id, outcome=outcome, at=clock.now())
        .on_conflict_do_nothing(index_elements=["order_id"])
        .returning(ReviewAsk.id)
    ).first()
    return new is not None
