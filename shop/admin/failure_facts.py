"""What is known of a row of work, in a merchant's words, and where to look for its story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.automations.models import Automation
from shop.catalog.models import Product
from shop.channels.models import Connection
from shop.core.showing import shown_json
from shop.payments.models import Dispute, Payment
from shop.webhook_delivery.models import WebhookEndpoint, WebhookMessage
from shop.workflows.list_failures import KINDS, Failure


@dataclass(frozen=True)
class Facts:
    """`began`: when it was written down. The last three say where to look for the story."""

    rows: list[tuple[str, str]]
    payload: str = ""
    began: datetime | None = None
    subjects: tuple[str, ...] = ()  # of outbound calls
    outside_ids: tuple[str, ...] = ()  # of inbound events
    service: str = ""  # calls of this service while the work ran


def facts_of(session: Session, failure: Failure) -> Facts:
    """At most three statements."""
    row: Any = session.get(KINDS[failure.kind][0], failure.id)
    reader = _READERS.get(failure.kind)
    return reader(session, row) if reader else Facts([], began=getattr(row, "created_at", None))


def _fulfilment(_: Session, row: Any) -> Facts:
    goods = ", ".join(f"{line.quantity} × {line.title or line.sku}" for line in row.lines)
    told = [("Goods", goods), ("Their order", row.external_id or "not known yet"), ("Step", row.step)]
    theirs = (row.external_id,) if row.external_id else ()
    subjects = (f"fulfilment:{row.id}", f"order:{row.order_id}", *(f"printify:{outside}" for outside in theirs))
    return Facts(told, "", row.created_at, subjects, theirs)


def _letter(_: Session, row: Any) -> Facts:
    told = [("Letter", row.letter.replace("_", " ")), ("To", row.to_email), ("About", row.subject_key)]
    return Facts(told, "", row.created_at, (f"letter:{row.id}",))


def _refund(session: Session, row: Any) -> Facts:
    payment = session.get(Payment, row.payment_id)
    ids = tuple(x for x in (payment.external_id if payment else None, row.external_id) if x)
    told = [("Reason given", row.reason or "none"), ("Asked for by", row.requested_by)]
    return Facts(told, "", row.created_at, (f"refund:{row.id}", *(f"stripe:{outside}" for outside in ids)), ids)


def _dispute_answer(session: Session, row: Any) -> Facts:
    dispute = session.get(Dispute, row.dispute_id)
    ids = (dispute.external_id,) if dispute else ()
    told = [("Dispute", ids[0] if ids else ""), ("Asked for by", row.asked_by)]
    return Facts(told, "", row.asked_at, tuple(f"stripe:{outside}" for outside in ids), ids)


def _inbound(_: Session, row: Any) -> Facts:
    told = [("From", row.source), ("About", row.topic), ("Their id", row.external_id), ("Found by", row.found_by)]
    about = (row.subject_id,) if row.subject_id else ()
    subjects = tuple(f"{row.source}:{outside}"[:80] for outside in about)
    return Facts(told, shown_json(row.payload), row.received_at, subjects, about)


def _image(session: Session, row: Any) -> Facts:
    title = session.execute(select(Product.title).where(Product.id == row.product_id)).scalar()
    return Facts([("Product", title or ""), ("Address", row.source_url)], subjects=(f"image:{row.id}",))


def _catalog_run(_: Session, row: Any) -> Facts:
    told = [("Begun by", row.cause), ("Pages read", f"{row.pages_done} of {row.pages_total or '?'}")]
    return Facts(told, "", row.started_at, service="printify")


def _change_run(_: Session, row: Any) -> Facts:
    told = [("What", row.title), ("Begun by", row.who), ("So far", f"{row.progress:,} of {row.total:,}")]
    return Facts(told, "", row.created_at)


def _new_product(_: Session, row: Any) -> Facts:
    told = [("Product", row.title), ("On", row.blank_title), ("Step", row.step), ("Asked for by", row.requested_by)]
    theirs = (row.external_id,) if row.external_id else ()
    subjects = (f"new_product:{row.id}", *(f"product:{x}" for x in theirs), *(f"printify:{x}" for x in theirs))
    return Facts(told, "", row.created_at, subjects, theirs)


def _privacy(_: Session, row: Any) -> Facts:
    told = [("What", row.kind), ("Customer", str(row.customer_id)), ("Asked for by", row.requested_by)]
    return Facts(told, "", row.created_at)


def _webhook(session: Session, row: Any) -> Facts:
    message = session.get(WebhookMessage, row.message_id)
    endpoint = session.get(WebhookEndpoint, row.endpoint_id)
    told = [("Event", message.type if message else ""), ("To", endpoint.url if endpoint else "")]
    return Facts(told, "", message.created_at if message else None)


def _channel_event(session: Session, row: Any) -> Facts:
    connection = session.get(Connection, row.connection_id)
    told = [("From", connection.name or connection.channel if connection else ""), ("Event", row.topic)]
    told += [("Their id", row.subject_id), ("Delivery", row.external_id)]
    return Facts(told, "", row.received_at)


def _automation(session: Session, row: Any) -> Facts:
    automation = session.get(Automation, row.automation_id)
    told = [("Automation", automation.name if automation else ""), ("Event", row.event), ("About", row.subject)]
    return Facts(told, "", row.created_at)


_READERS: dict[str, Callable[[Session, Any], Facts]] = {
    "fulfilment_orders": _fulfilment,
    "letters": _letter,
    "refunds": _refund,
    "dispute_answers": _dispute_answer,
    "inbound_events": _inbound,
    "images": _image,
    "catalog_runs": _catalog_run,
    "change_runs": _change_run,
    "new_products": _new_product,
    "privacy_requests": _privacy,
    "webhook_deliveries": _webhook,
    "channel_events": _channel_event,
    "automation_runs": _automation,
}
