"""What other services told the shop: every stored event, what came of it, and running it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.core.showing import shown_json
from shop.core.transaction import transaction
from shop.errors import NotFound
from shop.extensions import db
from shop.inbound.models import InboundEvent
from shop.inbound.searching import Asked, find_event, run_again, search_events
from shop.orders.numbers import read_number
from shop.workflows.reactions import TABLE
from shop.workflows.trace_events import entries_between, orders_of, outside_ids_of, products_of

PER_PAGE = 50
SOURCES = {"stripe": "Stripe", "printify": "Printify"}
STATES = {"due": "Waiting", "working": "Working", "done": "Done", "parked": "Needs you"}
MOST_CHARS = 120


@bp.get("/developers/webhook-log")
@staff_only(May.DEVELOP)
def webhook_log() -> Response:
    """Filters `source`, `topic`, `state`, `q` (an id, or an order's number); paged by id. At most four statements."""
    session = db.session()
    asked = _asked()
    rows = search_events(session, asked, tuple(SOURCES), PER_PAGE + 1)
    shown = rows[:PER_PAGE]
    outside = {x for row in shown for x in (row.subject_id, row.payment_id) if x}

    def link(**changes: Any) -> str:
        kept = {"source": asked.source, "topic": asked.topic, "state": asked.state, "q": asked.words, **changes}
        return url_for("admin.webhook_log", **{k: v for k, v in kept.items() if v})

    return render(
        "admin/webhook_log.html",
        fragment="results",
        page_title="Webhook log",
        rows=shown,
        asked=asked,
        orders=orders_of(session, outside),
        products=products_of(session, outside),
        sources=SOURCES,
        states=STATES,
        topics=sorted({topic for topics in TABLE.values() for topic in topics}),
        is_narrowed=bool(asked.source or asked.topic or asked.state or asked.words),
        first_url=link() if asked.before else None,
        next_url=link(before=shown[-1].id) if len(rows) > PER_PAGE else None,
    )


@bp.get("/developers/webhook-log/<int:event_id>")
@staff_only(May.DEVELOP)
def webhook_event(event_id: int) -> Response:
    session = db.session()
    found = find_event(session, event_id)
    if found is None:
        raise NotFound("There is no such event.")
    outside = {x for x in (found.subject_id, _payment_id(found)) if x}
    number = next(iter(orders_of(session, outside).values()), None)
    until = (found.finished_at or found.received_at) + timedelta(seconds=2)
    return render(
        "admin/webhook_event.html",
        page_title=found.topic,
        event=found,
        source=SOURCES.get(found.source, found.source),
        payload=shown_json(found.payload),
        signed_at=_signed_at(found),
        order_number=number,
        product=next(iter(products_of(session, outside).values()), None),
        entries=entries_between(session, number, found.received_at, until) if number else [],
        reacts=found.topic in TABLE.get(found.source, {}),
    )


@bp.post("/developers/webhook-log/<int:event_id>/replay")
@staff_only(May.DEVELOP)
def replay_webhook_event(event_id: int) -> BaseResponse:
    """Nothing is done twice by it: workflows ask the other service for the truth and write down what is new."""

    def work() -> None:
        with transaction() as session:
            run_again(session, event_id)
            note_change(session, "replay", f"stored event {event_id}", {}, {"replayed": True})

    return press(work, done="It is handled again now.", back=url_for("admin.webhook_event", event_id=event_id))


def _asked() -> Asked:
    source, state, topic = (request.args.get(name, "") for name in ("source", "state", "topic"))
    words = request.args.get("q", "").replace("\0", "").strip()[:MOST_CHARS]
    number, before = read_number(words), request.args.get("before", "")
    return Asked(
        source=source if source in SOURCES else "",
        topic=topic if any(topic in topics for topics in TABLE.values()) else "",
        state=state if state in STATES else "",
        words=words,
        subjects=tuple(outside_ids_of(db.session(), number)) if number else (),
        before=int(before) if before.isascii() and before.isdigit() and len(before) <= 18 else None,
    )


def _payment_id(event: InboundEvent) -> str | None:
    told: Any = event.payload
    for name in ("data", "object", "payment_intent"):
        told = told.get(name) if isinstance(told, dict) else None
    return told if isinstance(told, str) else None


def _signed_at(event: InboundEvent) -> datetime | None:
    stamp = (event.signature or {}).get("signed_at")
    return datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int) and 0 < stamp < 4e9 else None
