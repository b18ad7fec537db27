"""What the panel and the API read: figures of endpoints, the log of deliveries, one delivery with its tries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.webhook_delivery.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage

STATES = ("owed", "delivered", "failed", "skipped")
MOST_ATTEMPTS = 100


@dataclass(frozen=True)
class Figures:
    """Of one endpoint: finished in the last 24 hours, and what is owed now."""

    delivered: int = 0
    failed: int = 0
    owed: int = 0


@dataclass(frozen=True)
class Asked:
    """What part of the log is wanted; `before` is the id where the page before ended."""

    endpoint_id: int | None = None
    type: str = ""
    state: str = ""
    before: int | None = None


def count_by_endpoint(session: Session) -> dict[int, Figures]:
    """One statement, over what was finished lately and what is open."""
    done = (WebhookDelivery.work_state == "done") & (WebhookDelivery.finished_at >= clock.now() - timedelta(days=1))
    rows = session.execute(
        select(
            WebhookDelivery.endpoint_id,
            func.count().filter(done, WebhookDelivery.outcome == "delivered"),
            func.count().filter(done, WebhookDelivery.outcome != "delivered"),
            func.count().filter(WebhookDelivery.work_state != "done"),
        )
        .where(done | WebhookDelivery.work_state.in_(["due", "working", "parked"]))
        .group_by(WebhookDelivery.endpoint_id)
    )
    return {row[0]: Figures(row[1], row[2], row[3]) for row in rows}


def search_deliveries(session: Session, asked: Asked, limit: int) -> Sequence[Any]:
    """Newest first: id, key, type, subject, endpoint_id, url, outcome, work_state, tries, last_status, created_at,
    due_at, finished_at. One statement."""
    query = (
        select(
            WebhookDelivery.id,
            WebhookMessage.key,
            WebhookMessage.type,
            WebhookMessage.subject,
            WebhookMessage.created_at,
            WebhookDelivery.endpoint_id,
            WebhookEndpoint.url,
            WebhookDelivery.outcome,
            WebhookDelivery.work_state,
            WebhookDelivery.tries,
            WebhookDelivery.last_status,
            WebhookDelivery.error_text,
            WebhookDelivery.due_at,
            WebhookDelivery.finished_at,
        )
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    )
    if asked.endpoint_id is not None:
        query = query.where(WebhookDelivery.endpoint_id == asked.endpoint_id)
    if asked.type:
        query = query.where(WebhookMessage.type == asked.type)
    if asked.state:
        query = query.where(WebhookDelivery.outcome == ("" if asked.state == "owed" else asked.state))
    if asked.before is not None:
        query = query.where(WebhookDelivery.id < asked.before)
    return session.execute(query).all()


def find_delivery(session: Session, delivery_id: int) -> Any | None:
    """(delivery, message, endpoint), or None."""
    return session.execute(
        select(WebhookDelivery, WebhookMessage, WebhookEndpoint)
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.id == delivery_id)
        .execution_options(populate_existing=True)
    ).first()


def list_attempts(session: Session, delivery_id: int) -> Sequence[WebhookAttempt]:
    """Newest first."""
    return (
        session.execute(
            select(WebhookAttempt)
            .where(WebhookAttempt.delivery_id == delivery_id)
            .order_by(WebhookAttempt.id.desc())
            .limit(MOST_ATTEMPTS)
        )
        .scalars()
        .all()
    )


def count_failed_since(session: Session, since: datetime, at_most: int = 10_000) -> int:
    """How many a replay since then would send again."""
    found = (
        select(WebhookDelivery.id)
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
        .where(WebhookDelivery.outcome.in_(["failed", "skipped"]), WebhookMessage.created_at >= since)
        .limit(at_most)
        .subquery()
    )
    return int(session.execute(select(func.count()).select_from(found)).scalar_one())
