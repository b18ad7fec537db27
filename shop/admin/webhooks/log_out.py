"""What was sent to endpoints: every delivery with its tries and answers; replay one, or all that failed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.webhook_delivery.endpoints import list_endpoints
from shop.webhook_delivery.events import EVENTS, TEST_EVENT
from shop.webhook_delivery.replaying import replay, replay_failed
from shop.webhook_delivery.searching import STATES, Asked, find_delivery, list_attempts, search_deliveries

PER_PAGE = 50
STATE_WORDS = {"owed": "On its way", "delivered": "Delivered", "failed": "Failed", "skipped": "Skipped"}
TONES = {"delivered": "done", "failed": "failed", "skipped": "waiting", "": "working"}
#: how far back a replay of all failures may reach; messages are kept for thirty days
SPANS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
SPAN_WORDS = {"1h": "the last hour", "1d": "the last day", "7d": "the last 7 days", "30d": "the last 30 days"}


@bp.get("/developers/webhooks/log")
@staff_only(May.DEVELOP)
def webhook_deliveries() -> Response:
    """Filters `to` (an endpoint's id), `type`, `state`; newest first, paged by id. Two statements."""
    session = db.session()
    asked = _asked()
    rows = search_deliveries(session, asked, PER_PAGE + 1)
    shown = rows[:PER_PAGE]

    def link(**changes: Any) -> str:
        values = {"to": asked.endpoint_id, "type": asked.type, "state": asked.state, **changes}
        return url_for("admin.webhook_deliveries", **{k: v for k, v in values.items() if v})

    return render(
        "admin/webhook_deliveries.html",
        fragment="results",
        page_title="Webhooks sent",
        rows=shown,
        asked=asked,
        endpoints=list_endpoints(session),
        types=[*EVENTS, TEST_EVENT],
        states=[(key, STATE_WORDS[key]) for key in STATES],
        spans=SPAN_WORDS,
        is_narrowed=bool(asked.endpoint_id or asked.type or asked.state),
        first_url=link() if asked.before else None,
        next_url=link(before=shown[-1].id) if len(rows) > PER_PAGE else None,
        state_of=state_of,
    )


@bp.get("/developers/webhooks/deliveries/<int:delivery_id>")
@staff_only(May.DEVELOP)
def webhook_delivery(delivery_id: int) -> Response:
    found = find_delivery(db.session(), delivery_id)
    if found is None:
        raise NotFound("There is no such delivery.")
    delivery, message, endpoint = found
    return render(
        "admin/webhook_delivery.html",
        page_title=message.type,
        delivery=delivery,
        message=message,
        endpoint=endpoint,
        attempts=list_attempts(db.session(), delivery_id),
        body=json.dumps(json.loads(message.body), indent=2, ensure_ascii=False),
        state=state_of(delivery),
        now=clock.now(),
        is_open=delivery.work_state in ("due", "working"),
    )


@bp.post("/developers/webhooks/deliveries/<int:delivery_id>/replay")
@staff_only(May.DEVELOP)
def replay_webhook_delivery(delivery_id: int) -> BaseResponse:
    def work() -> None:
        with transaction() as session:
            replay(session, delivery_id)
            note_change(session, "replay", f"webhook delivery {delivery_id}", {}, {"replayed": True})

    return press(
        work,
        done="It is sent again, under the same id.",
        back=url_for("admin.webhook_delivery", delivery_id=delivery_id),
    )


@bp.post("/developers/webhooks/log/replay")
@staff_only(May.DEVELOP)
def replay_failed_webhooks() -> BaseResponse:
    """Form fields `since` (a key of SPANS) and `to` (an endpoint's id, or empty for all)."""
    raw = request.form.get("to", "")

    def work() -> str:
        span = SPANS.get(request.form.get("since", ""))
        endpoint_id = _number(raw)
        if span is None or (raw and endpoint_id is None):
            raise InvalidInput(fields={"since": "Choose how far back."})
        with transaction() as session:
            count = replay_failed(session, clock.now() - span, endpoint_id)
            note_change(session, "replay failed webhooks", "webhooks", {}, {"replayed": count})
        return f"{count} {'is' if count == 1 else 'are'} sent again." if count else "Nothing had failed in that time."

    return press(work, done="", back=url_for("admin.webhook_deliveries", to=_number(raw)))


def state_of(row: Any) -> tuple[str, str]:
    """(word, tone) of a delivery."""
    if row.work_state == "parked":
        return "Needs you", "needs"
    if row.outcome == "" and row.tries:
        return "Tried again later", "working"
    return STATE_WORDS[row.outcome or "owed"], TONES[row.outcome]


def _asked() -> Asked:
    state, kind = request.args.get("state", ""), request.args.get("type", "")
    return Asked(
        endpoint_id=_number(request.args.get("to", "")),
        type=kind if kind in EVENTS or kind == TEST_EVENT else "",
        state=state if state in STATES else "",
        before=_number(request.args.get("before", "")),
    )


def _number(raw: str) -> int | None:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 18 else None
