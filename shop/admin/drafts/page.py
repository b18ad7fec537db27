"""One draft: goods, customer, totals; every button keeps what was typed before it does its own work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import in_words, press
from shop.admin.blueprint import bp
from shop.admin.catalog import list_query, search_products
from shop.admin.drafts.form import MOST_ITEMS, fill, labels, read_edit
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.admin.words import money
from shop.catalog.models import Product, Variant
from shop.checkout.countries import all_countries
from shop.core import clock
from shop.core.languages import NAMES
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.drafts.models import DraftItem, DraftOrder
from shop.drafts.pricing import read_items
from shop.errors import Conflict, InvalidInput, OutsideError
from shop.extensions import db, limiter
from shop.orders.models import Order
from shop.tenancy.currencies import pricing_for
from shop.tenancy.profile import current_profile
from shop.workflows.draft_codes import add_to_draft, drop_from_draft
from shop.workflows.draft_orders import METHODS, find_draft, link_of, priced, send_link, take_link_back, take_payment

PRODUCTS_SHOWN = 8
DAYS = (1, 3, 7, 14, 30)
CLOSED = {
    "sent": "Its link is out. Take it back to change it.",
    "paid": "This draft is paid already.",
    "deleted": "This draft was deleted. Bring it back first.",
}


#: why a code takes nothing off, for staff
WHY_NOT = {
    "spend_more": "More must be bought for it.", "add_more": "More of what it is for must be bought.",
    "nothing_fits": "It is for other things.", "used_up": "It is used up.", "ended": "It has ended.",
    "not_yet": "It has not begun.", "first_order": "It is for first orders.",
    "per_customer": "This customer has used it.", "better": "Another one takes more off; the two do not combine.",
    "unknown": "It is not known any more.", "shipping_is_free": "Shipping is free already.",
    "standard_way": "It is for standard shipping.",
}  # fmt: skip


class Changed(Exception):
    """Somebody saved this draft since the form was filled."""


@bp.get("/drafts/<int:draft_id>")
@staff_only()
def draft(draft_id: int) -> Response:
    session = db.session()
    return _page(session, find_draft(session, draft_id))


@bp.get("/drafts/<int:draft_id>/goods")
@staff_only()
def draft_goods(draft_id: int) -> Response:
    """What fits the words typed, to be added; a fragment of the page."""
    session = db.session()
    found = find_draft(session, draft_id)
    query = list_query(request.args.get("q", ""))
    return render("admin/draft_goods.html", draft=found, goods=_goods(session, query), query=query)


@bp.post("/drafts/<int:draft_id>")
@limiter.limit("30 per minute", exempt_when=lambda: request.form.get("do") != "code")
@staff_only(May.FULFIL)
def save_draft(draft_id: int) -> Response | BaseResponse:
    """`add=<product>` adds the variant chosen there; `do` = save | search | send | take | code (with `code`);
    `drop` = code:<place> | card:<id>."""
    typed = request.form.to_dict()
    session = db.session()
    try:
        _save(draft_id, typed)
        if typed.get("do") in ("send", "take"):
            return _go_on(draft_id, typed)
        if typed.get("do") == "code":
            flash(add_to_draft(draft_id, typed.get("code", "").replace("\x00", "")[:200]), "good")
        elif typed.get("drop"):
            drop_from_draft(draft_id, typed["drop"][:40])
    except InvalidInput as error:
        db.session.rollback()
        flash_fields = error.fields or {"form": error.user_message}
        return _page(session, find_draft(session, draft_id), typed=typed, status=422, errors=flash_fields)
    except Changed:
        db.session.rollback()
        return _page(session, find_draft(session, draft_id), met=typed, status=422)
    except (Conflict, OutsideError) as error:
        db.session.rollback()
        flash(in_words(error), "bad")
        return redirect(url_for("admin.draft", draft_id=draft_id), 303)
    if typed.get("do") == "save":
        flash("Saved.", "good")
    query = list_query(typed.get("q", "")) if typed.get("do") == "search" else ""
    return redirect(url_for("admin.draft", draft_id=draft_id, q=query or None), 303)


@bp.post("/drafts/<int:draft_id>/take-back")
@staff_only(May.FULFIL)
def take_back_draft(draft_id: int) -> BaseResponse:
    return _move(draft_id, lambda: take_link_back(draft_id), "The link is taken back: it leads nowhere now.")


@bp.post("/drafts/<int:draft_id>/delete")
@staff_only(May.FULFIL)
def delete_draft(draft_id: int) -> BaseResponse:
    said = "The draft is deleted. You find it under Deleted, and can bring it back."
    return _move(draft_id, lambda: take_link_back(draft_id, delete=True), said)


@bp.post("/drafts/<int:draft_id>/restore")
@staff_only(May.FULFIL)
def restore_draft(draft_id: int) -> BaseResponse:
    def work() -> bool:
        with transaction() as session:
            found = find_draft(session, draft_id, to_change=True)
            if found.status != "deleted":
                return False
            found.status, found.updated_at = "open", clock.now()
        return True

    return _move(draft_id, work, "The draft is back.")


def _move(draft_id: int, work: Callable[[], bool], said: str) -> BaseResponse:
    back = url_for("admin.draft", draft_id=draft_id)
    return press(lambda: said if work() else "That was done already.", done="", back=back)


def _go_on(draft_id: int, typed: dict[str, str]) -> BaseResponse:
    if typed["do"] == "send":
        days = read.whole(typed, "days", "The days", 1, 60)
        new = send_link(draft_id, days=days, who=who())
        flash("The link is on its way to the customer." if new else "The link is out already.", "good")
        return redirect(url_for("admin.draft", draft_id=draft_id), 303)
    method = read.choice(typed, "method", "How it was paid", METHODS)
    currency = find_draft(db.session(), draft_id).currency
    received = None
    if method == "cash":
        received = read.amount(typed, "received", "What was received", currency)
    db.session.rollback()
    number, change = take_payment(draft_id, method=method, received_minor=received, who=who())
    flash(f"Paid: order {number}." + (f" Give {money(change, currency)} back." if change else ""), "good")
    return redirect(url_for("admin.order", number=number), 303)


def _save(draft_id: int, typed: dict[str, str]) -> None:
    """Raises Changed, InvalidInput, Conflict, NotFound. A draft that is sent or paid is left as it is."""
    with transaction() as session:
        found = find_draft(session, draft_id, to_change=True)
        if found.status != "open":
            if typed.get("do") in ("take", "send") and found.status != "deleted":
                return  # a second press: what comes next says what became of the first
            raise Conflict(CLOSED[found.status])
        items = read_items(session, draft_id)
        if meet(fill(found, items), _with_boxes(typed, items), typed.get("marks", "")).changed:
            raise Changed
        edit = read_edit(typed, items, found.currency)
        for name, value in edit.columns.items():
            setattr(found, name, value)
        for item in items:
            change = edit.items.get(item.id)
            if change is None:
                continue
            if change.remove:
                session.delete(item)
                continue
            item.quantity, item.own_minor, item.percent_off = change.quantity, change.own_minor, change.percent_off
            item.reason, item.handed_over = change.reason, change.handed_over
        if typed.get("add"):
            _add(session, found, typed)
        session.flush()
        _fill_in_from_last_order(session, found)
        _remember_totals(session, found)


def _with_boxes(typed: dict[str, str], items: Any) -> dict[str, str]:
    """A box that is not ticked is not sent at all."""
    boxes = {f"i-{i.id}-handed": typed.get(f"i-{i.id}-handed", "") for i in items if f"i-{i.id}-quantity" in typed}
    return {**typed, **boxes}


def _add(session: Session, found: DraftOrder, typed: dict[str, str]) -> None:
    product = typed["add"][:18]
    raw = typed.get(f"variant-{product}", "")
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 18):
        raise InvalidInput(fields={"q": "Choose a variant."})
    variant = session.execute(
        select(Variant)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id == int(raw), Variant.is_available, Product.status == "active")
    ).scalar_one_or_none()
    if variant is None:
        raise InvalidInput(fields={"q": "This cannot be bought any more. Choose something else."})
    items = read_items(session, found.id)
    same = next((item for item in items if item.variant_id == variant.id), None)
    if same is not None:
        same.quantity = min(same.quantity + 1, 200)
    elif len(items) >= MOST_ITEMS:
        raise InvalidInput(fields={"q": f"A draft holds {MOST_ITEMS} different things."})
    else:
        seen = pricing_for(current_profile(), found.currency).of(variant.price_minor, variant.fixed_prices)
        session.add(DraftItem(draft_id=found.id, variant_id=variant.id, quantity=1, seen_minor=seen))


def _fill_in_from_last_order(session: Session, found: DraftOrder) -> None:
    """A known customer's name and address, where nothing was typed."""
    if not found.email or found.customer_name or found.ship_to.get("line1"):
        return
    last = session.execute(
        select(Order).where(Order.email == found.email).order_by(Order.placed_at.desc()).limit(1)
    ).scalar_one_or_none()
    if last is not None:
        found.customer_name, found.phone = last.customer_name, found.phone or last.phone
        found.ship_to = {**found.ship_to, **{k: v for k, v in (last.ship_to or {}).items() if v}}


