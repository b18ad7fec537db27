"""Ask for a letter: a row, in the transaction of what it tells about."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core.queue import JobName, enqueue_after_commit
from shop.email.models import Letter


def request_letter(
    session: Session,
    *,
    letter: str,
    subject_key: str,
    to_email: str,
    facts: dict[str, Any],
    locale: str = "en",
    order_id: int | None = None,
) -> bool:
    """Queue `letter` about `subject_key` ("order:17"). A repeat is no second letter: False. The caller commits."""
    if not to_email:
        return False
    new = session.execute(
        insert(Letter)
        .values(
            letter=letter,
            subject_key=subject_key,
            to_email=to_email,
            facts=facts,
            locale=locale,
            order_id=order_id,
        )
        .on_conflict_do_nothing(index_elements=["letter", "subject_key"])
        .returning(Letter.id)
    ).first()
    if new:
        enqueue_after_commit(session, JobName.DRAIN_EMAIL)
    return new is not None
