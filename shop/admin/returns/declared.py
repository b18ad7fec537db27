"""One declaration of withdrawal: what was declared, when, and what follows from it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import in_words
from shop.admin.blueprint import bp
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.admin.returns.words import state_of_withdrawal
from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import release_connection
from shop.errors import InvalidInput, NotFound, ShopError
from shop.extensions import db
from shop.orders.models import Order
from shop.returns.models import Return, Withdrawal
from shop.workflows.declare_withdrawal import NOT_MADE, act, match


@bp.get("/withdrawals/<int:withdrawal_id>")
@staff_only()
def withdrawal(withdrawal_id: int) -> Response:
    return _page(_get(withdrawal_id))


@bp.post("/withdrawals/<int:withdrawal_id>")
@staff_only(May.REFUND)
def act_on_withdrawal(withdrawal_id: int) -> Response | BaseResponse:
    """`do`: match (with `number`) | cancel | return | dismiss (with `words`)."""
    _get(withdrawal_id)
    try:
        do = read.choice(request.form, "do", "The button", ("match", "cancel", "return", "dismiss"))
        words = read.text(request.form, "words", "The reason", 1000, required=False, lines=True)
        number = read.text(request.form, "number", "The order number", 40, required=do == "match")
        release_connection()
        if do == "match":
            said = f"It is about order {match(withdrawal_id, number, who=who())}."
        else:
            said = _SAID[do] if act(withdrawal_id, do, words=words, who=who()) else "That was done already."
    except InvalidInput as error:
        db.session.rollback()
        return _page(_get(withdrawal_id), errors=dict(error.fields), status=422)
    except NotFound:
        raise
    except ShopError as error:
        db.session.rollback()
        flash(in_words(error), "bad")
    else:
        flash(said, "good")
    return redirect(url_for("admin.withdrawal", withdrawal_id=withdrawal_id), 303)


_SAID = {
    "cancel": "The order is being cancelled, and the money goes back.",
    "return": "It is a return now.",
    "dismiss": "It is closed. What was declared is kept.",
}


def _get(withdrawal_id: int) -> Withdrawal:
    found = db.session.execute(select(Withdrawal).where(Withdrawal.id == withdrawal_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such declaration.")
    return found


def _page(held: Withdrawal, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    session = db.session()
    order = session.get(Order, held.order_id) if held.order_id else None
    values: dict[str, Any] = {}
    if order is None:
        like = select(Order.number, Order.placed_at, Order.customer_name, Order.email)
        values["candidates"] = session.execute(
            like.where(Order.email == held.email.lower()).order_by(Order.placed_at.desc()).limit(5)
        ).all()
    return render(
        "admin/withdrawal.html",
        status=status,
        page_title=f"Withdrawal {held.reference}",
        held=held,
        order=order,
        state=state_of_withdrawal(held),
        row=session.execute(select(Return).where(Return.withdrawal_id == held.id)).scalar_one_or_none(),
        may_cancel=order is not None and order.fulfilment_status in NOT_MADE and order.status == "placed",
        is_open=held.status != "closed" and not held.outcome and not held.step,
        now=clock.now(),
        errors=errors or {},
        form={k: v[:1000] for k, v in list(request.form.items())[:20]},
        **values,
    )
