"""One file on its way in: which column is which, what each line would do, and the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Response, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.csv.hub import ENTITIES, STAGES
from shop.admin.permissions import May, staff_only
from shop.admin.streaming import stream_csv
from shop.catalog.sheets.columns import quoted
from shop.channels.files.columns import FIELDS
from shop.channels.files.models import FileImport, FileLine
from shop.core.pages import render
from shop.errors import InvalidInput
from shop.extensions import db
from shop.workflows.import_files import begin_apply, begin_check, find_import

SHOWN = 100
AT_ONCE = 1_000
VERDICTS = {
    "create": ("New", "done"), "change": ("Changed", "working"), "same": ("As it is", "waiting"),
    "wrong": ("Cannot be used", "failed"),
}  # fmt: skip


@bp.get("/files/<int:import_id>")
@staff_only(May.SETTINGS)
def file_import(import_id: int) -> Response:
    return _page(db.session(), find_import(db.session(), import_id))


@bp.post("/files/<int:import_id>/check")
@staff_only(May.SETTINGS)
def check_file_import(import_id: int) -> Response | BaseResponse:
    """Form fields `column-<field>`: the column's number, or nothing. Begins the dry run."""
    session = db.session()
    found = find_import(session, import_id)
    mapping = {}
    for field in FIELDS[found.entity]:
        raw = request.form.get(f"column-{field.name}", "")
        if raw.isascii() and raw.isdigit() and len(raw) <= 3:
            mapping[field.name] = int(raw)
    session.rollback()
    try:
        begin_check(import_id, mapping)
    except InvalidInput as error:
        return _page(session, find_import(session, import_id), status=422, errors=error.fields, mapping=mapping)
    return redirect(url_for("admin.file_import", import_id=import_id), 303)


@bp.post("/files/<int:import_id>/apply")
@staff_only(May.SETTINGS)
def apply_file_import(import_id: int) -> BaseResponse:
    """Do what the dry run told. A repeat changes nothing more."""
    return press(
        lambda: "It has begun. You may leave this page." if begin_apply(import_id) else "That was done already.",
        done="",
        back=url_for("admin.file_import", import_id=min(import_id, 2**62)),
    )


@bp.get("/files/<int:import_id>/report.csv")
@staff_only(May.SETTINGS)
def file_import_report(import_id: int) -> Response:
    """Every line: what became, or would become, of it, which field, and why."""
    find_import(db.session(), import_id)
    return stream_csv(_parts(import_id), f"report-{import_id}.csv")


def _parts(import_id: int) -> Iterator[str]:
    yield "\ufeff" + _written([("Line", "What", "Result", "Field", "Why")])
    after = 0
    while True:
        rows = list(
            db.session.execute(
                select(FileLine)
                .where(FileLine.import_id == import_id, FileLine.id > after)
                .order_by(FileLine.id)
                .limit(AT_ONCE)
            ).scalars()
        )
        if not rows:
            return
        after = rows[-1].id
        yield _written(
            [
                (str(row.line), quoted(row.subject), VERDICTS[row.verdict][0], quoted(row.field), quoted(row.why))
                for row in rows
            ]
        )


def _written(rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _page(
    session: Session,
    found: FileImport,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    mapping: dict[str, int] | None = None,
) -> Response:
    lines: list[Any] = list(
        session.execute(
            select(FileLine)
            .where(FileLine.import_id == found.id, FileLine.verdict.in_(["wrong", "create", "change"]))
            .order_by(FileLine.verdict.desc(), FileLine.line)  # what is wrong first
            .limit(SHOWN)
        ).scalars()
    )
    headings = found.facts.get("headings", [])
    samples = found.facts.get("samples", [])
    columns = [("", "Not in the file")] + [
        (str(n), f"{heading or f'Column {n + 1}'}{_example(samples, n)}") for n, heading in enumerate(headings)
    ]
    answer = render(
        "admin/file_import.html",
        status=status,
        page_title=found.name,
        file=found,
        what=ENTITIES[found.entity],
        state=STAGES[found.stage],
        fields=FIELDS[found.entity],
        labels={field.name: field.label for field in FIELDS[found.entity]},
        mapping=mapping if mapping is not None else found.mapping,
        columns=columns,
        lines=lines,
        verdicts=VERDICTS,
        errors=errors or {},
        going_on=found.stage in ("check", "apply") and found.work_state in ("due", "working"),
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _example(samples: list[list[str]], column: int) -> str:
    shown = next((row[column] for row in samples if column < len(row) and row[column].strip()), "")
    return f" (“{shown[:30]}”)" if shown else ""
