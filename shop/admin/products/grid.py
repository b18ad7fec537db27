"""Many products in one table: every price, status and tag in reach, looked over before it is saved."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.blueprint import bp
from shop.admin.catalog import TABS, list_conditions, list_query
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.products.files import who_acts
from shop.admin.products.grid_form import MOST_IN_GRID, Grid, fill, find_grid, labels, read_items
from shop.admin.roomy import takes
from shop.admin.stale import marks_of, meet
from shop.catalog.bulk import lock_catalog
from shop.catalog.models import Product
from shop.catalog.runs.fields import FIELDS, in_words
from shop.catalog.runs.settling import Item
from shop.catalog.runs.stepping import record_run
from shop.core import log
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.tenancy.profile import current_profile

logger = log.get_logger("admin")
PER_PAGE = 50


class Changed(Exception):
    """Somebody changed one of these products since the grid was filled."""


@bp.get("/catalog/grid")
@staff_only()
def products_grid() -> Response:
    """Of chosen products (`ids`, with commas), or of a view of the list (`tab`, `q`, `page`)."""
    session = db.session()
    if "ids" in request.args:
        return _page(find_grid(session, read_ids(request.args["ids"])))
    tab = request.args.get("tab", "")
    tab = tab if tab in TABS else "active"
    query = list_query(request.args.get("q", ""))
    found = _page_of_ids(session, tab, query, page_number(request.args.get("page")))

    def link(page: int) -> str:
        return url_for("admin.products_grid", tab=tab, q=query or None, page=page if page > 1 else None)

    return _page(find_grid(session, found.items), pages=found, urls=page_links(found, link))


@bp.post("/catalog/grid")
@takes(4, 3)
@staff_only(May.CATALOG)
def save_grid() -> Response | BaseResponse:
    """`do`: "preview" shows what would change, "apply" does it, "" goes back to the cells as they were typed."""
    typed, currency = request.form.to_dict(), current_profile().currency
    ids, step = read_ids(typed.get("ids", "")), typed.get("do", "preview")
    grid = find_grid(db.session(), ids, to_change=True)
    stored = fill(grid, currency)
    values = {**stored, **{name: value[:5000] for name, value in typed.items() if name in stored}}
    if step not in ("preview", "apply"):
        return _page(grid, values=values, marks=typed.get("marks"))
    try:
        if step == "preview":
            items = _looked_at(grid, typed, currency)
            return _page(grid, values=values, marks=typed.get("marks"), preview=_shown(grid, items, currency))
        run_id, done, count = _save(ids, typed, currency)
    except InvalidInput as error:
        return _page(grid, values=values, marks=typed.get("marks"), errors=error.fields, status=422)
    except Changed:
        db.session.rollback()
        grid = find_grid(db.session(), ids, to_change=True)
        met = meet(fill(grid, currency), typed, typed.get("marks", ""))
        return _page(grid, values=met.values, changed=met.changed, status=422)
    if not run_id:
        flash("Nothing was different, so nothing was changed.", "good")
        return redirect(url_for("admin.products_grid", ids=grid.ids), 303)
    logger.info("products changed in the grid", run=run_id, changes=count)
    flash(f"{count} {'change' if count == 1 else 'changes'} {'saved' if done else 'under way'}.", "good")
    return redirect(url_for("admin.change_run", change_id=run_id), 303)


def read_ids(raw: str) -> list[int]:
    """At most MOST_IN_GRID; what is no number is passed over."""
    parts = raw[:4000].split(",")
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 18][:MOST_IN_GRID]


def _save(ids: list[int], typed: dict[str, str], currency: str) -> tuple[int, bool, int]:
    """(run, whether it is done, how many changes); run 0 when nothing differs. Raises Changed, InvalidInput."""
    with transaction() as session:
        lock_catalog(session)
        grid = find_grid(session, ids, to_change=True)
        items = _looked_at(grid, typed, currency)
        if not items:
            return 0, True, 0
        count = len({item.product_id for item in items})
        title = f"Grid: {count} {'product' if count == 1 else 'products'}"
        run_id, done = record_run(session, "grid", title, who_acts(), items)
        return run_id, done, len(items)


def _looked_at(grid: Grid, typed: dict[str, str], currency: str) -> list[Item]:
    if meet(fill(grid, currency), typed, typed.get("marks", "")).changed:
        raise Changed
    return read_items(typed, grid, currency)


def _page_of_ids(session: Session, tab: str, query: str, page: int) -> Page[int]:
    where = list_conditions(tab, query)
    total = int(session.execute(select(func.count()).select_from(Product).where(*where)).scalar_one())
    page = min(page, max(1, -(-total // PER_PAGE)))
    chosen = select(Product.id).where(*where).order_by(Product.title, Product.id)
    ids = list(session.execute(chosen.offset((page - 1) * PER_PAGE).limit(PER_PAGE)).scalars())
    return Page(ids, total, page, PER_PAGE)


def _shown(grid: Grid, items: list[Item], currency: str) -> list[dict[str, Any]]:
    titles = {product.id: product.title for product in grid.products}
    variants = {v.id: v.title for product in grid.products for v in product.variants}
    return [
        {
            "title": titles[item.product_id],
            "variant": variants.get(item.subject_id, ""),
            "what": FIELDS[item.field].label,
            "before": in_words(item.field, item.before, currency),
            "after": in_words(item.field, item.after, currency),
        }
        for item in items
    ]


def _page(
    grid: Grid,
    *,
    values: dict[str, str] | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
    preview: list[dict[str, Any]] | None = None,
    pages: Page[int] | None = None,
    urls: dict[str, Any] | None = None,
) -> Response:
    stored = fill(grid, current_profile().currency)
    names = labels(grid) if changed else {}
    return render(
        "admin/products_grid.html",
        status=status,
        page_title="Products in a grid",
        grid=grid,
        stored=stored,
        values=values or stored,
        errors=errors or {},
        changed=None if changed is None else {names[name]: value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(stored),
        preview=preview,
        pages=pages,
        urls=urls or {},
        statuses=(("active", "Active"), ("draft", "Draft"), ("archived", "Archived")),
    )
