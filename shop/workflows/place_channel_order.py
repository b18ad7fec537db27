"""An order of a platform that may be placed becomes an order of ours: matched, composed, paid there, asked to be made.

Everything in one transaction, unique on "<channel>:<connection>:<their id>": a hook and a pull at once make one order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts.customers import remember_customer
from shop.cart.pricing import PricedLine, Wanted, price_wanted
from shop.channels.models import Connection
from shop.channels.ordering.composing import (
    GOODS,
    address_of,
    compose,
    is_printable,
    missing_of_address,
    told_properties,
)
from shop.channels.ordering.matching import match_lines
from shop.channels.ordering.models import ChannelOrder, ChannelOrderLine
from shop.channels.records import OrderRecord, PaymentState
from shop.email.requesting import request_letter
from shop.fulfilment.requesting import is_printed, request_by_hand, request_fulfilment
from shop.orders.draft import OrderDraft
from shop.orders.models import Order, OrderLine
from shop.orders.placing import Buyer, place_order
from shop.orders.statuses import move_fulfilment, move_order, set_payment_status, tell
from shop.payments.models import Payment
from shop.payments.summing import CHANNEL, sum_payments
from shop.tenancy.currencies import Pricing, offered, pricing_for
from shop.tenancy.profile import current_profile
from shop.workflows.announcements import announce_order
from shop.workflows.issue_invoice import issue_when_paid
from shop.workflows.letter_facts import money, order_facts

MOST_SOURCE_KEY = 120


def source_of(connection: Connection, external_id: str) -> str:
    """The order's source key; a very long id of theirs stands as its hash."""
    key = f"{connection.channel}:{connection.id}:{external_id}"
    if len(key) <= MOST_SOURCE_KEY:
        return key
    return f"{connection.channel}:{connection.id}:#{hashlib.sha256(external_id.encode()).hexdigest()}"


def place(
    session: Session,
    row: ChannelOrder,
    record: OrderRecord,
    connection: Connection,
    name: str,
    options: Mapping[str, Any],
) -> str:
    """Place it; "" when it is placed, else the state (unmatched | held) in the row, and why. The caller holds the row
    and commits. A repeat finds the first order."""
    lines = list(
        session.execute(
            select(ChannelOrderLine)
            .where(ChannelOrderLine.channel_order_id == row.id)
            .order_by(ChannelOrderLine.position)
        ).scalars()
    )
    match_lines(session, connection.id, lines)
    waiting = [line for line in lines if line.how == "open"]
    if waiting:
        return _stop(
            row, "unmatched", " ".join(f"“{line.title or 'Without a title'}”: {line.why}" for line in waiting[:5])
        )
    pricing = find_pricing(record.currency)
    if pricing is None:
        return _stop(
            row,
            "held",
            f"It is in {record.currency}, and the shop has no rate for that. Add {record.currency} at Settings → "
            "Currencies, then try again.",
        )
    if not any(line.how in GOODS for line in lines):
        return _stop(row, "held", "Nothing in it can be made.")
    wanted = [Wanted(line.id, line.variant_id, 1, 0) for line in lines if line.how in GOODS and line.variant_id]
    goods = {priced.id: priced for priced in price_wanted(session, wanted, pricing)}
    profile = current_profile()
    draft = compose(record, lines, goods, pricing, channel=connection.channel, name=name, locale=profile.locale)
    if draft.total_minor != record.total_minor:
        return _stop(row, "held", "Its amounts do not add up to what was paid there. Look at it there.")
    order, is_new = _place(session, row, record, connection, draft)
    row.order_id, row.state, row.why = order.id, "placed", ""
    if is_new:
        order.letters_elsewhere = not options.get("letters")
        _tie_lines(session, order, [line for line in lines if line.how in GOODS])
        _tell_origin(session, order, row, record, lines, draft, name)
        _pay(session, order, record, name)
        _ask_for_goods(session, order, record, lines, goods, name)
        _announce(session, order, options)
    return ""


def find_pricing(currency: str) -> Pricing | None:
    """The rate between the order's currency and the store's; None where the store knows none."""
    profile = current_profile()
    return pricing_for(profile, currency) if currency in offered(profile) else None


def _stop(row: ChannelOrder, state: str, why: str) -> str:
    row.state, row.why = state, why[:2000]
    return row.why


def _place(
    session: Session, row: ChannelOrder, record: OrderRecord, connection: Connection, draft: OrderDraft
) -> tuple[Order, bool]:
    email = row.email if "@" in row.email and " " not in row.email else ""
    ship_to, bill_to = address_of(record.ship_to), address_of(record.bill_to)
    who = record.ship_to.name or record.bill_to.name
    phone = (record.ship_to.phone or record.bill_to.phone)[:40]
    buyer = Buyer(
        email=email,
        name=who[:200],
        phone=phone,
        ship_to=ship_to,
        bill_to=bill_to or ship_to,
        customer_id=remember_customer(session, email, who, draft.locale, phone),
    )
    key = source_of(connection, row.external_id)
    return place_order(session, draft, buyer, source_key=key, is_test=record.is_test)


