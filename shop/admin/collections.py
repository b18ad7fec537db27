"""Collections: listed, made, changed, filled by rule and by hand, and deleted."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.catalog import list_conditions, list_query
from shop.admin.collection_form import LABELS, fill, read_columns, typed_in
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.catalog import arranging
from shop.catalog.bulk import lock_catalog
from shop.catalog.models import Collection, CollectionProduct, Product
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db

PER_PAGE = 50
MOST_FOUND = 12


class Changed(Exception):
    """Somebody saved this collection since the form was filled."""


@bp.get("/collections")
@staff_only()
def collections() -> Response:
    session = db.session()
    rows = list(session.execute(select(Collection).order_by(Collection.position, Collection.id)).scalars())
    counts = arranging.count_members(session, [row.id for row in rows])
    return render("admin/collections.html", page_title="Collections", rows=rows, counts=counts)


@bp.get("/collections/new")
@staff_only(May.CATALOG)
def new_collection() -> Response:
    return _page(db.session(), None, fill(None))


@bp.post("/collections/new")
@staff_only(May.CATALOG)
def create_collection() -> Response | BaseResponse:
    return _saved(None)


@bp.get("/collections/<int:collection_id>")
@staff_only()
def collection(collection_id: int) -> Response:
    found = _find(db.session(), collection_id)
    return _page(db.session(), found, fill(found))


@bp.post("/collections/<int:collection_id>")
@staff_only(May.CATALOG)
def save_collection(collection_id: int) -> Response | BaseResponse:
    """When somebody else saved meanwhile, nothing is written and both versions are shown."""
    return _saved(collection_id)


@bp.post("/collections/<int:collection_id>/delete")
@staff_only(May.CATALOG)
def delete_collection(collection_id: int) -> BaseResponse:
    if request.form.get("sure") != "1":
        flash("Tick the box to say that you mean it. Nothing was deleted.", "bad")
        return redirect(url_for("admin.collection", collection_id=collection_id), 303)
    with transaction() as session:
        found = _find(session, collection_id, to_change=True)
        title = found.title
        arranging.delete_collection(session, found)
    flash(f"{title} is deleted. Its products stay as they are.", "good")
    return redirect(url_for("admin.collections"), 303)


@bp.post("/collections/<int:collection_id>/products")
@staff_only(May.CATALOG)
def add_to_collection(collection_id: int) -> BaseResponse:
    """Put a product (form field `product`) in by hand."""

    def work() -> None:
        product_id = _number(request.form.get("product", ""))
        with transaction() as session:
            _find(session, collection_id, to_change=True)
            if product_id is None or not arranging.add_by_hand(session, collection_id, product_id):
                raise Conflict("There is no such product (any more).")

    query = list_query(request.form.get("q", ""))
    back = url_for("admin.collection", collection_id=collection_id, q=query or None, _anchor="products")
    return press(work, done="Added. It stays, whatever the tags say.", back=back)


@bp.post("/collections/<int:collection_id>/products/<int:product_id>/remove")
@staff_only(May.CATALOG)
def remove_from_collection(collection_id: int, product_id: int) -> BaseResponse:
    def work() -> None:
        with transaction() as session:
            _find(session, collection_id, to_change=True)
            if not arranging.remove_by_hand(session, collection_id, product_id):
                raise Conflict("This product was not put in by hand.")

    back = url_for("admin.collection", collection_id=collection_id, _anchor="products")
    return press(work, done="Taken out, unless its tags keep it here.", back=back)


def _saved(collection_id: int | None) -> Response | BaseResponse:
    typed = typed_in(request.form)
    try:
        saved_id = _save(collection_id, typed)
    except InvalidInput as error:
        found = _find(db.session(), collection_id) if collection_id is not None else None
        values = {**fill(found), **typed}
        return _page(
            db.session(), found, values, status=422, errors=error.fields, marks=request.form.get("marks")
        )
    except Changed:
        found = _find(db.session(), collection_id or 0)
        met = meet(fill(found), typed, request.form.get("marks", ""))
        return _page(db.session(), found, met.values, status=422, changed=met.changed)
    flash("Saved. The shop shows it within a second.", "good")
    return redirect(url_for("admin.collection", collection_id=saved_id), 303)


def _save(collection_id: int | None, typed: dict[str, str]) -> int:
    with transaction() as session:
        if collection_id is None:
            lock_catalog(session)
            found = None
        else:
            found = _find(session, collection_id, to_change=True)
            if meet(fill(found), typed, request.form.get("marks", "")).changed:
                raise Changed
        columns = read_columns(typed)
        if arranging.slug_is_taken(session, columns["slug"], collection_id):
            raise InvalidInput(
                fields={"slug": f"Another collection has the address {columns['slug']} already."}
            )
        if found is not None:
            columns = {name: value for name, value in columns.items() if getattr(found, name) != value}
            if not columns:
                return found.id
        return arranging.write_collection(session, found, columns).id


def _find(session: Session, collection_id: int, to_change: bool = False) -> Collection:
    found = arranging.find_collection(session, collection_id, to_change)
    if found is None:
        raise NotFound("There is no such collection.")
    return found


def _number(raw: str) -> int | None:
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= 18 else None


def _page(
    session: Session,
    found: Collection | None,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    query = list_query(request.args.get("q", ""))
    members = _members(session, found.id, page_number(request.args.get("page"))) if found else None

    def link(n: int) -> str:
        return url_for("admin.collection", collection_id=found.id if found else 0, page=n if n > 1 else None)

    return render(
        "admin/collection.html",
        status=status,
        page_title=found.title if found else "New collection",
        collection=found,
        values=values,
        errors=errors or {},
        changed=None if changed is None else {LABELS[name]: value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(fill(found)),
        members=members,
        urls=page_links(members, link) if members else {},
        query=query,
        found=_candidates(session, found.id, query) if found and query else [],
    )


def _members(session: Session, collection_id: int, page: int) -> Page[Any]:
    inside = select(
        Product.id,
        Product.title,
        Product.status,
        Product.card["image"].label("image"),
        CollectionProduct.by_hand,
    )
    inside = inside.join(CollectionProduct, CollectionProduct.product_id == Product.id)
    inside = inside.where(CollectionProduct.collection_id == collection_id)
    total = int(session.execute(select(func.count()).select_from(inside.subquery())).scalar_one())
    page = min(page, max(1, -(-total // PER_PAGE)))
    ordered = inside.order_by(CollectionProduct.by_hand.desc(), Product.title, Product.id)
    rows = session.execute(ordered.offset((page - 1) * PER_PAGE).limit(PER_PAGE)).all()
    return Page(rows, total, page, PER_PAGE)


def _candidates(session: Session, collection_id: int, query: str) -> list[Any]:
    """Products of that name which nobody has put in by hand yet."""
    by_hand = select(CollectionProduct.product_id).where(
        CollectionProduct.collection_id == collection_id, CollectionProduct.by_hand
    )
    wanted = select(Product.id, Product.title, Product.status, Product.card["image"].label("image")).where(
        *list_conditions("all", query), Product.id.not_in(by_hand), Product.status != "archived"
    )
    return list(session.execute(wanted.order_by(Product.title, Product.id).limit(MOST_FOUND)))
