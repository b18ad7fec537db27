"""Who made a product, and who answers for it in the EU: for the whole shop, for a blank, for one product."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.blueprint import bp
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.catalog.bulk import lock_catalog
from shop.catalog.editing import publish
from shop.catalog.models import Product
from shop.catalog.safety.reading import FIELDS, count_lacking, find_facts, list_lacking, merged, save_facts
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.eu_rules import EU_VAT
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import Profile, current_profile, touch_settings

PER_PAGE = 50
SCOPES = ("store", "blank", "product")
LARGEST_ID = 2**31 - 1


def sells_to_eu(profile: Profile) -> bool:
    return not profile.ships_to or any(code in EU_VAT for code in profile.ships_to)


@bp.get("/safety")
@staff_only()
def safety() -> Response:
    """Products on sale that lack it."""
    profile, session = current_profile(), db.session()
    total = count_lacking(session, profile.eu)
    number = min(page_number(request.args.get("page")), max(1, -(-total // PER_PAGE)))
    rows = list_lacking(session, profile.eu, (number - 1) * PER_PAGE, PER_PAGE)
    found = Page(rows, total, number, PER_PAGE)
    return render(
        "admin/safety.html",
        page_title="Product safety",
        found=found,
        urls=page_links(found, lambda n: url_for("admin.safety", page=n if n > 1 else None)),
        sells_to_eu=sells_to_eu(profile),
    )


@bp.get("/safety/<scope>/<int:subject_id>")
@staff_only()
def safety_facts(scope: str, subject_id: int) -> Response:
    name = _name(db.session(), scope, subject_id)
    return _page(scope, subject_id, name, _held(db.session(), scope, subject_id))


@bp.post("/safety/<scope>/<int:subject_id>")
@staff_only(May.CATALOG)
def save_safety_facts(scope: str, subject_id: int) -> Response | BaseResponse:
    """All empty takes the level away. When somebody else changed it meanwhile, nothing is saved."""
    session = db.session()
    name = _name(session, scope, subject_id)
    typed = {field: request.form.get(field, "")[:5000].replace("\0", "") for field in FIELDS}
    met = meet(_held(session, scope, subject_id), typed, request.form.get("marks", ""))
    if met.changed:
        return _page(scope, subject_id, name, met.values, status=422, changed=met.changed)
    try:
        values = _read(typed)
    except InvalidInput as error:
        return _page(scope, subject_id, name, typed, status=422, errors=error.fields)
    session.rollback()
    with transaction() as changing:
        if scope == "store":
            row = changing.execute(select(StoreProfile).limit(1).with_for_update()).scalar_one()
            row.eu = {**(row.eu or {}), "safety": {k: v for k, v in values.items() if v}}
            touch_settings(changing)
        else:
            lock_catalog(changing)
            save_facts(changing, scope, subject_id, values)
            publish(changing, _products(changing, scope, subject_id))
    flash("Saved. The pages of the products show it.", "good")
    return redirect(url_for("admin.safety"), 303)


def _read(typed: dict[str, str]) -> dict[str, str]:
    errors: dict[str, str] = {}
    found: dict[str, str] = {}
    for field, (label, most) in FIELDS.items():
        try:
            found[field] = read.text(typed, field, label, most, required=False, lines=field == "warnings")
        except InvalidInput as error:
            errors |= error.fields
    if errors:
        raise InvalidInput(fields=errors)
    return found


def _held(session: Session, scope: str, subject_id: int) -> dict[str, str]:
    if scope == "store":
        row = session.execute(select(StoreProfile).limit(1)).scalar_one()
        held = (row.eu or {}).get("safety") or {}
        return {field: str(held.get(field) or "") for field in FIELDS}
    return find_facts(session, scope, subject_id)


def _products(session: Session, scope: str, subject_id: int) -> list[int]:
    column = Product.id if scope == "product" else Product.blueprint_id
    return list(session.execute(select(Product.id).where(column == subject_id)).scalars())


def _name(session: Session, scope: str, subject_id: int) -> str:
    """What is being described. Raises NotFound."""
    if scope not in SCOPES or subject_id > LARGEST_ID or (scope == "store") != (subject_id == 0):
        raise NotFound("There is nothing like that.")
    if scope == "store":
        return "All products"
    column = Product.id if scope == "product" else Product.blueprint_id
    found = session.execute(
        select(Product.title, Product.product_type, Product.brand).where(column == subject_id).limit(1)
    ).first()
    if found is None:
        raise NotFound("There is no such product.")
    return found.title if scope == "product" else f"{found.brand} {found.product_type}".strip() or f"Blank {subject_id}"


def _page(
    scope: str,
    subject_id: int,
    name: str,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
) -> Response:
    session = db.session()
    wider: dict[str, Any] = {}
    blueprint = None
    if scope != "store":
        wider = dict((current_profile().eu or {}).get("safety") or {})
    if scope == "product":
        blueprint = session.execute(select(Product.blueprint_id).where(Product.id == subject_id)).scalar()
        wider = merged(find_facts(session, "blank", blueprint) if blueprint else None, wider)
    return render(
        "admin/safety_facts.html",
        status=status,
        page_title=f"Product safety: {name}",
        scope=scope,
        subject_id=subject_id,
        name=name,
        blueprint=blueprint,
        fields=FIELDS,
        values=values,
        wider=wider,
        marks=marks_of(_held(session, scope, subject_id)),
        errors=errors or {},
        changed=changed,
    )