def _tie_lines(session: Session, order: Order, lines: Sequence[ChannelOrderLine]) -> None:
    """Which line of ours each of theirs became: their parcels and refunds are told by it."""
    ours = session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).scalars()
    for line, made in zip(lines, ours, strict=True):
        line.order_line_id = made.id


def _tell_origin(
    session: Session,
    order: Order,
    row: ChannelOrder,
    record: OrderRecord,
    lines: Sequence[ChannelOrderLine],
    draft: OrderDraft,
    name: str,
) -> None:
    tell(session, order, "channel", why=f"{name} order {row.number or row.external_id}", channel_order_id=row.id)
    for line in lines:
        if line.how in ("nothing", "amount", "gift_card", "ignored", "by_hand"):
            words = {"ignored": "Not made: ", "by_hand": "Made by hand: "}.get(line.how, "")
            tell(session, order, "channel", who=line.who or "system", why=f"“{line.title}”: {words}{line.why}".strip())
    for adjustment in draft.adjustments:
        if adjustment.kind == "rounding":
            amount = money(order, adjustment.amount_minor)
            tell(
                session, order, "channel", why=f"{adjustment.label}: {amount}, so that the total is what was paid there"
            )
    if record.note:
        tell(session, order, "channel", why=f"The buyer wrote: {record.note[:1000]}")


def _pay(session: Session, order: Order, record: OrderRecord, name: str) -> None:
    """The money was taken there: a payment that nothing here can give back by itself."""
    is_paid = record.payment is not PaymentState.AUTHORISED
    if order.total_minor:
        session.add(
            Payment(
                order_id=order.id,
                gateway=CHANNEL,
                external_id=order.source_key,
                status="paid" if is_paid else "authorised",
                amount_minor=order.total_minor,
                currency=order.currency,
                method=f"Paid at {name}"[:60],
            )
        )
        session.flush()
    status = sum_payments(session, order.id).status if order.total_minor else "paid"
    set_payment_status(session, order, status if is_paid else "authorised", why=f"At {name}")


def _ask_for_goods(
    session: Session,
    order: Order,
    record: OrderRecord,
    lines: Sequence[ChannelOrderLine],
    goods: Mapping[int, PricedLine],
    name: str,
) -> None:
    made = session.execute(select(OrderLine).where(OrderLine.order_id == order.id)).scalars().all()
    hold_reason = reason_to_hold(record, lines, goods, name)
    if any(is_printed(line) for line in made):
        request_fulfilment(session, order, hold_reason=hold_reason)
        if hold_reason:
            announce_order(session, "fulfilment.parked", order, why=hold_reason)
    elif hold_reason:
        tell(session, order, "trouble", why=hold_reason)
    by_hand = request_by_hand(session, order)
    if by_hand is not None:
        tell(
            session, order, "part", why=f"{by_hand.external_key} is made by hand: it is not sent to the print provider"
        )
    elif not any(is_printed(line) for line in made):
        move_fulfilment(session, order, "delivered", why="Nothing of it is made here")
        move_order(session, order, "completed", why="Nothing of it is made here")


def reason_to_hold(
    record: OrderRecord, lines: Sequence[ChannelOrderLine], goods: Mapping[int, PricedLine], name: str
) -> str:
    """It was paid, so the order stands; but a person looks before anything is printed. "" when all is well."""
    if record.is_test:
        return f"A test order at {name}. Release it if it is to be made nevertheless, else cancel it."
    if missing := missing_of_address(record.ship_to):
        return f"It came without a {' and a '.join(missing)} to send it to. Correct the address, then release it."
    for line in lines:
        if line.id in goods and is_printable(goods[line.id]) and (told := told_properties(line)):
            wish = ", ".join(f"{key}: {value}" for key, value in told.items())[:500]
            return (
                f"The buyer asked for something of their own ({wish}), and the design is printed as it is. Look first."
            )
    return ""


def _announce(session: Session, order: Order, options: Mapping[str, Any]) -> None:
    announce_order(session, "order.placed", order)
    if order.payment_status == "paid":
        announce_order(session, "order.paid", order)
    if options.get("letters"):
        request_letter(
            session,
            letter="order_confirmation",
            subject_key=f"order:{order.id}",
            to_email=order.email,
            facts=order_facts(session, order),
            locale=order.locale,
            order_id=order.id,
        )
    if options.get("invoices"):
        issue_when_paid(session, order)
