"""Runs of changes: listed, looked at while they go and afterwards, taken out as CSV, and undone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.products.wording import OUTCOMES, Row, row_of, stage_of
from shop.admin.streaming import stream_csv
from shop.catalog.models import Collection, Product, Variant
from shop.catalog.runs.keeping import find_run, list_runs
from shop.catalog.runs.models import ChangeItem, ChangeRun
from shop.catalog.sheets.columns import quoted
from shop.catalog.sheets.exporting import BOM
from shop.core import clock, log
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.errors import NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows import run_changes

logger = log.get_logger("admin")
PER_PAGE = 50
BATCH = 1000


@bp.get("/catalog/changes")
@staff_only()
def change_runs() -> Response:
    page = page_number(request.args.get("page"))
    total, runs = list_runs(db.session(), (page - 1) * PER_PAGE, PER_PAGE)
    found = Page(runs, total, page, PER_PAGE)
    return render(
        "admin/change_runs.html",
        page_title="Changes of many products",
        found=found,
        stage_of=stage_of,
        urls=page_links(found, lambda n: url_for("admin.change_runs", page=n if n > 1 else None)),
    )


@bp.get("/catalog/changes/<int:change_id>")
@staff_only()
def change_run(change_id: int) -> Response:
    """The dry run of a file, the progress, or the result."""
    session = db.session()
    run = _find(session, change_id)
    counts = _counts(session, change_id)
    shown = request.args.get("show", "")
    shown = shown if shown in counts else _first_of_interest(run, counts)
    found = _items(session, change_id, shown, page_number(request.args.get("page")))

    def link(state: str, page: int = 1) -> str:
        return url_for("admin.change_run", change_id=change_id, show=state, page=page if page > 1 else None)

    return render(
        "admin/change_run.html",
        page_title=run.title,
        shown=shown,
        found=found,
        tabs=[(state, f"{OUTCOMES[state][0]} {n:,}", link(state)) for state, n in counts.items()],
        urls=page_links(found, lambda n: link(shown, n)),
        **_facts(run),
    )


@bp.get("/catalog/changes/<int:change_id>/progress")
@staff_only()
def change_progress(change_id: int) -> Response:
    """The bar alone; htmx asks for it while the run goes on, and for the whole page once it has ended."""
    run = _find(db.session(), change_id)
    facts = _facts(run)
    answer = render("admin/change_progress.html", **facts)
    if not facts["going_on"]:
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.get("/catalog/changes/<int:change_id>/result.csv")
@staff_only()
def change_result(change_id: int) -> Response:
    """Every change of the run with what became of it, streamed."""
    run = _find(db.session(), change_id)
    return stream_csv(_result(db.session(), run.id), f"changes-{run.id}.csv")


@bp.post("/catalog/changes/<int:change_id>/undo")
@staff_only(May.CATALOG)
def undo_run(change_id: int) -> BaseResponse:
    """Put back what the run replaced, where nobody has changed it since."""

    def work() -> str:
        done = run_changes.undo(change_id)
        logger.info("changes undone", run=change_id)
        if not done:
            return "It is being undone. You may leave this page."
        run = _find(db.session(), change_id)
        said = f"Undone: {run.undone:,} {'value is' if run.undone == 1 else 'values are'} as before."
        return said + (f" {run.kept:,} stayed, with the reason below." if run.kept else "")

    return press(work, done="", back=url_for("admin.change_run", change_id=change_id))


def _find(session: Session, run_id: int) -> ChangeRun:
    run = find_run(session, run_id)
    if run is None:
        raise NotFound("There is no such change.")
    return run


def _facts(run: ChangeRun) -> dict[str, Any]:
    going_on = run.work_state in ("due", "working")
    left = None
    if run.work_state == "working" and 0 < run.progress < run.total:
        took = (clock.now() - run.began_at).total_seconds()
        left = took / run.progress * (run.total - run.progress)
    return {
        "run": run,
        "going_on": going_on,
        "left": left,
        "stage": stage_of(run),
        "can_apply": run.stage == "checked" and run.work_state == "done" and run.planned > 0,
        "can_undo": run.stage in ("applied", "apply") and run.work_state == "done" and run.done > 0,
    }


def _counts(session: Session, run_id: int) -> dict[str, int]:
    """How many items in each state there are, in the order of interest."""
    rows = session.execute(
        select(ChangeItem.state, func.count()).where(ChangeItem.run_id == run_id).group_by(ChangeItem.state)
    )
    found = {state: int(n) for state, n in rows}
    return {state: found[state] for state in OUTCOMES if found.get(state)}


def _first_of_interest(run: ChangeRun, counts: dict[str, int]) -> str:
    """What went wrong is shown first, but for a file that could be applied."""
    order = ("planned", "wrong") if run.stage == "checked" else ("failed", "skipped", "kept", "done", "undone")
    return next((state for state in (*order, *OUTCOMES) if state in counts), "")


def _items(session: Session, run_id: int, state: str, page: int) -> Page[Row]:
    """Four statements whatever the page holds."""
    where = (ChangeItem.run_id == run_id, ChangeItem.state == state)
    total = int(session.execute(select(func.count()).select_from(ChangeItem).where(*where)).scalar_one())
    page = min(page, max(1, -(-total // PER_PAGE)))
    query = _query().where(*where).order_by(ChangeItem.line, ChangeItem.id)
    rows = session.execute(query.offset((page - 1) * PER_PAGE).limit(PER_PAGE)).all()
    names, currency = _collection_names(session), current_profile().currency
    return Page([row_of(row, currency, names) for row in rows], total, page, PER_PAGE)


def _query() -> Any:
    return (
        select(
            ChangeItem,
            Product.title.label("product_title"),
            Variant.title.label("variant_title"),
            Variant.sku.label("sku"),
        )
        .outerjoin(Product, Product.id == ChangeItem.product_id)
        .outerjoin(
            Variant,
            (Variant.id == ChangeItem.subject_id) & ChangeItem.field.in_(("price", "compare_at")),
        )
    )


def _collection_names(session: Session) -> dict[int, str]:
    return {row.id: row.title for row in session.execute(select(Collection.id, Collection.title))}


def _result(session: Session, run_id: int) -> Iterator[str]:
    yield BOM + _line(
        ("Line", "Product ID", "Product", "Variant", "SKU", "What", "Before", "After", "Outcome", "Reason")
    )
    names, currency, after = _collection_names(session), current_profile().currency, 0
    while True:
        query = _query().where(ChangeItem.run_id == run_id, ChangeItem.id > after).order_by(ChangeItem.id).limit(BATCH)
        rows = session.execute(query).all()
        if not rows:
            session.rollback()
            return
        after = rows[-1].ChangeItem.id
        lines = [row_of(row, currency, names) for row in rows]
        session.rollback()
        yield "".join(
            _line(
                (r.line or "", r.product_id or "", r.product, r.variant, r.sku, r.what, r.before, r.after, r.outcome,
                 r.reason)
            )
            for r in lines
        )  # fmt: skip


def _line(cells: tuple[Any, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([quoted(str(cell)) for cell in cells])
    return out.getvalue()
