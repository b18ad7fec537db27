"""Automations: the list, one rule with its newest runs, switch, test, delete."""

from __future__ import annotations

from flask import Response, flash, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.automations.form import LABELS, PLACEHOLDERS, RATINGS, fill, read, typed_in
from shop.admin.automations.words import in_short, state_of_run
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.automations import keeping
from shop.automations.models import Automation
from shop.automations.searching import Asked, Figures, count_by_automation, search_runs
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.webhook_delivery.events import EVENTS
from shop.webhook_delivery.models import WebhookEndpoint
from shop.workflows.run_automations import send_sample

NEWEST = 8


class Changed(Exception):
    """Somebody else saved meanwhile; what both wrote is shown."""


@bp.get("/automations")
@staff_only(May.DEVELOP)
def automations() -> Response:
    """Every rule with its last 24 hours; two statements."""
    session = db.session()
    rows = keeping.list_automations(session)
    return render(
        "admin/automations.html",
        page_title="Automations",
        rows=rows,
        figures=count_by_automation(session),
        none=Figures(),
        events=EVENTS,
        in_short=in_short,
        may_add=len(rows) < keeping.MOST_AUTOMATIONS,
    )


@bp.get("/automations/new")
@staff_only(May.DEVELOP)
def new_automation() -> Response:
    return _page(db.session(), None, fill(None))


@bp.post("/automations/new")
@staff_only(May.DEVELOP)
def create_automation() -> Response | BaseResponse:
    typed = typed_in(request.form)
    try:
        wanted = read(typed)
        with transaction() as session:
            made = keeping.add_automation(session, wanted)
    except InvalidInput as error:
        return _page(db.session(), None, typed, status=422, errors=error.fields)
    except Conflict as error:
        return _page(db.session(), None, typed, status=422, errors={"name": error.user_message})
    flash("Added, and switched on. Send a sample to see what it does.", "good")
    return redirect(url_for("admin.automation", automation_id=made.id), 303)


@bp.get("/automations/<int:automation_id>")
@staff_only(May.DEVELOP)
def automation(automation_id: int) -> Response:
    found = _find(db.session(), automation_id)
    return _page(db.session(), found, fill(found, keeping.url_of(db.session(), found)))


@bp.post("/automations/<int:automation_id>")
@staff_only(May.DEVELOP)
def save_automation(automation_id: int) -> Response | BaseResponse:
    """When somebody else saved meanwhile, nothing is written and both versions are shown."""
    found, typed, marks = _find(db.session(), automation_id), typed_in(request.form), request.form.get("marks", "")
    stored = fill(found, keeping.url_of(db.session(), found))
    try:
        if meet(stored, typed, marks).changed:
            raise Changed
        wanted = read(typed)
        with transaction() as session:
            row = _find(session, automation_id, to_change=True)
            if meet(fill(row, keeping.url_of(session, row)), typed, marks).changed:
                raise Changed
            keeping.change_automation(session, row, wanted)
    except InvalidInput as error:
        return _page(db.session(), found, typed, status=422, errors=error.fields, marks=marks)
    except Conflict as error:
        return _page(db.session(), found, typed, status=422, errors={"url": error.user_message}, marks=marks)
    except Changed:
        found = _find(db.session(), automation_id)
        met = meet(fill(found, keeping.url_of(db.session(), found)), typed, marks)
        return _page(db.session(), found, met.values, status=422, changed=met.changed)
    flash("Saved.", "good")
    return redirect(url_for("admin.automation", automation_id=automation_id), 303)


@bp.post("/automations/<int:automation_id>/switch")
@staff_only(May.DEVELOP)
def switch_automation(automation_id: int) -> BaseResponse:
    """Form field `to`: on | off. A repeat does nothing."""
    to = request.form.get("to", "")

    def work() -> str:
        if to not in ("on", "off"):
            raise InvalidInput(fields={"to": "Switch it on or off."})
        with transaction() as session:
            _find(session, automation_id, to_change=True).is_on = to == "on"
        return "Switched on: it acts on what happens from now." if to == "on" else "Switched off."

    return press(work, done="", back=url_for("admin.automation", automation_id=automation_id))


@bp.post("/automations/<int:automation_id>/test")
@staff_only(May.DEVELOP)
def try_automation(automation_id: int) -> BaseResponse:
    """Run it with a sample; the page shows what came of it."""

    def work() -> None:
        with transaction() as session:
            send_sample(session, _find(session, automation_id))

    back = url_for("admin.automation", automation_id=automation_id, _anchor="runs")
    return press(work, done="A sample is on its way. What came of it stands below.", back=back)


@bp.post("/automations/<int:automation_id>/delete")
@staff_only(May.DEVELOP)
def delete_automation(automation_id: int) -> BaseResponse:
    found = _find(db.session(), automation_id)
    if request.form.get("sure") != "1":
        flash("Tick the box to say that you mean it. Nothing was deleted.", "bad")
        return redirect(url_for("admin.automation", automation_id=automation_id), 303)
    name = found.name
    with transaction() as session:
        keeping.remove_automation(session, _find(session, automation_id, to_change=True))
    flash(f"“{name}” is deleted, with its log.", "good")
    return redirect(url_for("admin.automations"), 303)


def _find(session: Session, automation_id: int, to_change: bool = False) -> Automation:
    found = keeping.find_automation(session, automation_id, to_change)
    if found is None:
        raise NotFound("There is no such automation.")
    return found


def _page(
    session: Session,
    found: Automation | None,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    endpoint = session.get(WebhookEndpoint, found.endpoint_id) if found and found.endpoint_id else None
    return render(
        "admin/automation.html",
        status=status,
        page_title=found.name if found else "New automation",
        automation=found,
        endpoint=endpoint,
        values=values,
        events=EVENTS,
        ratings=RATINGS,
        currency=current_profile().currency,
        placeholders=PLACEHOLDERS,
        errors=errors or {},
        changed=None if changed is None else {LABELS[name]: value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(fill(found, endpoint.url if endpoint else "")),
        runs=search_runs(session, Asked(automation_id=found.id), NEWEST) if found else [],
        state_of=state_of_run,
    )
