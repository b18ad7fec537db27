"""Products as CSV: taken out, and taken in with a dry run before anything is changed."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.catalog import TABS, list_conditions, list_query
from shop.admin.permissions import May, staff_only
from shop.admin.products.wording import stage_of
from shop.admin.roomy import takes
from shop.admin.streaming import stream_csv
from shop.catalog.runs.models import ChangeRun
from shop.catalog.sheets.columns import HEADINGS
from shop.catalog.sheets.decoding import MOST_BYTES, MOST_LINES
from shop.catalog.sheets.exporting import export_products
from shop.core import clock, log
from shop.core.pages import render
from shop.errors import InvalidInput
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows.check_sheet import apply_sheet, take_in

logger = log.get_logger("admin")
LAST_FILES = 10


@bp.get("/catalog/csv")
@staff_only()
def products_csv() -> Response:
    return _page()


@bp.post("/catalog/csv")
@takes(21)
@staff_only(May.CATALOG)
def take_in_csv() -> Response | BaseResponse:
    """Keep the file (form field `file`) and begin its dry run. Nothing is changed yet."""
    try:
        name, content = _uploaded()
        run_id = take_in(name, content, who_acts())
    except InvalidInput as error:
        return _page(status=422, errors=error.fields)
    return redirect(url_for("admin.change_run", change_id=run_id), 303)


@bp.get("/catalog/csv/export")
@staff_only()
def export_csv() -> Response:
    """All products, or those of a view of the list (`tab`, `q`); streamed."""
    tab = request.args.get("tab", "all")
    where = list_conditions(tab if tab in TABS else "all", list_query(request.args.get("q", "")))
    logger.info("products exported", tab=tab)
    parts = export_products(db.session(), where, current_profile().currency)
    return stream_csv(parts, f"products-{clock.now():%Y-%m-%d}.csv")


@bp.post("/catalog/changes/<int:change_id>/apply")
@staff_only(May.CATALOG)
def apply_csv(change_id: int) -> BaseResponse:
    """Do what the dry run showed."""

    def work() -> str:
        done = apply_sheet(change_id)
        logger.info("product file applied", run=change_id)
        return "Done. Below is what became of each change." if done else "It has begun. You may leave this page."

    return press(work, done="", back=url_for("admin.change_run", change_id=change_id))


def who_acts() -> str:
    return str(current_user.name or current_user.email)


def _uploaded() -> tuple[str, bytes]:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise InvalidInput(fields={"file": "Choose a file first."})
    content = sent.stream.read(MOST_BYTES + 1)
    name = re.sub(r"[^\w .()+-]", "", sent.filename.replace("\\", "/").rpartition("/")[2])[:80].strip()
    return name or "products.csv", content


def _page(*, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    query: Any = select(ChangeRun).where(ChangeRun.kind == "csv").order_by(ChangeRun.id.desc()).limit(LAST_FILES)
    tab = request.args.get("tab", "all")
    return render(
        "admin/products_csv.html",
        status=status,
        page_title="Products as a file",
        errors=errors or {},
        tabs=[(key, name) for key, name in TABS.items()],
        tab=tab if tab in TABS else "all",
        query=list_query(request.args.get("q", "")),
        headings=HEADINGS,
        stage_of=stage_of,
        runs=list(db.session.execute(query).scalars()),
        most_lines=MOST_LINES,
        most_megabytes=MOST_BYTES // 1024 // 1024,
    )
