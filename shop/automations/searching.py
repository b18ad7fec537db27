"""What the panel reads: figures of each rule, and the log of what they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.automations.models import Automation, AutomationRun
from shop.core import clock
from shop.webhook_delivery.models import WebhookDelivery, WebhookMessage

OUTCOMES = ("done", "skipped", "failed", "waiting")


@dataclass(frozen=True)
class Figures:
    """Of one rule within the last 24 hours."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True)
class Asked:
    """What part of the log is wanted; `before` is the id where the page before ended."""

    automation_id: int | None = None
    outcome: str = ""
    before: int | None = None


def count_by_automation(session: Session) -> dict[int, Figures]:
    """One statement."""
    rows = session.execute(
        select(
            AutomationRun.automation_id,
            func.count().filter(AutomationRun.outcome == "done"),
            func.count().filter(AutomationRun.outcome == "skipped"),
            func.count().filter(AutomationRun.outcome == "failed"),
            func.max(AutomationRun.finished_at).filter(AutomationRun.outcome == "done"),
        )
        .where(AutomationRun.finished_at >= clock.now() - timedelta(days=1))
        .group_by(AutomationRun.automation_id)
    )
    return {row[0]: Figures(*row[1:]) for row in rows}


def search_runs(session: Session, asked: Asked, limit: int) -> Sequence[Any]:
    """Newest first, with the name of the rule and the delivery of its call, if it made one. One statement."""
    query = (
        select(
            AutomationRun.id, AutomationRun.automation_id, AutomationRun.event, AutomationRun.subject,
            AutomationRun.is_test, AutomationRun.outcome, AutomationRun.work_state, AutomationRun.story,
            AutomationRun.error_text, AutomationRun.created_at, Automation.name,
            WebhookDelivery.id.label("delivery_id"), WebhookDelivery.outcome.label("delivery_outcome"),
            WebhookDelivery.last_status, WebhookDelivery.tries,
        )
        .join(Automation, Automation.id == AutomationRun.automation_id)
        .outerjoin(WebhookMessage, WebhookMessage.key == func.concat("aut_", AutomationRun.id))
        .outerjoin(WebhookDelivery, WebhookDelivery.message_id == WebhookMessage.id)
        .order_by(AutomationRun.id.desc())
        .limit(limit)
    )  # fmt: skip
    if asked.automation_id is not None:
        query = query.where(AutomationRun.automation_id == asked.automation_id)
    if asked.outcome:
        query = query.where(AutomationRun.outcome == ("" if asked.outcome == "waiting" else asked.outcome))
    if asked.before is not None:
        query = query.where(AutomationRun.id < asked.before)
    return session.execute(query).all()
