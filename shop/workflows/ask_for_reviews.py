"""Some days after a parcel arrived its buyer is asked, once for each order, what they think of it.

The time that counts is the last parcel's; where a carrier tells nothing, three weeks on the way stand for the arrival.
Whoever cancelled, got everything back, disputes the payment, or does not want such letters is passed over for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import run_in_transaction
from shop.email.requesting import request_letter
from shop.fulfilment.models import Shipment
from shop.orders.models import Order
from shop.returns.models import Return, Withdrawal
from shop.reviews.asking import note_ask
from shop.reviews.models import ReviewAsk
from shop.reviews.rules import review_rules
from shop.subscribers.choosing import may_write
from shop.subscribers.kinds import REVIEW
from shop.tenancy.languages import absolute_url_for
from shop.tenancy.profile import current_profile
from shop.workflows.letter_choices import stop_links
from shop.workflows.letter_facts import absolute, order_facts
from shop.workflows.review_links import review_path
from shop.workflows.write_review import ARRIVED_AFTER, list_bought

#: orders older than that are let be: nobody is asked for years of them when the letters are switched on
WINDOW = timedelta(days=30)
AT_ONCE = 100
_ARRIVED = ("delivered", "shipped")
_OURS = ("storefront", "draft", "counter")  # nobody is written to who bought elsewhere
_GIVEN_BACK = ("refunded", "disputed", "unpaid", "failed")


def run() -> int:
    """Ask whose time has come; how many letters were written. A repeat writes none."""
    rules = review_rules(current_profile().reviews)
    if not rules.is_on or not rules.asks:
        return 0
    ripe, asked, last = clock.now() - timedelta(days=rules.ask_after_days), 0, 0
    while True:

        def work(session: Session, after: int = last) -> tuple[int, int]:
            ids = _candidates(session, ripe, after)
            return _ask(session, ids, ripe), ids[-1] if len(ids) == AT_ONCE else 0

        new, last = run_in_transaction(work)
        asked += new
        if not last:
            return asked


def _candidates(session: Session, ripe: datetime, after: int) -> Sequence[int]:
    """Orders with a parcel of that time, that nobody was asked about."""
    silent = ripe - ARRIVED_AFTER
    parcels = select(Shipment.order_id).where(
        or_(
            Shipment.delivered_at.between(ripe - WINDOW, ripe),
            Shipment.delivered_at.is_(None) & Shipment.shipped_at.between(silent - WINDOW, silent),
        )
    )
    was_asked = select(ReviewAsk.id).where(ReviewAsk.order_id == Order.id).exists()
    wanted = select(Order.id).where(Order.id.in_(parcels), ~was_asked, Order.id > after)
    return session.execute(wanted.order_by(Order.id).limit(AT_ONCE)).scalars().all()


def _ask(session: Session, ids: Sequence[int], ripe: datetime) -> int:
    if not ids:
        return 0
    orders = session.execute(select(Order).where(Order.id.in_(ids)).order_by(Order.id)).scalars().all()
    last, back = _last_news(session, ids), _going_back(session, ids)
    asked = 0
    for order in orders:
        if order.status != "cancelled" and (order.fulfilment_status not in _ARRIVED or last[order.id] > ripe):
            continue  # a part of it is still to come
        is_fine = _is_fine(order) and order.id not in back and may_write(session, order.email, REVIEW)
        told = _facts(session, order) if is_fine else None
        if note_ask(session, order.id, "asked" if told else "passed") and told:
            asked += request_letter(
                session,
                letter="review_request",
                subject_key=f"order:{order.id}",
                to_email=order.email,
                facts=told,
                locale=order.locale,
                order_id=order.id,
            )
    return asked


def _going_back(session: Session, ids: Sequence[int]) -> set[int]:
    """Orders somebody withdrew from, or sends (a part of) back."""
    withdrawn = select(Withdrawal.order_id).where(Withdrawal.order_id.in_(ids))
    returned = select(Return.order_id).where(Return.order_id.in_(ids), Return.status.not_in(("declined", "withdrawn")))
    return {int(order_id) for order_id in session.execute(withdrawn.union(returned)).scalars() if order_id}


def _last_news(session: Session, ids: Sequence[int]) -> dict[int, datetime]:
    """When the last parcel of each order arrived; where nothing is told, when it should have."""
    arrived = func.max(func.coalesce(Shipment.delivered_at, Shipment.shipped_at + ARRIVED_AFTER))
    rows = session.execute(
        select(Shipment.order_id, arrived).where(Shipment.order_id.in_(ids)).group_by(Shipment.order_id)
    )
    return {row[0]: row[1] for row in rows}


def _is_fine(order: Order) -> bool:
    """Bought here, kept, and by somebody who can be written to."""
    return (
        order.status != "cancelled"
        and order.payment_status not in _GIVEN_BACK
        and order.channel in _OURS
        and bool(order.email)
    )


def _facts(session: Session, order: Order) -> dict[str, Any] | None:
    """What the letter says; None when there is nothing (left) to review."""
    bought = [b for b in list_bought(session, order) if b.may_review and b.is_on_sale and b.review is None]
    if not bought:
        return None
    link = review_path(order.id)
    goods = [
        {
            "title": b.title,
            "variant_title": b.variant_title,
            "total": "",
            "image_url": absolute(str(b.image.get("src") or "")),
            "url": absolute_url_for(f"{link}/{b.product_id}", order.locale),
        }
        for b in bought
    ]
    return {
        "order": order_facts(session, order)["order"],
        "goods": goods,
        "review_url": absolute_url_for(link, order.locale),
        **stop_links(session, order.email, order.locale, REVIEW),
    }
