"""The log of all automations: each time one met an event, and what came of it."""

from __future__ import annotations

from flask import Response, request, url_for

from shop.admin.automations.words import OUTCOMES, state_of_run
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.automations.keeping import list_automations
from shop.automations.searching import Asked, search_runs
from shop.core.pages import render
from shop.extensions import db

A_PAGE = 50


@bp.get("/automations/log")
@staff_only(May.DEVELOP)
def automation_log() -> Response:
    """?of (automation), ?outcome, ?before (a run's id). Two statements, newest first."""
    asked = Asked(_id("of"), _outcome(), _id("before"))
    rows = search_runs(db.session(), asked, A_PAGE + 1)
    more, rows = len(rows) > A_PAGE, rows[:A_PAGE]
    kept = {name: value for name, value in (("of", asked.automation_id), ("outcome", asked.outcome)) if value}
    return render(
        "admin/automation_log.html",
        fragment="results",
        page_title="What automations did",
        rows=rows,
        asked=asked,
        outcomes=OUTCOMES,
        all_of_them=list_automations(db.session()),
        state_of=state_of_run,
        is_narrowed=bool(kept),
        first_url=url_for("admin.automation_log", **kept) if asked.before else "",  # type: ignore[arg-type]
        next_url=url_for("admin.automation_log", before=rows[-1].id, **kept) if more else "",  # type: ignore[arg-type]
    )


def _outcome() -> str:
    chosen = request.args.get("outcome", "")
    return chosen if chosen in OUTCOMES else ""


def _id(name: str) -> int | None:
    raw = request.args.get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
