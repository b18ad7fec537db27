"""Write down that others are to be told, in the transaction of the event: neither is there without the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.secrets import new_token
from shop.webhook_delivery.models import WebhookDelivery, WebhookMessage

#: nobody listens: nothing is written, and it cost one statement
_ANNOUNCE = text("""
    WITH news AS (SELECT n.key, n.subject, n.body
                    FROM json_to_recordset(CAST(:news AS json)) AS n(key text, subject text, body text)),
         listening AS (SELECT id FROM webhook_endpoints WHERE is_enabled AND :type = ANY(events)),
         said AS (INSERT INTO webhook_messages (key, type, subject, body, created_at)
                  SELECT key, :type, subject, body, :at FROM news
                   WHERE EXISTS (SELECT 1 FROM listening) RETURNING id),
         owed AS (INSERT INTO webhook_deliveries (message_id, endpoint_id, due_at)
                  SELECT said.id, listening.id, :at FROM said CROSS JOIN listening ORDER BY said.id, listening.id
                  RETURNING id),
         begun AS (INSERT INTO automation_runs (automation_id, key, event, subject, body, due_at, created_at)
                   SELECT a.id, news.key, :type, news.subject, news.body, :at, :at
                     FROM automations a CROSS JOIN news WHERE a.is_on AND a.event = :type RETURNING id)
    SELECT (SELECT count(*) FROM owed), (SELECT count(*) FROM begun)""")


def announce(session: Session, event: str, data: Mapping[str, Any], subject: str = "") -> int:
    """One message, and one delivery for each endpoint that listens; one run for each automation that waits for it.
    Returns how many deliveries. The caller commits."""
    return announce_many(session, event, [(data, subject)])


def announce_many(session: Session, event: str, news: Sequence[tuple[Mapping[str, Any], str]]) -> int:
    """As `announce`, for many (data, subject) at once: one statement."""
    if not news:
        return 0
    rows = [
        {"key": new_key(), "subject": subject[:80], "body": body_of(event, data).decode()} for data, subject in news
    ]
    owed, begun = session.execute(
        _ANNOUNCE, {"type": event, "at": clock.now(), "news": orjson.dumps(rows).decode()}
    ).one()
    if owed:
        enqueue_after_commit(session, JobName.DELIVER_WEBHOOKS)
    if begun:
        enqueue_after_commit(session, JobName.RUN_AUTOMATIONS)
    return int(owed)


def somebody_listens(session: Session, event: str) -> bool:
    """Worth asking where the data of an event would cost a statement of its own."""
    asked = text(
        "SELECT 1 FROM webhook_endpoints WHERE is_enabled AND :type = ANY(events)"
        " UNION ALL SELECT 1 FROM automations WHERE is_on AND event = :type LIMIT 1"
    )
    return session.execute(asked, {"type": event}).first() is not None


def announce_to(session: Session, endpoint_id: int, event: str, data: Mapping[str, Any]) -> WebhookDelivery:
    """One message for one endpoint, whatever it listens to (a test). The caller commits."""
    message = WebhookMessage(key=new_key(), type=event, body=body_of(event, data).decode(), created_at=clock.now())
    session.add(message)
    session.flush()
    delivery = WebhookDelivery(message_id=message.id, endpoint_id=endpoint_id, due_at=clock.now())
    session.add(delivery)
    session.flush()
    enqueue_after_commit(session, JobName.DELIVER_WEBHOOKS)
    return delivery


def body_of(event: str, data: Mapping[str, Any]) -> bytes:
    """{"type", "timestamp", "data"}: the timestamp says when it happened, the header's when it was sent."""
    return orjson.dumps({"type": event, "timestamp": clock.now(), "data": data})


def new_key() -> str:
    return "msg_" + new_token(20).replace("-", "A").replace("_", "B")
