"""All files in one place: what can be taken out, what is taken in, and the files so far."""

from __future__ import annotations

import re

from flask import Response, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import func, select
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.roomy import takes
from shop.catalog.sheets.decoding import MOST_BYTES, MOST_LINES
from shop.channels.files.models import FileImport
from shop.core import reading_forms as read
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.errors import InvalidInput
from shop.extensions import db
from shop.workflows.import_files import take_in_file

PER_PAGE = 20
ENTITIES = {"customers": "Customers", "orders": "Past orders", "products": "Products"}
STAGES = {
    "mapping": ("Columns to be confirmed", "needs"), "check": ("Being checked", "working"),
    "checked": ("Checked: look, then take it in", "needs"), "apply": ("Being taken in", "working"),
    "applied": ("Taken in", "done"), "refused": ("Could not be read", "failed"),
}  # fmt: skip


@bp.get("/files")
@staff_only(May.SETTINGS)
def files() -> Response:
    return _page()


@bp.post("/files")
@takes(21)
@staff_only(May.SETTINGS)
def take_in_any_file() -> Response | BaseResponse:
    """Form fields `entity` and `file`. Kept with its columns guessed; nothing is changed yet."""
    try:
        entity = read.choice(request.form, "entity", "What it holds", ENTITIES)
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            raise InvalidInput(fields={"file": "Choose a file first."})
        name = re.sub(r"[^\w .()+-]", "", sent.filename.replace("\\", "/").rpartition("/")[2])[:80].strip()
        content = sent.stream.read(MOST_BYTES + 1)
        import_id = take_in_file(entity, name or "file.csv", content, str(current_user.name or current_user.email))
    except InvalidInput as error:
        return _page(422, error.fields)
    return redirect(url_for("admin.file_import", import_id=import_id), 303)


def _page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    session = db.session()
    total = int(session.execute(select(func.count(FileImport.id))).scalar_one())
    page = min(page_number(request.args.get("page")), max(1, -(-total // PER_PAGE)))
    rows = session.execute(
        select(FileImport).order_by(FileImport.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    ).scalars()
    listed = Page(list(rows), total, page, PER_PAGE)
    return render(
        "admin/files.html",
        status=status,
        page_title="Files",
        errors=errors or {},
        entities=list(ENTITIES.items()),
        names=ENTITIES,
        stages=STAGES,
        chosen=request.form.get("entity", "customers"),
        listed=listed,
        urls=page_links(listed, lambda n: url_for("admin.files", page=n if n > 1 else None)),
        most_lines=MOST_LINES,
        most_megabytes=MOST_BYTES // 1024 // 1024,
    )
