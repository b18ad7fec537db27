"""Store a webhook event once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core.queue import JobName, enqueue_after_commit
from shop.inbound.models import InboundEvent


def store_event(
    session: Session,
    *,
    source: str,
    external_id: str,
    topic: str,
    subject_id: str | None,
    payload: dict[str, Any],
    found_by: str = "hook",
) -> bool:
    """True when the event is new. A repeat stores nothing and kicks nothing. The caller commits."""
    return bool(
        store_events(
            session,
            [
                {
                    "source": source,
                    "external_id": external_id[:255],
                    "topic": topic[:120],
                    "subject_id": subject_id[:255] if subject_id else None,
                    "payload": payload,
                    "found_by": found_by,
                }
            ],
        )
    )


def store_events(session: Session, rows: Sequence[dict[str, Any]]) -> int:
    """Store many (fields of InboundEvent); returns how many were new. The caller commits."""
    if not rows:
        return 0
    new = session.execute(
        insert(InboundEvent)
        .values(list(rows))
        .on_conflict_do_nothing(index_elements=["source", "external_id"])
        .returning(InboundEvent.id)
    ).all()
    if new:
        enqueue_after_commit(session, JobName.DRAIN_INBOUND)
    return len(new)
