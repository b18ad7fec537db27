"""The first draft of an answer: what the order, its parcels and its letters already say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.email.models import Letter
from shop.fulfilment.models import Shipment
from shop.orders.models import Order, OrderEntry, OrderLine
from shop.payments.evidence import text_fields
from shop.payments.models import Dispute, Payment
from shop.tenancy.profile import current_profile
from shop.workflows.letter_facts import address_lines, money, public_url

MOST_LETTERS = 40


def prefill(session: Session, dispute: Dispute, order: Order) -> dict[str, str]:
    """{the gateway's field: text} for the fields that this dispute's reason asks for. Five statements."""
    lines = session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).scalars()
    parcels = (
        session.execute(select(Shipment).where(Shipment.order_id == order.id).order_by(Shipment.id)).scalars().all()
    )
    goods = "\n".join(
        f"{line.quantity} × {line.title}{f' ({line.variant_title})' if line.variant_title else ''}" for line in lines
    )
    known = {
        "product_description": f"{goods}\nEach piece is printed to order and sent by parcel.",
        "customer_name": order.customer_name,
        "customer_email_address": order.email,
        "billing_address": "\n".join(address_lines(order.bill_to or order.ship_to)),
        "shipping_address": "\n".join(address_lines(order.ship_to)),
        "shipping_carrier": ", ".join(dict.fromkeys(p.carrier.upper() for p in parcels if p.carrier)),
        "shipping_tracking_number": ", ".join(p.number for p in parcels),
        "shipping_date": f"{parcels[0].shipped_at:%Y-%m-%d}" if parcels else "",
        "refund_policy_disclosure": f"Linked on each page of the shop: {public_url('/pages/returns')}",
        "uncategorized_text": _account(session, order, [(p.carrier, p.number, p.delivered_at) for p in parcels]),
    }
    asked = {field.name for _, fields in text_fields(dispute.reason) for field in fields}
    return {name: text for name, text in known.items() if name in asked and text}


def _account(session: Session, order: Order, parcels: list[tuple[str, str, datetime | None]]) -> str:
    """What happened, day by day."""
    total = money(order, order.total_minor)
    told: list[tuple[datetime, str]] = [
        (order.placed_at, f"Order {order.number} placed at {current_profile().name} for {total}.")
    ]
    for payment in session.execute(select(Payment).where(Payment.order_id == order.id)).scalars():
        paid, with_what = money(order, payment.amount_minor), payment.method or "a card"
        told.append((max(payment.created_at, order.placed_at), f"Paid {paid} with {with_what}."))
    moves = session.execute(
        select(OrderEntry.at, OrderEntry.to_status).where(
            OrderEntry.order_id == order.id,
            OrderEntry.to_status.in_(["in_production", "shipped", "delivered", "refunded", "partly_refunded"]),
        )
    )
    told += [(at, f"{str(status).replace('_', ' ').capitalize()}.") for at, status in moves]
    told += [(at, f"Parcel {number} delivered by {carrier.upper()}.") for carrier, number, at in parcels if at]
    letters = session.execute(
        select(Letter.finished_at, Letter.subject_line, Letter.to_email)
        .where(
            Letter.order_id == order.id,
            Letter.to_email == order.email,
            Letter.work_state == "done",
            Letter.provider != "",
        )
        .order_by(Letter.id)
        .limit(MOST_LETTERS)
    )
    told += [(at, f"Letter to {to}: “{subject}”.") for at, subject, to in letters if at and subject]
    return "\n".join(f"{at:%Y-%m-%d %H:%M} UTC: {what}" for at, what in sorted(told, key=lambda one: one[0]))[:20_000]
