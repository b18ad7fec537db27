"""Store a webhook event once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core.queue import JobName, enqueue_after_commit, kick
from shop.extensions import db
from shop.inbound.models import InboundEvent

_STORE = """
INSERT INTO inbound_events (source, external_id, topic, subject_id, payload, signature)
VALUES (%(source)s, %(external_id)s, %(topic)s, %(subject_id)s, %(payload)s::jsonb, %(signature)s::jsonb)
ON CONFLICT (source, external_id) DO NOTHING RETURNING id"""


def store_at_once(
    *,
    source: str,
    external_id: str,
    topic: str,
    subject_id: str | None,
    raw: bytes,
    signature: Mapping[str, Any] | None = None,
) -> bool:
    """Store one webhook call, committed when this returns; then kick. False for a repeat, which stores nothing.

    `raw` is the body as it came, JSON already; `signature`: what was checked, for the log. One statement,
    its own transaction: a hook is answered in milliseconds, and BEGIN and COMMIT would be two more round trips.
    """
    row = {
        "source": source,
        "external_id": external_id[:255],
        "topic": topic[:120],
        "subject_id": subject_id[:255] if subject_id else None,
        "payload": raw.decode(),
        "signature": orjson.dumps(signature).decode() if signature else None,
    }
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_new = connection.exec_driver_sql(_STORE, row).first() is not None
    if is_new:
        kick(JobName.DRAIN_INBOUND)
    return is_new


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
