"""Size guides: listed, made, changed, put to use, and deleted."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.products.guide_form import LABELS, MOST_COLUMNS, MOST_ROWS, fill, read_guide, typed_in
from shop.admin.stale import marks_of, meet
from shop.catalog.bulk import lock_catalog
from shop.catalog.guides import UNITS
from shop.catalog.models import Collection, Product, SizeGuide
from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.profile import touch_catalog

MOST_GUIDES = 200


class Changed(Exception):
    """Somebody saved this guide since the form was filled."""


@bp.get("/catalog/guides")
@staff_only()
def size_guides() -> Response:
    session = db.session()
    rows = list(session.execute(select(SizeGuide).order_by(SizeGuide.name).limit(MOST_GUIDES)).scalars())
    uses = select(Product.size_guide_id, func.count()).where(Product.size_guide_id.in_([row.id for row in rows]))
    counts = {row[0]: row[1] for row in session.execute(uses.group_by(Product.size_guide_id))}
    return render("admin/size_guides.html", page_title="Size guides", rows=rows, counts=counts)


@bp.get("/catalog/guides/new")
@staff_only(May.CATALOG)
def new_size_guide() -> Response:
    return _page(db.session(), None, fill(None))


@bp.post("/catalog/guides/new")
@staff_only(May.CATALOG)
def create_size_guide() -> Response | BaseResponse:
    return _saved(None)


@bp.get("/catalog/guides/<int:guide_id>")
@staff_only()
def size_guide(guide_id: int) -> Response:
    found = _find(db.session(), guide_id)
    return _page(db.session(), found, fill(found))


@bp.post("/catalog/guides/<int:guide_id>")
@staff_only(May.CATALOG)
def save_size_guide(guide_id: int) -> Response | BaseResponse:
    """When somebody else saved meanwhile, nothing is written and both versions are shown."""
    return _saved(guide_id)


@bp.post("/catalog/guides/<int:guide_id>/delete")
@staff_only(May.CATALOG)
def delete_size_guide(guide_id: int) -> BaseResponse:
    if request.form.get("sure") != "1":
        flash("Tick the box to say that you mean it. Nothing was deleted.", "bad")
        return redirect(url_for("admin.size_guide", guide_id=guide_id), 303)
    with transaction() as session:
        found = _find(session, guide_id, to_change=True)
        name = found.name
        session.delete(found)
        touch_catalog(session)
    flash(f"{name} is deleted. Its products show what is known of their blank, if anything.", "good")
    return redirect(url_for("admin.size_guides"), 303)


def _saved(guide_id: int | None) -> Response | BaseResponse:
    typed, marks = typed_in(request.form), request.form.get("marks", "")
    try:
        saved_id = _save(guide_id, typed, marks)
    except InvalidInput as error:
        found = _find(db.session(), guide_id) if guide_id is not None else None
        return _page(db.session(), found, {**fill(found), **typed}, status=422, errors=error.fields, marks=marks)
    except Changed:
        found = _find(db.session(), guide_id or 0)
        met = meet(fill(found), typed, marks)
        return _page(db.session(), found, {**typed, **met.values}, status=422, changed=met.changed)
    flash("Saved. The shop shows it within a second.", "good")
    return redirect(url_for("admin.size_guide", guide_id=saved_id), 303)


def _save(guide_id: int | None, typed: dict[str, str], marks: str) -> int:
    with transaction() as session:
        lock_catalog(session)
        found = _find(session, guide_id, to_change=True) if guide_id is not None else None
        if found is not None and meet(fill(found), typed, marks).changed:
            raise Changed
        columns = read_guide(typed, list(session.execute(select(Collection.id).order_by(Collection.id)).scalars()))
        namesake = select(SizeGuide.id).where(SizeGuide.name == columns["name"], SizeGuide.id != (guide_id or 0))
        if session.execute(namesake).first():
            raise InvalidInput(fields={"name": f"Another size guide is called {columns['name']} already."})
        if found is None:
            if session.execute(select(func.count()).select_from(SizeGuide)).scalar_one() >= MOST_GUIDES:
                raise InvalidInput(fields={"name": f"There are {MOST_GUIDES} size guides already."})
            found = SizeGuide(**columns)
            session.add(found)
        else:
            for name, value in columns.items():
                setattr(found, name, value)
        found.updated_at = clock.now()
        session.flush()
        touch_catalog(session)
        return found.id


def _find(session: Session, guide_id: int, to_change: bool = False) -> SizeGuide:
    query = select(SizeGuide).where(SizeGuide.id == guide_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such size guide.")
    return found


def _label(name: str) -> str:
    if name in LABELS:
        return LABELS[name]
    parts = name.split("-")
    return f"Heading {int(parts[1]) + 1}" if parts[0] == "c" else f"Row {int(parts[1]) + 1}, column {int(parts[2]) + 1}"


def _page(
    session: Session,
    found: SizeGuide | None,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    kinds: Any = select(Product.product_type).where(Product.product_type != "").distinct().limit(100)
    chosen_kinds = [kind for kind in values["product_types"].split("\n") if kind]
    rows = [row for row in range(MOST_ROWS) if f"r-{row}-0" in values]
    return render(
        "admin/size_guide.html",
        status=status,
        page_title=found.name if found else "New size guide",
        guide=found,
        values=values,
        errors=errors or {},
        changed=None if changed is None else {_label(name): value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(fill(found)),
        columns=range(MOST_COLUMNS),
        rows=rows,
        units=[(key, name.capitalize()) for key, name in UNITS.items()],
        kinds=sorted({*session.execute(kinds).scalars(), *chosen_kinds}),
        chosen_kinds=chosen_kinds,
        collections=session.execute(
            select(Collection.id, Collection.title).order_by(Collection.position, Collection.id).limit(300)
        ).all(),
        chosen_collections=values["collection_ids"].split(),
        own=_products(session, found.id) if found else [],
    )


def _products(session: Session, guide_id: int) -> list[Any]:
    query = select(Product.id, Product.title).where(Product.size_guide_id == guide_id)
    return list(session.execute(query.order_by(Product.title).limit(50)))
