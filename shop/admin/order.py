"""One order: what, to whom, what was paid, where it is, and the story of all that happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from shop.admin.blueprint import bp
from shop.admin.invoices.on_order import papers_of
from shop.admin.permissions import staff_only
from shop.admin.reading_forms import plain_amount
from shop.admin.words import say, tone
from shop.core.pages import render
from shop.email.models import Letter
from shop.errors import NotFound
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder, Shipment
from shop.orders.models import Order, OrderEntry
from shop.orders.numbers import read_number
from shop.payments.models import Dispute, Payment, Refund
from shop.payments.summing import OPEN_DISPUTES, sum_payments
from shop.workflows.letter_facts import address_lines, order_url

MOST_ENTRIES = 200
TITLES = {
    "placed": "Order placed",
    "note": "Note",
    "letter": "Letter",
    "staff": "Staff",
    "refund_requested": "Refund asked for",
    "refund_failed": "Refund failed",
    "refund": "Refund",
    "dispute": "Dispute",
    "parcel": "Parcel",
    "invoice": "Papers",
    "trouble": "Trouble at the print provider",
}


@dataclass(frozen=True)
class Entry:
    """For the timeline macro."""

    at: datetime
    title: str
    text: str
    tone: str


@bp.get("/orders/<number>")
@staff_only()
def order(number: str) -> Response:
    session = db.session()
    found = get_order(session, number)
    works = _rows(session, FulfilmentOrder, found.id)
    disputes = _rows(session, Dispute, found.id)
    letters = session.execute(
        select(Letter).where(Letter.order_id == found.id).order_by(Letter.id.desc()).limit(50)
    ).scalars().all()
    sums = sum_payments(session, found.id)
    return render(
        "admin/order.html",
        page_title=f"Order {found.number}",
        order=found,
        ship_to=address_lines(found.ship_to),
        bill_to=address_lines(found.bill_to),
        buyer_url=order_url(found),
        payments=_rows(session, Payment, found.id),
        refunds=_rows(session, Refund, found.id),
        disputes=disputes,
        open_disputes=[d for d in disputes if d.status in OPEN_DISPUTES],
        works=works,
        parcels=_rows(session, Shipment, found.id),
        letters=letters,
        resend_round=sum(1 for letter in letters if letter.letter == "order_confirmation"),
        papers=papers_of(session, found.id),
        entries=_entries(session, found.id),
        sums=sums,
        refundable=plain_amount(sums.refundable, found.currency),
        cost_minor=sum(work.cost_minor for work in works),
        may_cancel=found.status == "placed" and all(w.step != "watch" or w.status == "cancelled" for w in works),
        releasable=[w for w in works if _is_releasable(w)],
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


def _is_releasable(work: FulfilmentOrder) -> bool:
    """A person may say "go on": it is on hold, stopped, or waits for production by hand or by its delay."""
    if work.status == "cancelled" or work.step == "watch" or work.work_state == "working":
        return False
    return work.is_held or work.work_state == "parked" or work.step == "produce"


def _entries(session: Session, order_id: int) -> list[Entry]:
    rows = session.execute(
        select(OrderEntry)
        .where(OrderEntry.order_id == order_id)
        .order_by(OrderEntry.at.desc(), OrderEntry.id.desc())
        .limit(MOST_ENTRIES)
    ).scalars()
    return [_entry(row) for row in rows]


def _entry(row: OrderEntry) -> Entry:
    title = TITLES.get(row.what) or say(row.to_status or row.what)
    who = "" if row.who in ("system", "") else f" · {row.who}"
    colour = "needs" if row.what in ("dispute", "trouble", "refund_failed") else tone(row.to_status or row.what)
    return Entry(row.at, title + who, row.why, "waiting" if row.what in ("note", "letter", "staff") else colour)
