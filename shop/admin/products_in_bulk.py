"""Many products at once: choose what happens to them, look at what it would do, then do it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.blueprint import bp
from shop.admin.catalog import TABS, list_conditions, list_query
from shop.admin.permissions import May, staff_only
from shop.admin.product_form import STATUS_NAMES
from shop.admin.products.files import who_acts
from shop.admin.products.grid_form import MOST_IN_GRID
from shop.catalog.bulk import lock_catalog
from shop.catalog.bulk_changes import MOST_AT_ONCE, BulkChange, Plan, items_of, plan_changes
from shop.catalog.editing import STATUSES
from shop.catalog.models import Product
from shop.catalog.reading_fields import MOST_TAG_CHARS, read_price
from shop.catalog.runs.stepping import record_run
from shop.core import log
from shop.core.money import format_minor
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.tenancy.profile import current_profile

logger = log.get_logger("admin")
KINDS = ("status", "add_tag", "remove_tag", "price")
MOST_TICKED = 500
MOST_SHOWN = 200
FIELDS = ("change", "status", "tag", "untag", "direction", "by", "unit")


@bp.post("/catalog/bulk")
@staff_only(May.CATALOG)
def change_products() -> Response | BaseResponse:
    """Three steps at one address (`do`): "" asks what to change, "preview" shows what it would do, "apply" does it.
    "grid" goes to the grid with what was chosen."""
    try:
        ids = _chosen(db.session())
    except InvalidInput as error:
        flash(error.user_message, "bad")
        return redirect(url_for("admin.catalog"), 303)
    step = request.form.get("do", "")
    if step == "grid":
        return redirect(url_for("admin.products_grid", ids=",".join(map(str, ids[:MOST_IN_GRID]))), 303)
    if step not in ("preview", "apply"):
        return _page(ids)
    try:
        change = read_change(request.form, current_profile().currency)
    except InvalidInput as error:
        return _page(ids, status=422, errors=error.fields)
    if step == "preview":
        return _page(ids, plan=plan_changes(db.session(), ids, change))
    return _apply(ids, change, request.form.get("digest", ""))


def read_change(form: Mapping[str, str], currency: str) -> BulkChange:
    """Raises InvalidInput."""
    kind = read.choice(form, "change", "What to change", KINDS)
    if kind == "status":
        return BulkChange("status", read.choice(form, "status", "Status", STATUSES))
    if kind in ("add_tag", "remove_tag"):
        name = "tag" if kind == "add_tag" else "untag"
        tag = read.text(form, name, "The tag", MOST_TAG_CHARS)
        if "," in tag:
            raise InvalidInput(fields={name: "One tag at a time, without a comma."})
        return BulkChange(kind, tag)
    direction = read.choice(form, "direction", "Raise or lower", ("raise", "lower"))
    sign = "-" if direction == "lower" else ""
    if read.choice(form, "unit", "By", ("percent", "amount")) == "percent":
        return BulkChange("price_percent", sign + read.percent(form, "by", "The percentage"))
    return BulkChange("price_amount", sign + str(read_price(form, "by", "The amount", currency)))


def _apply(ids: list[int], change: BulkChange, digest: str) -> Response | BaseResponse:
    """Exactly what was shown, or nothing. Small ones are done at once, large ones by the worker, with progress."""
    run_id, done = 0, False
    with transaction() as session:
        lock_catalog(session)
        plan = plan_changes(session, ids, change)
        as_shown = plan.digest == digest
        if as_shown and plan.planned:
            title = in_words(change, current_profile().currency)
            run_id, done = record_run(session, "bulk", title, who_acts(), items_of(plan))
    if not as_shown:
        return _page(ids, plan=plan, status=409, is_stale=True)
    count = len(plan.planned)
    logger.info("products changed in bulk", change=change.kind, products=count, run=run_id)
    said = f"{count} {'product' if count == 1 else 'products'} {'changed' if done else 'will be changed'}."
    if plan.same:
        said += f" {plan.same} were so already."
    if plan.left_out:
        said += f" {len(plan.left_out)} left as they were."
    flash(said, "good")
    if not run_id:
        return redirect(url_for("admin.catalog"), 303)
    return redirect(url_for("admin.change_run", change_id=run_id), 303)


def in_words(change: BulkChange, currency: str) -> str:
    """What it does, for the list of changes."""
    if change.kind == "status":
        return f"Status set to {STATUS_NAMES[change.value].partition(':')[0]}"
    if change.kind in ("add_tag", "remove_tag"):
        return f"Tag “{change.value}” {'added' if change.kind == 'add_tag' else 'removed'}"
    direction = "lowered" if change.value.startswith("-") else "raised"
    amount = change.value.removeprefix("-")
    by = f"{Decimal(amount) * 100:f}".rstrip("0").rstrip(".") + " %" if change.kind == "price_percent" else ""
    return f"Prices {direction} by {by or format_minor(int(amount), currency, 'en')}"


def _chosen(session: Session) -> list[int]:
    """Ids that were ticked, or (`all`) of the whole view. Raises InvalidInput for none, too many, or no numbers."""
    if request.form.get("all") == "1":
        tab = request.form.get("tab", "")
        where = list_conditions(tab if tab in TABS else "active", list_query(request.form.get("q", "")))
        found = list(session.execute(select(Product.id).where(*where).limit(MOST_AT_ONCE + 1)).scalars())
    else:
        raw = request.form.getlist("product")[: MOST_TICKED + 1]
        if len(raw) > MOST_TICKED:
            raise InvalidInput(f"At most {MOST_TICKED} products can be ticked at once.")
        if not all(value.isascii() and value.isdigit() and len(value) <= 18 for value in raw):
            raise InvalidInput("Those are not products of this shop. Choose them in the list.")
        wanted = sorted({int(value) for value in raw})
        found = list(session.execute(select(Product.id).where(Product.id.in_(wanted))).scalars()) if wanted else []
    if not found:
        raise InvalidInput("Choose at least one product first.")
    if len(found) > MOST_AT_ONCE:
        raise InvalidInput(f"At most {MOST_AT_ONCE:,} products at once. Search for fewer.")
    return sorted(found)


def _whole_view() -> dict[str, str]:
    """What says "all of this view" again in the next step; empty when products were ticked."""
    if request.form.get("all") != "1":
        return {}
    return {"all": "1", "tab": request.form.get("tab", "")[:20], "q": list_query(request.form.get("q", ""))}


def _page(
    ids: list[int],
    *,
    plan: Plan | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
    is_stale: bool = False,
) -> Response:
    values: dict[str, Any] = {name: request.form.get(name, "")[:200] for name in FIELDS}
    return render(
        "admin/products_in_bulk.html",
        status=status,
        page_title="Change products",
        ids=ids,
        whole_view=_whole_view(),
        most_shown=MOST_SHOWN,
        plan=plan,
        values=values,
        errors=errors or {},
        is_stale=is_stale,
        statuses=list(STATUS_NAMES.items()),
        is_price=plan is not None and plan.change.kind.startswith("price_"),
    )
