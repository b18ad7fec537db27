"""Developers → Webhooks: who is told of what. Add, edit, switch, rotate the secret, test, delete."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.accounts.auditing import note_change
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.admin.webhooks.endpoint_form import LABELS, events_in, fill, typed_in
from shop.admin.webhooks.log_out import state_of
from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.webhook_delivery import endpoints
from shop.webhook_delivery.announcing import announce_to
from shop.webhook_delivery.events import EVENTS, TEST_EVENT
from shop.webhook_delivery.models import WebhookEndpoint
from shop.webhook_delivery.searching import Asked, Figures, count_by_endpoint, search_deliveries

NEWEST = 8


class Changed(Exception):
    """Somebody else saved meanwhile; what both wrote is shown."""


@bp.get("/developers/webhooks")
@staff_only(May.DEVELOP)
def webhook_endpoints() -> Response:
    """Every endpoint with its last 24 hours; two statements."""
    session = db.session()
    rows = endpoints.list_endpoints(session)
    return render(
        "admin/webhook_endpoints.html",
        page_title="Webhooks",
        rows=rows,
        figures=count_by_endpoint(session),
        none=Figures(),
        may_add=len(rows) < endpoints.MOST_ENDPOINTS,
    )


@bp.get("/developers/webhooks/new")
@staff_only(May.DEVELOP)
def new_webhook_endpoint() -> Response:
    return _page(db.session(), None, fill(None))


@bp.post("/developers/webhooks/new")
@staff_only(May.DEVELOP)
def create_webhook_endpoint() -> Response | BaseResponse:
    typed = typed_in(request.form)
    try:
        url = _read(typed)
        with transaction() as session:
            made = endpoints.add_endpoint(session, url=url, events=events_in(typed), description=typed["description"])
    except InvalidInput as error:
        return _page(db.session(), None, typed, status=422, errors=error.fields)
    except Conflict as error:
        return _page(db.session(), None, typed, status=422, errors={"url": error.user_message})
    flash("Added. Give its secret to the receiver, then send a test event.", "good")
    return redirect(url_for("admin.webhook_endpoint", endpoint_id=made.id), 303)


@bp.get("/developers/webhooks/<int:endpoint_id>")
@staff_only(May.DEVELOP)
def webhook_endpoint(endpoint_id: int) -> Response:
    found = _find(db.session(), endpoint_id)
    return _page(db.session(), found, fill(found))


@bp.post("/developers/webhooks/<int:endpoint_id>")
@staff_only(May.DEVELOP)
def save_webhook_endpoint(endpoint_id: int) -> Response | BaseResponse:
    """When somebody else saved meanwhile, nothing is written and both versions are shown."""
    found, typed = _find(db.session(), endpoint_id), typed_in(request.form)
    try:
        if meet(fill(found), typed, request.form.get("marks", "")).changed:
            raise Changed
        url = _read(typed)
        with transaction() as session:
            row = _find(session, endpoint_id, to_change=True)
            if meet(fill(row), typed, request.form.get("marks", "")).changed:
                raise Changed
            endpoints.change_endpoint(session, row, url=url, events=events_in(typed), description=typed["description"])
    except InvalidInput as error:
        return _page(db.session(), found, typed, status=422, errors=error.fields, marks=request.form.get("marks"))
    except Changed:
        met = meet(fill(found := _find(db.session(), endpoint_id)), typed, request.form.get("marks", ""))
        return _page(db.session(), found, met.values, status=422, changed=met.changed)
    flash("Saved.", "good")
    return redirect(url_for("admin.webhook_endpoint", endpoint_id=endpoint_id), 303)


@bp.post("/developers/webhooks/<int:endpoint_id>/switch")
@staff_only(May.DEVELOP)
def switch_webhook_endpoint(endpoint_id: int) -> BaseResponse:
    """Form field `to`: on | off. A repeat does nothing."""
    to = request.form.get("to", "")

    def work() -> str:
        if to not in ("on", "off"):
            raise InvalidInput(fields={"to": "Switch it on or off."})
        with transaction() as session:
            endpoints.change_endpoint(session, _find(session, endpoint_id, to_change=True), is_enabled=to == "on")
        if to == "on":
            return "Switched on. What it missed can be replayed from its log."
        return "Switched off. Nothing is sent to it until you switch it on."

    return press(work, done="", back=url_for("admin.webhook_endpoint", endpoint_id=endpoint_id))


@bp.post("/developers/webhooks/<int:endpoint_id>/secret")
@staff_only(May.DEVELOP)
def show_webhook_secret(endpoint_id: int) -> Response:
    """The page with the secret in clear: a press, never a link; the log keeps that it was shown."""
    with transaction() as session:
        found = _find(session, endpoint_id)
        note_change(session, "show secret", f"webhook endpoint {endpoint_id}", {}, {"shown": True})
    return _page(db.session(), found, fill(found), is_shown=True)


@bp.post("/developers/webhooks/<int:endpoint_id>/rotate")
@staff_only(May.DEVELOP)
def rotate_webhook_secret(endpoint_id: int) -> BaseResponse:
    """Form field `how`: overlap (both sign for a day) | at_once (the old one leaked)."""
    at_once = request.form.get("how") == "at_once"

    def work() -> str:
        with transaction() as session:
            endpoints.rotate_secret(session, _find(session, endpoint_id, to_change=True), at_once=at_once)
        if at_once:
            return (
                "There is a new secret, and the old one signs nothing any more. Give the new one to the receiver now."
            )
        return "There is a new secret. Both sign for 24 hours: give the new one to the receiver within that time."

    return press(work, done="", back=url_for("admin.webhook_endpoint", endpoint_id=endpoint_id, _anchor="secret"))


@bp.post("/developers/webhooks/<int:endpoint_id>/test")
@staff_only(May.DEVELOP)
def test_webhook_endpoint(endpoint_id: int) -> BaseResponse:
    """A message of the type webhook.test, to this endpoint alone; then its page, which shows what came of it."""
    _find(db.session(), endpoint_id)
    try:
        with transaction() as session:
            found = _find(session, endpoint_id)
            if not found.is_enabled:
                raise Conflict("It is switched off. Switch it on first.")
            note = {"message": "A test from your shop. Nothing has happened.", "endpoint": {"id": found.id}}
            delivery = announce_to(session, found.id, TEST_EVENT, note)
    except Conflict as error:
        flash(error.user_message, "bad")
        return redirect(url_for("admin.webhook_endpoint", endpoint_id=endpoint_id), 303)
    flash("A test event is on its way.", "good")
    return redirect(url_for("admin.webhook_delivery", delivery_id=delivery.id), 303)


@bp.post("/developers/webhooks/<int:endpoint_id>/delete")
@staff_only(May.DEVELOP)
def delete_webhook_endpoint(endpoint_id: int) -> BaseResponse:
    if request.form.get("sure") != "1":
        _find(db.session(), endpoint_id)
        flash("Tick the box to say that you mean it. Nothing was deleted.", "bad")
        return redirect(url_for("admin.webhook_endpoint", endpoint_id=endpoint_id), 303)
    with transaction() as session:
        found = _find(session, endpoint_id, to_change=True)
        url = found.url
        endpoints.remove_endpoint(session, found)
    flash(f"{url} is deleted, with its log.", "good")
    return redirect(url_for("admin.webhook_endpoints"), 303)


def _read(typed: dict[str, str]) -> str:
    """The checked address; every wrong field is told at once. Asks the name servers, so outside a transaction."""
    errors: dict[str, str] = {}
    url = ""
    db.session.rollback()
    try:
        url = endpoints.check_url(typed["url"])
    except InvalidInput as error:
        errors |= error.fields
    try:
        endpoints.read_description(typed["description"])
    except InvalidInput as error:
        errors |= error.fields
    try:
        endpoints.read_events(events_in(typed))
    except InvalidInput as error:
        errors |= error.fields
    if errors:
        raise InvalidInput(fields=errors)
    return url


def _find(session: Session, endpoint_id: int, to_change: bool = False) -> WebhookEndpoint:
    found = endpoints.find_endpoint(session, endpoint_id, to_change)
    if found is None:
        raise NotFound("There is no such endpoint.")
    return found


def _page(
    session: Session,
    found: WebhookEndpoint | None,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
    is_shown: bool = False,
) -> Response:
    now, newest = clock.now(), list[Any]()
    if found is not None:
        newest = list(search_deliveries(session, Asked(endpoint_id=found.id), NEWEST))
    return render(
        "admin/webhook_endpoint.html",
        status=status,
        page_title=found.description or found.url if found else "New endpoint",
        endpoint=found,
        values=values,
        chosen=events_in(values),
        events=EVENTS,
        errors=errors or {},
        changed=None if changed is None else {LABELS[name]: value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(fill(found)),
        secrets=endpoints.secrets_of(found, now) if found and is_shown else [],
        overlaps=bool(found and found.old_secret_until and found.old_secret_until > now),
        newest=newest,
        state_of=state_of,
    )
