"""Designs: what was uploaded, what is being made of it, and the way to the next product."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.roomy import takes
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.storage import public_url
from shop.core.transaction import transaction
from shop.designing.models import Design, NewProduct
from shop.designing.uploading import keep_design
from shop.errors import InvalidInput
from shop.extensions import db

PER_PAGE = 24
LAST_MADE = 8


@bp.get("/designs")
@staff_only()
def designs() -> Response:
    return _page()


@takes(megabytes=21)
@bp.post("/designs")
@staff_only(May.CATALOG)
def upload_design() -> Response | BaseResponse:
    """Keep the picture and go on to choosing what it is printed on."""
    sent = request.files.get("design")
    try:
        with transaction() as session:
            design_id = keep_design(session, sent.read() if sent else b"", sent.filename or "" if sent else "")
    except InvalidInput as error:
        return _page(status=422, errors=error.fields)
    return redirect(url_for("admin.design", design_id=design_id), 303)


def _page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    session = db.session()
    number = page_number(request.args.get("page"))
    total = session.execute(select(func.count()).select_from(Design)).scalar_one()
    rows = session.execute(
        select(Design).order_by(Design.id.desc()).offset((number - 1) * PER_PAGE).limit(PER_PAGE)
    ).scalars()
    found = Page(list(rows), int(total), number, PER_PAGE)
    made = session.execute(select(NewProduct).order_by(NewProduct.id.desc()).limit(LAST_MADE)).scalars().all()
    return render(
        "admin/designs.html",
        status=status,
        page_title="Designs",
        found=found,
        made=made,
        errors=errors or {},
        file_url=public_url,
        urls=page_links(found, lambda n: url_for("admin.designs", page=n if n > 1 else None)),
    )
