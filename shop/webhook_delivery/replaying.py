"""Send again what was sent, or could not be: the same bytes under the same id. The caller commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.errors import Conflict, NotFound
from shop.webhook_delivery.models import WebhookDelivery, WebhookEndpoint, WebhookMessage


def replay(session: Session, delivery_id: int) -> None:
    """Owed again, at once, with a fresh schedule. Raises NotFound, Conflict (switched off, or being sent now)."""
    row = session.execute(
        select(WebhookDelivery.work_state, WebhookEndpoint.is_enabled)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.id == delivery_id)
    ).first()
    if row is None:
        raise NotFound("There is no such delivery.")
    if not row.is_enabled:
        raise Conflict("This endpoint is switched off. Switch it on first.")
    if row.work_state == "working":
        raise Conflict("It is being sent at this moment.")
    _owe_again(session, WebhookDelivery.id == delivery_id)


def replay_failed(session: Session, since: datetime, endpoint_id: int | None = None) -> int:
    """All that failed or was skipped since then, for endpoints that are on. Returns how many. A repeat finds none."""
    said = select(WebhookMessage.id).where(WebhookMessage.created_at >= since)
    listening = select(WebhookEndpoint.id).where(WebhookEndpoint.is_enabled)
    conditions: list[Any] = [
        WebhookDelivery.outcome.in_(["failed", "skipped"]),
        WebhookDelivery.message_id.in_(said),
        WebhookDelivery.endpoint_id.in_(listening),
    ]
    if endpoint_id is not None:
        conditions.append(WebhookDelivery.endpoint_id == endpoint_id)
    return _owe_again(session, *conditions)


def _owe_again(session: Session, *conditions: Any) -> int:
    result = session.execute(
        update(WebhookDelivery)
        .where(*conditions, WebhookDelivery.work_state != "working")
        .values(
            work_state="due",
            outcome="",
            tries=0,
            attempts=0,
            due_at=clock.now(),
            finished_at=None,
            error_kind=None,
            error_text=None,
        )
        .execution_options(synchronize_session=False)
    )
    enqueue_after_commit(session, JobName.DELIVER_WEBHOOKS)
    return int(result.rowcount)  # type: ignore[attr-defined]
