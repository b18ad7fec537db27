"""The letters that fit what has happened to an order, and what each says of it today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.email.models import Letter
from shop.email.requesting import request_letter
from shop.errors import InvalidInput
from shop.fulfilment.models import Shipment
from shop.orders.models import Order
from shop.orders.statuses import tell
from shop.payments.models import Refund
from shop.workflows.letter_facts import money, order_facts, parcel_facts


def letters_that_fit(order: Order, parcels: Sequence[Shipment], refunds: Sequence[Refund]) -> list[tuple[str, str]]:
    """[(which, its name)]: "order_confirmation", "shipped:9" about parcel 9, "refunded:4" about refund 4 …"""
    found = [("order_confirmation", "Order confirmation"), ("order_link", "Link to the order")]
    found += [(f"shipped:{p.id}", f"Shipped: parcel {p.number}") for p in parcels]
    found += [(f"delivered:{p.id}", f"Delivered: parcel {p.number}") for p in parcels if p.delivered_at]
    done = [refund for refund in refunds if refund.status == "succeeded"]
    found += [(f"refunded:{r.id}", f"Refunded: {money(order, r.amount_minor)}") for r in done]
    if order.status == "cancelled":
        found.append(("cancelled", "Cancelled"))
    return found


def send_again(session: Session, order: Order, which: str, round_: int, who: str) -> tuple[str, bool]:
    """(the letter's name, whether it is new). `round_`: how many letters the order had when the form was shown; the
    same form again is the same letter. Raises InvalidInput for one that does not fit. The caller commits."""
    parcels = session.execute(select(Shipment).where(Shipment.order_id == order.id)).scalars().all()
    refunds = session.execute(select(Refund).where(Refund.order_id == order.id)).scalars().all()
    names = dict(letters_that_fit(order, parcels, refunds))
    if which not in names:
        raise InvalidInput(fields={"letter": "This letter does not fit the order. Choose another."})
    letter, _, about = which.partition(":")
    thing = {"shipped": "shipment", "delivered": "shipment", "refunded": "refund"}.get(letter)
    new = request_letter(
        session,
        letter=letter,
        subject_key=f"{thing}:{about}#{round_ + 1}" if thing else f"order:{order.id}#{round_ + 1}",
        to_email=order.email,
        facts=_facts(session, order, letter, about),
        locale=order.locale,
        order_id=order.id,
    )
    if new:
        tell(session, order, "letter", who=who, why=f"{names[which]} sent again to {order.email}")
    return names[which], new


def _facts(session: Session, order: Order, letter: str, about: str) -> dict[str, Any]:
    if letter in ("shipped", "delivered"):
        return parcel_facts(session, order, session.get_one(Shipment, int(about)))
    facts = order_facts(session, order)
    if letter == "refunded":
        refund = session.get_one(Refund, int(about))
        facts["refund"] = {"amount": money(order, refund.amount_minor), "reason": refund.reason}
    if letter == "cancelled":
        first = select(Letter.facts).where(Letter.order_id == order.id, Letter.letter == "cancelled")
        said = session.execute(first.order_by(Letter.id).limit(1)).scalar() or {}
        facts["cancellation"] = said.get("cancellation") or {"reason": "", "refund": ""}
    return facts
