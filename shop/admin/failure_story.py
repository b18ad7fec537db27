"""The story of one row of work: what came in, what was decided, what was said to others and answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.admin.failure_facts import Facts
from shop.core.secrets import redact
from shop.core.showing import shown_json
from shop.inbound.models import InboundEvent
from shop.orders.models import OrderEntry
from shop.outbound.models import OutboundCall
from shop.workflows.list_failures import Failure

AT_MOST = 60


@dataclass(frozen=True)
class Step:
    """`kind`: came in | decided | asked. `more` is shown folded."""

    at: datetime
    kind: str
    title: str
    text: str
    tone: str
    more: str = ""


def story_of(session: Session, failure: Failure, facts: Facts) -> list[Step]:
    """Oldest first; at most AT_MOST of each sort; three statements."""
    steps = [*_decided(session, failure), *_came_in(session, facts), *_asked(session, failure, facts)]
    if facts.began is not None:
        steps.append(Step(facts.began, "decided", "Written down as work to do", "", "waiting"))
    if failure.at is not None:
        title = f"Stopped after {failure.attempts} {'try' if failure.attempts == 1 else 'tries'}"
        steps.append(Step(failure.at, "decided", title, failure.why, "failed"))
    return sorted(steps, key=lambda step: step.at)


def _decided(session: Session, failure: Failure) -> list[Step]:
    if not failure.order_id:
        return []
    rows = session.execute(
        select(OrderEntry).where(OrderEntry.order_id == failure.order_id).order_by(OrderEntry.at.desc()).limit(AT_MOST)
    ).scalars()
    return [
        Step(row.at, "decided", f"Order: {(row.to_status or row.what).replace('_', ' ')}", row.why, "working")
        for row in rows
    ]


def _came_in(session: Session, facts: Facts) -> list[Step]:
    if not facts.outside_ids:
        return []
    rows = session.execute(
        select(InboundEvent)
        .where(InboundEvent.subject_id.in_(facts.outside_ids))
        .order_by(InboundEvent.id.desc())
        .limit(AT_MOST)
    ).scalars()
    return [
        Step(row.received_at, "came in", f"{row.source.capitalize()}: {row.topic}", "", "done", shown_json(row.payload))
        for row in rows
    ]


def _asked(session: Session, failure: Failure, facts: Facts) -> list[Step]:
    query = select(OutboundCall).order_by(OutboundCall.at.desc()).limit(AT_MOST)
    if facts.subjects:
        query = query.where(OutboundCall.subject.in_(facts.subjects))
    elif facts.service and facts.began is not None:
        until = (failure.at or facts.began) + timedelta(minutes=1)
        query = query.where(OutboundCall.service == facts.service, OutboundCall.at.between(facts.began, until))
    else:
        return []
    return [
        Step(
            row.at,
            "asked",
            f"We asked {row.service.capitalize()}: {row.request}",
            _said(row),
            "done" if _is_well(row) else "failed",
            redact(row.answer),
        )
        for row in session.execute(query).scalars()
    ]


def _said(row: OutboundCall) -> str:
    took = f"after {row.took_ms:,} ms"
    if row.status:
        return f"Answer {row.status} {took}"
    return f"Done {took}" if row.answer.startswith("Accepted") else f"No answer {took}"


def _is_well(row: OutboundCall) -> bool:
    return row.status < 400 if row.status else row.answer.startswith("Accepted")
