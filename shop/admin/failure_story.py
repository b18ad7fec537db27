"""The story of one row of work: what came in, what was decided, what was said to others and answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.models import CatalogRun, Image, Product
from shop.catalog.runs.models import ChangeRun
from shop.core.secrets import redact
from shop.email.models import Letter
from shop.fulfilment.models import FulfilmentOrder
from shop.inbound.models import InboundEvent
from shop.orders.models import OrderEntry
from shop.outbound.models import OutboundCall
from shop.payments.models import Dispute, DisputeAnswer, Payment, Refund
from shop.workflows.list_failures import KINDS, Failure

AT_MOST = 60
PAYLOAD_CHARS = 20_000


@dataclass(frozen=True)
class Step:
    """`kind`: came in | decided | asked. `more` is shown folded."""

    at: datetime
    kind: str
    title: str
    text: str
    tone: str
    more: str = ""


@dataclass(frozen=True)
class Facts:
    """What is known of the row, and where to look for its story."""

    rows: list[tuple[str, str]]
    payload: str
    began: datetime | None
    subjects: tuple[str, ...] = ()  # of outbound calls
    outside_ids: tuple[str, ...] = ()  # of inbound events
    service: str = ""  # calls of this service while the work ran


def facts_of(session: Session, failure: Failure) -> Facts:
    row: Any = session.get(KINDS[failure.kind][0], failure.id)
    if isinstance(row, FulfilmentOrder):
        goods = ", ".join(f"{line.quantity} × {line.title or line.sku}" for line in row.lines)
        told = [("Goods", goods), ("Their order", row.external_id or "not known yet"), ("Step", row.step)]
        theirs = (row.external_id,) if row.external_id else ()
        return Facts(told, "", row.created_at, (f"fulfilment:{row.id}", f"order:{row.order_id}"), theirs)
    if isinstance(row, Letter):
        told = [("Letter", row.letter.replace("_", " ")), ("To", row.to_email), ("About", row.subject_key)]
        return Facts(told, "", row.created_at)
    if isinstance(row, Refund):
        payment = session.get(Payment, row.payment_id)
        ids = tuple(x for x in (payment.external_id if payment else None, row.external_id) if x)
        told = [("Reason given", row.reason or "none"), ("Asked for by", row.requested_by)]
        return Facts(told, "", row.created_at, (f"refund:{row.id}",), ids)
    if isinstance(row, DisputeAnswer):
        dispute = session.get(Dispute, row.dispute_id)
        told = [("Dispute", dispute.external_id if dispute else ""), ("Asked for by", row.asked_by)]
        return Facts(told, "", row.asked_at, (), (dispute.external_id,) if dispute else ())
    if isinstance(row, InboundEvent):
        told = [("From", row.source), ("About", row.topic), ("Their id", row.external_id), ("Found by", row.found_by)]
        about = (row.subject_id,) if row.subject_id else ()
        return Facts(told, pretty(row.payload), row.received_at, (), about)
    if isinstance(row, Image):
        title = session.execute(select(Product.title).where(Product.id == row.product_id)).scalar()
        return Facts([("Product", title or ""), ("Address", row.source_url)], "", None, (f"image:{row.id}",))
    if isinstance(row, ChangeRun):
        told = [("What", row.title), ("Begun by", row.who), ("So far", f"{row.progress:,} of {row.total:,}")]
        return Facts(told, "", row.created_at)
    run: CatalogRun = row
    told = [("Begun by", run.cause), ("Pages read", f"{run.pages_done} of {run.pages_total or '?'}")]
    return Facts(told, "", run.started_at, service="printify")


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
        Step(row.received_at, "came in", f"{row.source.capitalize()}: {row.topic}", "", "done", pretty(row.payload))
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
            f"Answer {row.status} after {row.took_ms} ms" if row.status else f"No answer after {row.took_ms} ms",
            "done" if row.status and row.status < 400 else "failed",
            row.answer,
        )
        for row in session.execute(query).scalars()
    ]


def pretty(payload: Any) -> str:
    """A payload for reading, secrets hidden, cut."""
    text = json.dumps(payload, indent=2, ensure_ascii=False, default=str)
    return redact(text[: PAYLOAD_CHARS * 2])[:PAYLOAD_CHARS]
