"""What staff do with an order. Every move may be pressed twice: the second press changes nothing."""

from __future__ import annotations

from datetime import timedelta

from flask import request, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from shop.admin import reading_forms as read
from shop.admin.answering import one_at_a_time, press
from shop.admin.blueprint import bp
from shop.admin.order import get_order
from shop.admin.permissions import May, staff_only
from shop.admin.words import money
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderEntry
from shop.orders.statuses import tell
from shop.payments.summing import sum_payments
from shop.workflows.cancel_order import cancel_order
from shop.workflows.letters_of_order import send_again
from shop.workflows.refund_order import request_refund
from shop.workflows.submit_fulfilment import release

SAME_NOTE = timedelta(minutes=2)


def who() -> str:
    """As the story tells it."""
    return str(current_user.name or current_user.email)[:80]


def _back(number: str) -> str:
    return url_for("admin.order", number=number)


@bp.post("/orders/<number>/refund")
@staff_only(May.REFUND)
def refund(number: str) -> Response:
    """The form says how much was left when it was shown: a second press, or a colleague's, finds another rest."""

    def work() -> str:
        order = get_order(db.session(), number)
        amount = read.amount(request.form, "amount", "The amount", order.currency)
        shown = read.whole(request.form, "left", "What was left", 0, 999_999_999)
        reason = read.text(request.form, "reason", "The reason", 200, required=False)
        with one_at_a_time("refund", order.id):
            left = sum_payments(db.session(), order.id).refundable
            if left != shown:
                rest = money(left, order.currency)
                raise Conflict(f"A refund was made meanwhile: {rest} is left. Look at the order and try again.")
            request_refund(order.id, amount, reason=reason, who=who())
        return f"{money(amount, order.currency)} is on its way back to the buyer."

    return press(work, done="", back=_back(number))


@bp.post("/orders/<number>/cancel")
@staff_only(May.FULFIL)
def cancel(number: str) -> Response:
    """With or without the money back. A repeat does nothing more."""

    def work() -> str:
        order = get_order(db.session(), number)
        why = read.text(request.form, "why", "The reason", 200, required=False)
        if request.form.get("sure") != "1":
            raise InvalidInput(fields={"sure": "Tick the box to say that this order is to be cancelled."})
        with_money = request.form.get("refund") == "1"
        with one_at_a_time("cancel", order.id):
            cancel_order(order.id, who=who(), why=why, refund=with_money)
        return "The order is cancelled" + (", and the money is on its way back." if with_money else ".")

    return press(work, done="", back=_back(number))


@bp.post("/orders/<number>/release/<int:work_id>")
@staff_only(May.FULFIL)
def release_order(number: str, work_id: int) -> Response:
    """Go on: lift a hold, submit again, or send to production now."""

    def work() -> str:
        order = get_order(db.session(), number)
        row = db.session.execute(
            select(FulfilmentOrder).where(FulfilmentOrder.id == work_id, FulfilmentOrder.order_id == order.id)
        ).scalar_one_or_none()
        if row is None:
            raise NotFound("This order has no such parcel to print.")
        was_held = row.is_held
        db.session.rollback()
        if not release(work_id):
            return "It is on its way already."
        with transaction() as session:
            tell(session, order, "staff", who=who(), why="Released" if was_held else "Sent on by hand")
        return "It goes on now."

    return press(work, done="", back=_back(number))


@bp.post("/orders/<number>/resend")
@staff_only(May.SUPPORT)
def resend_order_letter(number: str) -> Response:
    """A letter of this order once more, with today's facts. The form's round makes a second press the same letter."""

    def work() -> str:
        which = request.form.get("letter") or "order_confirmation"
        so_far = read.whole(request.form, "round", "The form", 0, 9999)
        with transaction() as session:
            order = get_order(session, number)
            name, is_new = send_again(session, order, which, so_far, who())
            to = order.email
        return f"“{name}” goes to {to} again." if is_new else "It is on its way already."

    return press(work, done="", back=_back(number))


@bp.post("/orders/<number>/note")
@staff_only(May.SUPPORT)
def add_note(number: str) -> Response:
    """A note for colleagues; the buyer never sees it. The same note twice within two minutes is one note."""

    def work() -> str:
        note = read.text(request.form, "note", "The note", 2000, lines=True)
        with transaction() as session:
            shaped = get_order(session, number)
            order = session.execute(select(Order).where(Order.id == shaped.id).with_for_update()).scalar_one()
            again = session.execute(
                select(OrderEntry.id).where(
                    OrderEntry.order_id == order.id,
                    OrderEntry.what == "note",
                    OrderEntry.why == note,
                    OrderEntry.at > clock.now() - SAME_NOTE,
                )
            ).first()
            if again is None:
                session.add(
                    OrderEntry(
                        order_id=order.id,
                        at=clock.now(),
                        what="note",
                        who=who(),
                        why=note,
                        staff_id=current_user.id,
                    )
                )
        return "The note is added."

    return press(work, done="", back=_back(number) + "#story")
