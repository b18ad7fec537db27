"""A product of a design: choose the blank, the printer, what of it is sold, where it is printed, and say what it is."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.designs.composing_form import fill, placements_of, read_wish
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.core.storage import public_url
from shop.core.transaction import transaction
from shop.designing.blanks import Printable, find_blanks
from shop.designing.models import Design
from shop.designing.placing import draw, sharpness
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows.create_product import new_form_key, request_new_product
from shop.workflows.read_blanks import list_blanks, list_providers, read_printable_blank

MOST_SHOWN = 60


@bp.get("/designs/<int:design_id>")
@staff_only(May.CATALOG)
def design(design_id: int) -> Response:
    """First step: ?q=… the blank; ?blank=… then who prints it."""
    found = _find(design_id)
    query = request.args.get("q", "").replace("\0", "")[:100].strip()
    blanks = list_blanks()
    chosen = next((b for b in blanks if str(b.id) == request.args.get("blank", "")), None)
    return render(
        "admin/design.html",
        fragment="results",
        page_title=found.name,
        design=found,
        picture=public_url(found.preview_key) if found.preview_key else "",
        query=query,
        blanks=find_blanks(blanks, query, MOST_SHOWN),
        number=len(blanks),
        chosen=chosen,
        providers=list_providers(chosen.id) if chosen else [],
    )


@bp.get("/designs/<int:design_id>/<int:blueprint_id>/<int:provider_id>")
@staff_only(May.CATALOG)
def compose_product(design_id: int, blueprint_id: int, provider_id: int) -> Response:
    found, blank, printable = _parts(design_id, blueprint_id, provider_id)
    return _page(found, blank, provider_id, printable, fill(found, blank, printable))


@bp.post("/designs/<int:design_id>/<int:blueprint_id>/<int:provider_id>")
@staff_only(May.CATALOG)
def make_product(design_id: int, blueprint_id: int, provider_id: int) -> Response | BaseResponse:
    """ "Look" shows the placement as it was typed; "make" asks for the product, once for each form."""
    found, blank, printable = _parts(design_id, blueprint_id, provider_id)
    typed = {name: request.form.getlist(name) for name in request.form}
    try:
        wish = read_wish(typed, found, blank, provider_id, printable, current_profile().currency)
    except InvalidInput as error:
        return _page(found, blank, provider_id, printable, typed, status=422, errors=error.fields)
    if "look" in typed:
        return _page(found, blank, provider_id, printable, typed)
    key = "".join(c for c in request.form.get("key", "") if c.isascii() and c.isalnum())[:18]
    with transaction() as session:
        row_id = request_new_product(session, wish, key=key or new_form_key(), who=current_user.email)
    return redirect(url_for("admin.new_product", row_id=row_id), 303)


def _parts(design_id: int, blueprint_id: int, provider_id: int) -> tuple[Design, Any, Printable]:
    found = _find(design_id)
    blank = next((b for b in list_blanks() if b.id == blueprint_id), None)
    if blank is None or provider_id not in {number for number, _ in list_providers(blueprint_id)}:
        raise NotFound("Nobody prints that.")
    return found, blank, read_printable_blank(blueprint_id, provider_id)


def _find(design_id: int) -> Design:
    found = db.session.execute(select(Design).where(Design.id == design_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such design.")
    return found


def _page(
    found: Design,
    blank: Any,
    provider_id: int,
    printable: Printable,
    typed: dict[str, list[str]],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    drawings = [
        (area, placement, draw(placement, area, found.width, found.height), sharpness(placement, area, found.width))
        for area, placement in placements_of(typed, printable)
    ]
    return render(
        "admin/compose_product.html",
        status=status,
        page_title=f"{found.name} on {blank.title}",
        design=found,
        picture=public_url(found.preview_key) if found.preview_key else "",
        blank=blank,
        provider=dict(list_providers(blank.id)).get(provider_id, ""),
        provider_id=provider_id,
        printable=printable,
        typed=typed,
        key=(typed.get("key") or [""])[0] or new_form_key(),
        drawings=drawings,
        errors=errors or {},
        currency=current_profile().currency,
    )
