"""The catalogue: what is sold, how fresh it is, and its refresh with progress, plan and approval."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, current_app, request, url_for
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.catalog_state import GOING_ON, cache_age, last_runs
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.safety.page import sells_to_eu
from shop.catalog.models import CatalogRun, Product, Variant
from shop.catalog.safety.reading import count_lacking
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.errors import NotFound
from shop.extensions import db
from shop.tenancy.profile import current_profile
from shop.workflows import refresh_catalog

PER_PAGE = 50
TABS = {"active": "Active", "draft": "Draft", "archived": "Archived", "all": "All"}
PLAN_PARTS = (("create", "New"), ("change", "Changed"), ("archive", "To archive"), ("skip", "Left out"))


@dataclass(frozen=True)
class ProductRow:
    id: int
    slug: str
    title: str
    product_type: str
    status: str
    price_min_minor: int
    price_max_minor: int
    in_stock: bool
    image: dict[str, Any] | None
    variants: int
    available: int
    updated_at: datetime
    edited: bool


@bp.get("/catalog")
@staff_only()
def catalog() -> Response:
    session = db.session()
    tab = request.args.get("tab", "") if request.args.get("tab") in TABS else "active"
    query = list_query(request.args.get("q", ""))
    found = search_products(session, tab, query, page_number(request.args.get("page")))

    def link(**changes: object) -> str:
        values: dict[str, Any] = {"tab": tab if tab != "active" else "", "q": query, **changes}
        return url_for("admin.catalog", **{k: v for k, v in values.items() if v})

    return render(
        "admin/catalog.html",
        fragment="results",
        page_title="Catalogue",
        found=found,
        tab=tab,
        query=query,
        tabs=[(key, name, link(tab=key if key != "active" else "")) for key, name in TABS.items()],
        urls=page_links(found, lambda n: link(page=n if n > 1 else "")),
        without_safety=count_lacking(session, current_profile().eu) if sells_to_eu(current_profile()) else 0,
        **_refresh_facts(session),
    )


@bp.get("/catalog/progress")
@staff_only()
def catalog_progress() -> Response:
    """The card of the refresh alone; htmx asks for it while a run goes on."""
    facts = _refresh_facts(db.session())
    return render("admin/catalog_refresh.html", was_watching=True, **facts)


@bp.get("/catalog/runs/<int:run_id>")
@staff_only()
def catalog_run(run_id: int) -> Response:
    """One refresh: what it changed and why."""
    run = db.session.execute(select(CatalogRun).where(CatalogRun.id == run_id)).scalar_one_or_none()
    if run is None:
        raise NotFound("There is no such refresh.")
    return render(
        "admin/catalog_run.html", page_title=f"Refresh {run.id}", run=run, parts=plan_parts(run), steps=progress_of(run)
    )


@bp.post("/catalog/refresh")
@staff_only(May.CATALOG)
def refresh_now() -> BaseResponse:
    """Ask for a refresh; one that is going on is not doubled."""

    def work() -> None:
        with transaction() as session:
            refresh_catalog.request_refresh(session, cause="button")

    return press(work, done="The refresh has begun. You may leave this page.", back=url_for("admin.catalog"))


@bp.post("/catalog/runs/<int:run_id>/<any(approve,reject):decision>")
@staff_only(May.CATALOG)
def decide_run(run_id: int, decision: str) -> BaseResponse:
    """Say yes or no to a plan that would remove much."""
    back = url_for("admin.catalog")
    if decision == "reject":
        return press(lambda: refresh_catalog.reject_run(run_id), done="Rejected: nothing was removed.", back=back)

    def approve() -> str:
        archived = refresh_catalog.approve_run(run_id)
        return f"Approved: {archived} {'product is' if archived == 1 else 'products are'} archived."

    return press(approve, done="", back=back)


def list_query(raw: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", raw)[:100].strip()


def list_conditions(tab: str, query: str) -> list[Any]:
    """What a view of the list holds."""
    where: list[Any] = [] if tab == "all" else [Product.status == tab]
    if query:
        like = "%" + query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        where.append(or_(Product.title.ilike(like), Product.product_type.ilike(like), Product.external_id == query))
    return where


def search_products(session: Session, tab: str, query: str, page: int) -> Page[ProductRow]:
    """By title; three words or ten thousand products, three statements."""
    where = list_conditions(tab, query)
    total = int(session.execute(select(func.count()).select_from(Product).where(*where)).scalar_one())
    page = min(page, max(1, -(-total // PER_PAGE)))
    rows = session.execute(
        select(
            Product.id,
            Product.slug,
            Product.title,
            Product.product_type,
            Product.status,
            Product.price_min_minor,
            Product.price_max_minor,
            Product.in_stock,
            Product.card["image"].label("image"),
            Product.updated_at,
            Product.edited_fields,
        )
        .where(*where)
        .order_by(Product.title, Product.id)
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()
    counts = _variant_counts(session, [row.id for row in rows])
    items = [
        ProductRow(
            row.id, row.slug, row.title, row.product_type, row.status, row.price_min_minor, row.price_max_minor,
            row.in_stock, row.image, *counts.get(row.id, (0, 0)), row.updated_at, bool(row.edited_fields),
        )
        for row in rows
    ]
    return Page(items, total, page, PER_PAGE)


def _variant_counts(session: Session, product_ids: list[int]) -> dict[int, tuple[int, int]]:
    rows = session.execute(
        select(Variant.product_id, func.count(), func.count().filter(Variant.is_available.is_(True)))
        .where(Variant.product_id.in_(product_ids))
        .group_by(Variant.product_id)
    )
    return {product_id: (int(every), int(available)) for product_id, every, available in rows}


def _refresh_facts(session: Session) -> dict[str, Any]:
    runs = last_runs(session)
    run = runs[0] if runs else None
    going_on = run is not None and run.work_state in GOING_ON
    fetched = cache_age(session)
    ttl = timedelta(minutes=current_app.config["IMPRINT"].catalog_ttl_minutes)
    return {
        "run": run,
        "runs": runs,
        "going_on": going_on,
        "needs_decision": run is not None and run.outcome == "needs_approval",
        "steps": progress_of(run) if run is not None else None,
        "parts": plan_parts(run) if run is not None else [],
        "fetched_at": fetched,
        "is_old": fetched is None or clock.now() - fetched > 2 * ttl,
        "trouble": run.error_text if run is not None and going_on and run.error_text else "",
    }


def progress_of(run: CatalogRun) -> dict[str, Any]:
    """{done, total, left}: `left` is a guess in seconds from the pace so far, None at the start."""
    total = max(run.pages_total, run.pages_done, 1)
    left = None
    if 0 < run.pages_done < total and run.work_state == "working":
        took = (clock.now() - run.started_at).total_seconds()
        left = took / run.pages_done * (total - run.pages_done)
    return {"done": run.pages_done, "total": run.pages_total, "left": left}


def plan_parts(run: CatalogRun) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """[(key, name, [{external_id, title, reason}])] of what is not empty."""
    plan = run.plan or {}
    found = []
    for key, name in PLAN_PARTS:
        rows = plan.get(key)
        entries = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        if entries:
            found.append((key, name, entries))
    return found
