"""Runs of a connection: the list, the plan to be looked at, its progress, what came of it, and taking it back."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.channels.parts import connection_page, find_connection
from shop.admin.channels.words_of_sync import (
    CAUSES,
    DIRECTIONS,
    OUTCOMES,
    SIDES,
    STEP_STATES,
    STEPS,
    Namer,
    names_in,
    seconds_of,
    title_of_run,
)
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.channels.syncing.models import SyncRun, SyncStep
from shop.core.paging import Page, page_number
from shop.errors import NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows.sync_channel import approve_run, reject_run, undo_run

PER_PAGE = 30
STEPS_PER_PAGE = 25
FAILED = "failed"  # a tab of its own, whatever kind of step it was


@bp.get("/channels/<int:connection_id>/runs")
@staff_only()
def connection_runs(connection_id: int) -> Response:
    """Newest first; two statements beside the connection's own."""
    session = db.session()
    found = find_connection(session, connection_id)
    where = SyncRun.connection_id == connection_id
    total = int(session.execute(select(func.count()).select_from(SyncRun).where(where)).scalar_one())
    page = min(page_number(request.args.get("page")), max(1, -(-total // PER_PAGE)))
    query = select(SyncRun).where(where).order_by(SyncRun.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    runs = Page(list(session.execute(query).scalars()), total, page, PER_PAGE)
    return connection_page(
        "admin/connection_runs.html",
        found,
        found=runs,
        outcomes=OUTCOMES,
        causes=CAUSES,
        directions=DIRECTIONS,
        title_of_run=title_of_run,
        seconds_of=seconds_of,
        urls=page_links(
            runs, lambda n: url_for("admin.connection_runs", connection_id=connection_id, page=n if n > 1 else None)
        ),
    )


@bp.get("/channels/runs/<int:sync_run_id>")
@staff_only()
def sync_run(sync_run_id: int) -> Response:
    """The plan, or what came of it, field by field. A constant number of statements."""
    session = db.session()
    run = _find(session, sync_run_id)
    counts = _counts(session, run.id)
    shown = request.args.get("show", "")
    shown = shown if shown in counts else _first_of_interest(counts)
    steps = _steps(session, run.id, shown, page_number(request.args.get("page")))
    names = Namer(session, names_in(steps.items), current_profile().currency)

    def link(kind: str, page: int = 1) -> str:
        return url_for("admin.sync_run", sync_run_id=run.id, show=kind, page=page if page > 1 else None)

    return connection_page(
        "admin/sync_run.html",
        find_connection(session, run.connection_id),
        tab="admin.connection_runs",
        page_title=title_of_run(run),
        found=steps,
        shown=shown,
        step_tabs=[(kind, _tab(kind), n, link(kind)) for kind, n in counts.items()],
        urls=page_links(steps, lambda n: link(shown, n)),
        names=names,
        sides=SIDES,
        step_states=STEP_STATES,
        causes=CAUSES,
        directions=DIRECTIONS,
        **_facts(session, run),
    )


@bp.get("/channels/runs/<int:sync_run_id>/progress")
@staff_only()
def sync_progress(sync_run_id: int) -> Response:
    """The bar alone; htmx asks for it while the run goes on, and for the whole page once it has ended."""
    session = db.session()
    run = _find(session, sync_run_id)
    facts = _facts(session, run)
    answer = connection_page("admin/sync_progress.html", find_connection(session, run.connection_id), **facts)
    if not facts["going_on"]:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.post("/channels/runs/<int:sync_run_id>/apply")
@staff_only(May.CATALOG)
def apply_sync_run(sync_run_id: int) -> BaseResponse:
    _find(db.session(), sync_run_id)

    def work() -> str:
        approve_run(sync_run_id, current_user.email)
        return "The plan is being applied. You may leave this page."

    return press(work, done="", back=_back(sync_run_id))


@bp.post("/channels/runs/<int:sync_run_id>/reject")
@staff_only(May.CATALOG)
def reject_sync_run(sync_run_id: int) -> BaseResponse:
    _find(db.session(), sync_run_id)

    def work() -> str:
        reject_run(sync_run_id, current_user.email)
        return "Rejected: nothing was changed. The next run plans anew."

    return press(work, done="", back=_back(sync_run_id))


@bp.post("/channels/runs/<int:sync_run_id>/undo")
@staff_only(May.CATALOG)
def undo_sync_run(sync_run_id: int) -> BaseResponse:
    """Take back what the run did, where nobody has changed it since; goes to the run that does it."""
    _find(db.session(), sync_run_id)
    made: list[int] = []

    def work() -> str:
        made.append(undo_run(sync_run_id, current_user.email))
        return "It is being undone. From now on each plan of this connection waits for your look."

    answer = press(work, done="", back=_back(sync_run_id))
    if made:
        answer.headers["Location"] = _back(made[0])
    return answer


def _back(run_id: int) -> str:
    return url_for("admin.sync_run", sync_run_id=run_id)


def _find(session: Session, run_id: int) -> SyncRun:
    run = session.get(SyncRun, run_id)
    if run is None:
        raise NotFound("There is no such run.")
    return run


def _tab(kind: str) -> str:
    return "Failed" if kind == FAILED else STEPS[kind][0]


def _counts(session: Session, run_id: int) -> dict[str, int]:
    """How many steps of each kind, in the order of interest; what failed stands first."""
    rows = session.execute(
        select(SyncStep.step, SyncStep.state, func.count())
        .where(SyncStep.run_id == run_id)
        .group_by(SyncStep.step, SyncStep.state)
    ).all()
    found = {kind: sum(n for step, state, n in rows if step == kind and state != "failed") for kind in STEPS}
    failed = sum(n for _, state, n in rows if state == "failed")
    return {kind: n for kind, n in {FAILED: failed, **found}.items() if n}


def _first_of_interest(counts: dict[str, int]) -> str:
    return next((kind for kind in (FAILED, "archive", "change", "create", "ask", "skip") if kind in counts), "")


def _steps(session: Session, run_id: int, kind: str, page: int) -> Page[SyncStep]:
    where = [SyncStep.run_id == run_id]
    where += [SyncStep.state == "failed"] if kind == FAILED else [SyncStep.step == kind, SyncStep.state != "failed"]
    total = int(session.execute(select(func.count()).select_from(SyncStep).where(*where)).scalar_one())
    page = min(page, max(1, -(-total // STEPS_PER_PAGE)))
    query = select(SyncStep).where(*where).order_by(SyncStep.id)
    rows = session.execute(query.offset((page - 1) * STEPS_PER_PAGE).limit(STEPS_PER_PAGE)).scalars()
    return Page(list(rows), total, page, STEPS_PER_PAGE)


def _facts(session: Session, run: SyncRun) -> dict[str, Any]:
    """How far it is: steps that are done of those that were planned; nothing to count while it reads."""
    rows = session.execute(
        select(SyncStep.state, SyncStep.step, func.count())
        .where(SyncStep.run_id == run.id, SyncStep.step.not_in(["ask", "skip"]))
        .group_by(SyncStep.state, SyncStep.step)
    ).all()
    total, waiting = sum(n for _, _, n in rows), sum(n for state, _, n in rows if state == "planned")
    done = {step: sum(n for state, kind, n in rows if kind == step and state == "done") for step in STEPS}
    ended = run.outcome in ("completed", "partial")
    return {
        "run": run,
        "title": title_of_run(run),
        "state": OUTCOMES.get(run.outcome, (run.outcome, "waiting")),
        "going_on": run.outcome == "running" and run.work_state in ("due", "working"),
        "is_stuck": run.outcome == "running" and run.work_state == "parked",
        "total": total,
        "finished": total - waiting,
        "writes": waiting,
        "took": seconds_of(run),
        "can_undo": ended and run.mode != "undo" and any(done.values()),
        "undone": done,
    }
