"""A merchant's rules are read from a form, added, changed, switched, removed. The caller commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.automations.models import Automation, AutomationRun
from shop.automations.rules import Conditions
from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.errors import Conflict
from shop.webhook_delivery.endpoints import MOST_ENDPOINTS
from shop.webhook_delivery.models import WebhookEndpoint
from shop.webhook_delivery.signing import new_secret

MOST_AUTOMATIONS = 50


@dataclass(frozen=True)
class Wanted:
    """What the form says, checked. `url`: the address to call, "" for none."""

    name: str
    event: str
    conditions: Conditions
    actions: Mapping[str, Any]  # {"letter": {"to", "title", "text"}, "tag_order": str, "tag_customer": str}
    url: str


def list_automations(session: Session) -> Sequence[Automation]:
    """All of them (there are at most MOST_AUTOMATIONS), oldest first."""
    return session.execute(select(Automation).order_by(Automation.id)).scalars().all()


def find_automation(session: Session, automation_id: int, to_change: bool = False) -> Automation | None:
    query = select(Automation).where(Automation.id == automation_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one_or_none()


def url_of(session: Session, automation: Automation | None) -> str:
    """The address it calls, "" for none."""
    if automation is None or automation.endpoint_id is None:
        return ""
    endpoint = session.get(WebhookEndpoint, automation.endpoint_id)
    return endpoint.url if endpoint is not None else ""


def add_automation(session: Session, wanted: Wanted) -> Automation:
    """Raises Conflict when there are too many, of these or of addresses that are called."""
    count = session.execute(select(func.count()).select_from(Automation)).scalar_one()
    if count >= MOST_AUTOMATIONS:
        raise Conflict(f"There are {count} automations already, the most there can be. Delete one first.")
    row = Automation(name=wanted.name, event=wanted.event)
    session.add(row)
    change_automation(session, row, wanted)
    return row


def change_automation(session: Session, row: Automation, wanted: Wanted) -> None:
    """A repeat changes nothing. Raises Conflict when there are too many addresses already."""
    row.name, row.event = wanted.name, wanted.event
    row.conditions, row.actions = wanted.conditions.stored(), dict(wanted.actions)
    _set_url(session, row, wanted.url)
    session.flush()


def remove_automation(session: Session, row: Automation) -> None:
    """With its log, and the address it called with what was sent there."""
    endpoint = session.get(WebhookEndpoint, row.endpoint_id) if row.endpoint_id else None
    session.delete(row)
    session.flush()
    if endpoint is not None:
        session.delete(endpoint)
        session.flush()


def start_test(session: Session, automation: Automation, key: str, subject: str, body: bytes) -> AutomationRun:
    """A run with a sample, whether or not the rule is switched on."""
    run = AutomationRun(
        automation_id=automation.id, key=key, event=automation.event, subject=subject, body=body.decode(), is_test=True,
        due_at=clock.now(), created_at=clock.now(),
    )  # fmt: skip
    session.add(run)
    session.flush()
    enqueue_after_commit(session, JobName.RUN_AUTOMATIONS)
    return run


def _set_url(session: Session, row: Automation, url: str) -> None:
    endpoint = session.get(WebhookEndpoint, row.endpoint_id) if row.endpoint_id else None
    description = f"Automation: {row.name}"[:200]
    if not url:
        row.endpoint_id = None
        if endpoint is not None:
            session.flush()
            session.delete(endpoint)
        return
    if endpoint is not None:
        if endpoint.url != url:
            endpoint.url, endpoint.failing_since = url, None
        endpoint.description = description
        return
    count = session.execute(select(func.count()).select_from(WebhookEndpoint)).scalar_one()
    if count >= MOST_ENDPOINTS:
        raise Conflict(f"{count} addresses are called already, the most there can be (Developers → Webhooks).")
    made = WebhookEndpoint(url=url, events=[], description=description, secret=new_secret(), created_at=clock.now())
    session.add(made)
    session.flush()
    row.endpoint_id = made.id
