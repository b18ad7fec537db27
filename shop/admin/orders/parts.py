"""What staff do with one part of an order: split it, order it again, give it up; and the pages that ask how."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import in_words, one_at_a_time, press
from shop.admin.blueprint import bp
from shop.admin.order import get_order
from shop.admin.order_moves import who
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.errors import InvalidInput, NotFound, ShopError
from shop.extensions import db
from shop.fulfilment.changing import is_unsent
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.workflows.cancel_order import cancel_part
from shop.workflows.order_again import order_again
from shop.workflows.split_fulfilment import mark_of, split_fulfilment


@bp.get("/orders/<number>/parts/<int:work_id>/split")
@staff_only(May.FULFIL)
def split_part(number: str, work_id: int) -> Response | BaseResponse:
    order, work = _find(db.session(), number, work_id)
    if not is_unsent(work):
        flash("The print provider has it already: it cannot be split any more.", "bad")
        return redirect(url_for("admin.order", number=order.number), 303)
    return _split_page(order, work)


@bp.post("/orders/<number>/parts/<int:work_id>/split")
@staff_only(May.FULFIL)
def split_part_now(number: str, work_id: int) -> Response | BaseResponse:
    """The form says what the part held when it was shown, so that a second press splits nothing more."""
    order, work = _find(db.session(), number, work_id)
    lines = [line.order_line_id for line in work.lines]
    try:
        wanted = {
            line_id: read.whole(request.form, f"line-{line_id}", "How many", 0, 10_000)
            for line_id in lines
            if request.form.get(f"line-{line_id}")
        }
        key = split_fulfilment(order.id, work.id, wanted, shown=request.form.get("shown", "")[:2000], who=who())
    except InvalidInput as error:
        return _split_page(*_find(db.session(), number, work_id), status=422, errors=error.fields)
    except ShopError as error:
        flash(in_words(error), "bad")
    else:
        flash(f"{key} is printed by itself.", "good")
    return redirect(url_for("admin.order", number=number), 303)


@bp.post("/orders/<number>/parts/<int:work_id>/again")
@staff_only(May.FULFIL)
def order_part_again(number: str, work_id: int) -> BaseResponse:
    """A new order at the provider in place of one that was cancelled or refused. A repeat finds it made."""

    def work() -> str:
        order = get_order(db.session(), number)
        with one_at_a_time("again", work_id):
            key = order_again(order.id, work_id, who=who())
        return f"It is ordered as {key}."

    return press(work, done="", back=url_for("admin.order", number=number))


@bp.post("/orders/<number>/parts/<int:work_id>/give-up")
@staff_only(May.FULFIL)
def give_up_part(number: str, work_id: int) -> BaseResponse:
    """It is not made, and nothing comes in its place."""

    def work() -> str:
        order = get_order(db.session(), number)
        why = read.text(request.form, "why", "The reason", 200, required=False)
        if request.form.get("sure") != "1":
            raise InvalidInput(fields={"sure": "Tick the box to say that this part is not to be made."})
        with one_at_a_time("give-up", work_id):
            cancel_part(order.id, work_id, who=who(), why=why)
        return "It will not be made. Give the money for it back under “Refund”."

    return press(work, done="", back=url_for("admin.order", number=number))


def _find(session: Session, number: str, work_id: int) -> tuple[Order, FulfilmentOrder]:
    order = get_order(session, number)
    work = session.execute(
        select(FulfilmentOrder)
        .where(FulfilmentOrder.id == work_id, FulfilmentOrder.order_id == order.id)
        .options(selectinload(FulfilmentOrder.lines))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if work is None:
        raise NotFound("This order has no such parcel to print.")
    return order, work


def _split_page(
    order: Order, work: FulfilmentOrder, *, status: int = 200, errors: dict[str, str] | None = None
) -> Response:
    typed: dict[str, Any] = {k: v[:10] for k, v in request.form.items() if k.startswith("line-")}
    return render(
        "admin/order_split.html",
        status=status,
        page_title=f"Split {work.external_key}",
        order=order,
        work=work,
        shown=mark_of(list(work.lines)),
        typed=typed,
        errors=errors or {},
    )
