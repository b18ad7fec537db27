"""Give money back for chosen things, or an amount: choose, look at what it comes to, then do it."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import in_words
from shop.admin.blueprint import bp
from shop.admin.order import get_order
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.admin.words import money
from shop.core.pages import render
from shop.errors import InvalidInput, ShopError
from shop.extensions import db
from shop.orders.models import Order
from shop.orders.sharing import Chosen, WorkedOut, worth_of_shipping
from shop.payments.models import Refund
from shop.payments.summing import given_back, rooms, split_refund, sum_payments
from shop.workflows.channel_refunds import refund_hint
from shop.workflows.refund_order import request_refund, work_out_refund


@bp.get("/orders/<number>/refund")
@staff_only(May.REFUND)
def refund_form(number: str) -> Response | BaseResponse:
    return _page(db.session(), get_order(db.session(), number))


@bp.post("/orders/<number>/refund-lines")
@staff_only(May.REFUND)
def refund_lines(number: str) -> Response | BaseResponse:
    """`do=preview` says what it comes to and asks; `do=apply` does it. The form's key makes a second press the same
    refund, and what was left when it was shown must still be."""
    session = db.session()
    order = get_order(session, number)
    try:
        chosen, amount, reason = _read(order)
        if request.form.get("do") != "apply":
            return _preview(session, order, chosen, amount)
        shown = read.whole(request.form, "left", "What was left", 0, 2_000_000_000 - 1)
        key = f"{order.id}:{read.text(request.form, 'key', 'The form', 64)}"[:64]
        refund_id = request_refund(order.id, amount, reason=reason, who=who(), chosen=chosen, left=shown, form_key=key)
        given = db.session.execute(select(Refund.amount_minor).where(Refund.id == refund_id)).scalar_one()
    except InvalidInput as error:
        session.rollback()
        return _page(db.session(), get_order(db.session(), number), status=422, errors=error.fields)
    except ShopError as error:
        flash(in_words(error), "bad")
    else:
        flash(f"{money(given, order.currency)} is on its way back to the buyer, who gets a letter.", "good")
    return redirect(url_for("admin.order", number=order.number), 303)


def _preview(session: Session, order: Order, chosen: Chosen, amount: int | None) -> Response | BaseResponse:
    worked = work_out_refund(session, order, chosen)
    if amount is None and not worked.minor:
        raise InvalidInput(fields={"lines": "Choose what to give back for, or type an amount."})
    left, total = sum_payments(session, order.id).refundable, worked.minor if amount is None else amount
    if total > left:
        raise InvalidInput(fields={"amount": f"At most {money(left, order.currency)} can be given back."})
    return _page(session, order, worked=worked, total=total)


def _read(order: Order) -> tuple[Chosen, int | None, str]:
    """Raises InvalidInput with every field that is wrong."""
    errors: dict[str, str] = {}
    lines: dict[int, int] = {}
    amount: int | None = None
    reason = ""
    for line in order.lines:
        name = f"line-{line.id}"
        if request.form.get(name):
            try:
                lines[line.id] = read.whole(request.form, name, "How many", 0, line.quantity)
            except InvalidInput as error:
                errors |= error.fields
    try:
        amount = read.amount(request.form, "amount", "The amount", order.currency, required=False) or None
        if request.form.get("amount", "").strip() and amount is None:
            errors["amount"] = "The amount must be more than zero."
    except InvalidInput as error:
        errors |= error.fields
    try:
        reason = read.text(request.form, "reason", "The reason", 200, required=False)
    except InvalidInput as error:
        errors |= error.fields
    if errors:
        raise InvalidInput(fields=errors)
    return Chosen(lines, request.form.get("shipping") == "1"), amount, reason


def _page(
    session: Session,
    order: Order,
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    worked: WorkedOut | None = None,
    total: int = 0,
) -> Response | BaseResponse:
    if hint := refund_hint(session, order):
        flash(hint, "bad")
        return redirect(url_for("admin.order", number=order.number), 303)
    quantities, shipping_given = given_back(session, order.id)
    form: dict[str, Any] = {k: v[:300] for k, v in list(request.form.items())[:300] if k != "csrf_token"}
    return render(
        "admin/order_refund.html",
        status=status,
        page_title=f"Refund {order.number}",
        order=order,
        left=sum_payments(session, order.id).refundable,
        lefts={line.id: max(0, line.quantity - quantities.get(line.id, 0)) for line in order.lines},
        shipping_left=max(0, worth_of_shipping(order, order.lines) - shipping_given),
        form=form,
        errors=errors or {},
        worked=worked,
        total=total,
        ways=split_refund(rooms(session, order.id), total)[0] if worked else [],
        key=form.get("key") or secrets.token_urlsafe(24),
    )
