"""Discounts: listed with their state and uses, made, changed, switched on and off, codes handed out, used by whom."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.discounts.form import KINDS, LABELS, SCOPES, fill, read_columns, typed_in
from shop.admin.page_links import page_links
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.core import clock
from shop.core.pages import render
from shop.core.paging import Page, page_number
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.orders.models import Order
from shop.promotions.changing import generate_codes, state_of, write_discount
from shop.promotions.models import Discount, DiscountCode, Redemption
from shop.tenancy.profile import current_profile

PER_PAGE = 50


class Changed(Exception):
    """Somebody saved this discount since the form was filled."""


@bp.get("/discounts")
@staff_only()
def discounts() -> Response:
    session, now = db.session(), clock.now()
    ours = Discount.connection_id.is_(None)
    total = int(session.execute(select(func.count(Discount.id)).where(ours)).scalar_one())
    page = min(page_number(request.args.get("page")), max(1, -(-total // PER_PAGE)))
    rows = session.execute(
        select(Discount).where(ours).order_by(Discount.id.desc()).offset((page - 1) * PER_PAGE).limit(PER_PAGE)
    ).scalars()
    found = [(row, KINDS[row.kind], state_of(row, now)) for row in rows]
    listed = Page(found, total, page, PER_PAGE)
    links = page_links(listed, lambda n: url_for("admin.discounts", page=n if n > 1 else None))
    return render("admin/discounts.html", page_title="Discounts", listed=listed, urls=links)


@bp.get("/discounts/new")
@staff_only(May.CATALOG)
def new_discount() -> Response:
    return _page(db.session(), None, fill(None, "", current_profile().currency))


@bp.post("/discounts/new")
@staff_only(May.CATALOG)
def create_discount() -> Response | BaseResponse:
    return _saved(None)


@bp.get("/discounts/<int:discount_id>")
@staff_only()
def discount(discount_id: int) -> Response:
    found = _find(db.session(), discount_id)
    return _page(db.session(), found, _filled(db.session(), found))


@bp.post("/discounts/<int:discount_id>")
@staff_only(May.CATALOG)
def save_discount(discount_id: int) -> Response | BaseResponse:
    """When somebody else saved meanwhile, nothing is written and both versions are shown."""
    return _saved(discount_id)


@bp.post("/discounts/<int:discount_id>/switch")
@staff_only(May.CATALOG)
def switch_discount(discount_id: int) -> BaseResponse:
    """Form field `on`: 1 or nothing. A repeat changes nothing."""
    on = request.form.get("on") == "1"

    def work() -> None:
        with transaction() as session:
            _find(session, discount_id, to_change=True).is_active = on

    done = "It is active again." if on else "It is switched off: no new order gets it."
    return press(work, done=done, back=url_for("admin.discount", discount_id=discount_id))


@bp.post("/discounts/<int:discount_id>/codes")
@staff_only(May.CATALOG)
def make_codes(discount_id: int) -> BaseResponse:
    """Form field `count`: from 1 to 1,000 new codes, each for one use."""

    def work() -> str:
        raw = request.form.get("count", "").strip()
        if not raw.isascii() or not raw.isdigit() or len(raw) > 4 or not 1 <= int(raw) <= 1000:
            raise InvalidInput("Choose from 1 to 1,000 codes.")
        with transaction() as session:
            found = _find(session, discount_id, to_change=True)
            if not found.by_code:
                raise InvalidInput("This discount needs no code: buyers get it by themselves.")
            count = generate_codes(session, found, int(raw))
        return f"{count:,} codes were made. Download them as CSV."

    return press(work, done="", back=url_for("admin.discount", discount_id=discount_id, _anchor="codes"))


@bp.get("/discounts/<int:discount_id>/codes.csv")
@staff_only(May.CATALOG)
def codes_csv(discount_id: int) -> Response:
    found = _find(db.session(), discount_id)
    rows = db.session.execute(
        select(DiscountCode.code, DiscountCode.uses, DiscountCode.max_uses)
        .where(DiscountCode.discount_id == found.id)
        .order_by(DiscountCode.id)
        .limit(100_000)
    )
    body = "code,uses,most uses\r\n" + "".join(f"{code},{uses},{most or ''}\r\n" for code, uses, most in rows)
    headers = {"Content-Disposition": f"attachment; filename=codes-{found.id}.csv", "Cache-Control": "no-store"}
    return Response(body, mimetype="text/csv", headers=headers)


def _saved(discount_id: int | None) -> Response | BaseResponse:
    typed = typed_in(request.form)
    try:
        saved_id = _save(discount_id, typed)
    except InvalidInput as error:
        found = _find(db.session(), discount_id) if discount_id is not None else None
        values = {**_filled(db.session(), found), **typed}
        return _page(db.session(), found, values, status=422, errors=error.fields, marks=request.form.get("marks"))
    except Changed:
        found = _find(db.session(), discount_id or 0)
        met = meet(_filled(db.session(), found), typed, request.form.get("marks", ""))
        return _page(db.session(), found, met.values, status=422, changed=met.changed)
    flash("Saved. The next cart that is looked at has it.", "good")
    return redirect(url_for("admin.discount", discount_id=saved_id), 303)


def _save(discount_id: int | None, typed: dict[str, str]) -> int:
    with transaction() as session:
        found = _find(session, discount_id, to_change=True) if discount_id is not None else None
        if found is not None and meet(_filled(session, found), typed, request.form.get("marks", "")).changed:
            raise Changed
        columns, code = read_columns(typed, current_profile().currency)
        return write_discount(session, found, columns, code).id


def _filled(session: Session, found: Discount | None) -> dict[str, str]:
    return fill(found, _main_code(session, found.id) if found else "", current_profile().currency)


def _main_code(session: Session, discount_id: int) -> str:
    """The code that was typed, not one of those that were generated."""
    asked = select(DiscountCode.code).where(DiscountCode.discount_id == discount_id, DiscountCode.max_uses.is_(None))
    return session.execute(asked.order_by(DiscountCode.id).limit(1)).scalar() or ""


def _find(session: Session, discount_id: int, to_change: bool = False) -> Discount:
    asked = select(Discount).where(Discount.id == discount_id, Discount.connection_id.is_(None))
    if to_change:
        asked = asked.with_for_update().execution_options(populate_existing=True)
    found = session.execute(asked).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such discount.")
    return found


def _page(
    session: Session,
    found: Discount | None,
    values: dict[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    used = _used_by(session, found.id) if found else None
    return render(
        "admin/discount.html",
        status=status,
        page_title=found.title if found else "New discount",
        discount=found,
        state=state_of(found, clock.now()) if found else None,
        values=values,
        errors=errors or {},
        changed=None if changed is None else {LABELS[name]: value for name, value in changed.items()},
        marks=marks if marks is not None else marks_of(_filled(session, found)),
        kinds=list(KINDS.items()),
        scopes=list(SCOPES.items()),
        currency=current_profile().currency,
        codes=_count_codes(session, found.id) if found else 0,
        used=used,
        urls=page_links(used, _link(found.id)) if found and used else {},
    )


def _link(discount_id: int) -> Any:
    return lambda n: url_for("admin.discount", discount_id=discount_id, page=n if n > 1 else None)


def _count_codes(session: Session, discount_id: int) -> int:
    return int(
        session.execute(select(func.count(DiscountCode.id)).where(DiscountCode.discount_id == discount_id)).scalar_one()
    )


def _used_by(session: Session, discount_id: int) -> Page[Any]:
    used = (Redemption.discount_id == discount_id, Redemption.state == "redeemed")
    total = int(session.execute(select(func.count(Redemption.id)).where(*used)).scalar_one())
    page = min(page_number(request.args.get("page")), max(1, -(-total // PER_PAGE)))
    rows = session.execute(
        select(
            Order.number, Order.customer_name, Order.email, Order.placed_at, Order.currency,
            Redemption.amount_minor, DiscountCode.code,
        )
        .join(Order, Order.id == Redemption.order_id)
        .join(DiscountCode, DiscountCode.id == Redemption.code_id, isouter=True)
        .where(*used)
        .order_by(Redemption.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE)
    ).all()  # fmt: skip
    return Page(list(rows), total, page, PER_PAGE)