def _remember_totals(session: Session, found: DraftOrder) -> None:
    """For the list; and the prices that are on the screen now have been seen."""
    now = priced(session, found)
    for one in now.items:
        one.item.seen_minor = one.list_minor
    found.total_minor = now.quote.total_minor
    found.items = sum(one.line.quantity for one in now.items)
    found.updated_at = clock.now()


def _goods(session: Session, query: str) -> list[tuple[Any, list[Variant]]]:
    """Products that fit, with what of each can be bought; three statements."""
    if not query:
        return []
    products = search_products(session, "active", query, 1).items[:PRODUCTS_SHOWN]
    variants: dict[int, list[Variant]] = {}
    for variant in session.execute(
        select(Variant)
        .where(Variant.product_id.in_([p.id for p in products]), Variant.is_available)
        .order_by(Variant.product_id, Variant.position, Variant.id)
    ).scalars():
        variants.setdefault(variant.product_id, []).append(variant)
    return [(product, variants[product.id]) for product in products if product.id in variants]


def _page(
    session: Session,
    found: DraftOrder,
    *,
    typed: dict[str, str] | None = None,
    met: dict[str, str] | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> Response:
    items = read_items(session, found.id)
    stored = values = fill(found, items)
    changed = None
    if typed is not None:
        values = {**stored, **{k: v for k, v in _with_boxes(typed, items).items() if k in stored}}
    elif met is not None:
        both = meet(stored, _with_boxes(met, items), met.get("marks", ""))
        names = labels(items)
        values, changed = both.values, {names[k]: v for k, v in both.changed.items()}
    number = None
    if found.order_id:
        number = session.execute(select(Order.number).where(Order.id == found.order_id)).scalar()
    query = list_query(request.args.get("q", ""))
    now = priced(session, found)
    return render(
        "admin/draft.html",
        status=status,
        page_title=f"Draft {found.id}",
        draft=found,
        now=now,
        refused=[(row.code, WHY_NOT.get(row.why, "It does not hold now.")) for row in now.quote.discounts.refused],
        is_expired=found.link_expires_at is not None and found.link_expires_at <= clock.now(),
        values=values,
        typed=typed or {},
        marks=(typed or {}).get("marks") or marks_of(stored),
        errors=errors or {},
        changed=changed,
        goods=_goods(session, query),
        query=query,
        number=number,
        link=link_of(found) if found.status == "sent" else "",
        countries=all_countries(),
        languages=tuple(NAMES.items()),
        days=[(str(d), f"{d} day{'s' if d > 1 else ''}") for d in DAYS],
        methods=list(METHODS.items()),
        frozen_total=found.total_minor,
    )


