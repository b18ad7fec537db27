"""One order: what, to whom, what was paid, where it is, and the story of all that happened."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from shop.admin.blueprint import bp
from shop.admin.channel_orders.on_order import channel_part
from shop.admin.invoices.on_order import papers_of
from shop.admin.order_story import SORTS, read_story
from shop.admin.permissions import staff_only
from shop.core.pages import render
from shop.core.paging import page_number
from shop.email.models import Letter
from shop.errors import NotFound
from shop.extensions import db
from shop.fulfilment.changing import is_unsent
from shop.fulfilment.models import FulfilmentOrder, Shipment
from shop.orders.models import Order
from shop.orders.numbers import read_number
from shop.payments.models import Dispute, Payment, Refund
from shop.payments.summing import OPEN_DISPUTES, sum_payments
from shop.workflows.correct_address import reach_of
from shop.workflows.letter_facts import address_lines, order_url
from shop.workflows.letters_of_order import letters_that_fit
from shop.workflows.order_again import PAID


@bp.get("/orders/<number>")
@staff_only()
def order(number: str) -> Response:
    session = db.session()
    found = get_order(session, number)
    works = _works(session, found.id)
    parcels, refunds = _rows(session, Shipment, found.id), _rows(session, Refund, found.id)
    disputes = _rows(session, Dispute, found.id)
    letters = (
        session.execute(select(Letter).where(Letter.order_id == found.id).order_by(Letter.id.desc()).limit(50))
        .scalars()
        .all()
    )
    sums = sum_payments(session, found.id)
    sort = request.args.get("story", "") if request.args.get("story") in SORTS else "all"
    page = page_number(request.args.get("older"))
    entries, has_older = read_story(session, found.id, sort, min(page, 100))
    over = {work.replaces_id for work in works}
    return render(
        "admin/order.html",
        page_title=f"Order {found.number}",
        order=found,
        ship_to=address_lines(found.ship_to),
        bill_to=address_lines(found.bill_to),
        buyer_url=order_url(found),
        payments=_rows(session, Payment, found.id),
        refunds=refunds,
        disputes=disputes,
        open_disputes=[d for d in disputes if d.status in OPEN_DISPUTES],
        works=works,
        parcels=parcels,
        letters=letters,
        resendable=letters_that_fit(found, parcels, refunds),
        resend_round=int(session.execute(select(func.count()).where(Letter.order_id == found.id)).scalar_one()),
        papers=papers_of(session, found.id),
        entries=entries,
        story=sort,
        story_sorts=[(key, name) for key, (name, _) in SORTS.items()],
        older_page=page + 1 if has_older else None,
        newer_page=page - 1 if page > 1 else None,
        me=current_user.id,
        sums=sums,
        cost_minor=sum(work.cost_minor for work in works),
        may_cancel=found.status == "placed" and all(w.step != "watch" or w.status == "cancelled" for w in works),
        releasable=[w for w in works if _is_releasable(w)],
        splittable=[w for w in works if is_unsent(w) and sum(line.quantity for line in w.lines) > 1],
        swappable=_swappable(works, [line.id for line in found.lines]),
        may_order_again=[w for w in works if _may_order_again(found, w, w.id in over)],
        may_give_up=[w for w in works if _may_give_up(found, works, w, w.id in over)],
        reach=reach_of(works),
        replaced=over,
        channel=channel_part(session, found),
    )


def get_order(session: Session, number: str) -> Order:
    """By its number, however it is typed. Raises NotFound."""
    shaped = read_number(number)
    found = None
    if shaped:
        found = session.execute(
            select(Order).where(Order.number == shaped).options(selectinload(Order.lines))
        ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no order with this number.")
    return found


def _rows(session: Session, model: Any, order_id: int) -> list[Any]:
    return list(session.execute(select(model).where(model.order_id == order_id).order_by(model.id)).scalars())


def _works(session: Session, order_id: int) -> list[FulfilmentOrder]:
    query = select(FulfilmentOrder).where(FulfilmentOrder.order_id == order_id).order_by(FulfilmentOrder.generation)
    return list(session.execute(query.options(selectinload(FulfilmentOrder.lines))).scalars())


def _swappable(works: list[FulfilmentOrder], line_ids: list[int]) -> set[int]:
    """Lines of which the provider has nothing yet."""
    sent = {line.order_line_id for w in works if w.status != "cancelled" and not is_unsent(w) for line in w.lines}
    return set(line_ids) - sent


def _may_order_again(order: Order, work: FulfilmentOrder, is_replaced: bool) -> bool:
    """It was cancelled there, or is in trouble there: what was refused is just submitted again."""
    if order.status != "placed" or order.payment_status not in PAID or is_replaced or work.given_up_at is not None:
        return False
    return work.status == "cancelled" or (work.external_id is not None and work.work_state == "parked")


def _may_give_up(order: Order, works: list[FulfilmentOrder], work: FulfilmentOrder, is_replaced: bool) -> bool:
    """A whole order is cancelled instead."""
    if order.status != "placed" or is_replaced or work.given_up_at is not None:
        return False
    return (len(works) > 1 and work.step != "watch") or work.status == "cancelled"


def _is_releasable(work: FulfilmentOrder) -> bool:
    """A person may say "go on": it is on hold, stopped, or waits for production by hand or by its delay."""
    if work.status == "cancelled" or work.step == "watch" or work.work_state == "working":
        return False
    return work.is_held or work.work_state == "parked" or work.step == "produce"
