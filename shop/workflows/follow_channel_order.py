"""What happens at a platform to an order that is placed here: paid, given back, changed, cancelled. Told once each.

Nothing there undoes what is being made here by itself: where it is too late, a person is told.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.channels.ordering.composing import address_of
from shop.channels.ordering.models import ChannelOrder
from shop.channels.ordering.storing import is_erased
from shop.channels.records import OrderRecord, PaymentState
from shop.core import durable
from shop.core.durable import Claim
from shop.core.transaction import run_in_transaction, transaction
from shop.email.requesting import request_letter
from shop.errors import Conflict, IllegalMove, Unavailable
from shop.fulfilment.holding import hold_fulfilment
from shop.orders.models import Order
from shop.orders.statuses import lock_order, set_payment_status, tell
from shop.payments.models import Payment, Refund
from shop.payments.summing import CHANNEL, COUNTING, sum_payments
from shop.tenancy.profile import current_profile
from shop.workflows.announcements import announce_order
from shop.workflows.cancel_order import cancel_order
from shop.workflows.letter_facts import address_lines, money, public_url
from shop.workflows.push_to_channels import CANCELLED_HERE
from shop.workflows.record_refund import record_counter_refund


def follow(session: Session, row: ChannelOrder, order: Order, record: OrderRecord, name: str) -> bool:
    """Write down what is new there. True when the order is to be cancelled here too. The caller holds the order and
    the row, and commits; a repeat tells nothing twice."""
    payment = session.execute(
        select(Payment).where(Payment.order_id == order.id, Payment.gateway == CHANNEL)
    ).scalar_one_or_none()
    if payment is not None:
        _follow_payment(session, row, order, payment, record, name)
        _follow_refunds(session, order, payment, record, name)
    before, now = dict(row.told), facts_of(record)
    if record.is_cancelled and row.attention.startswith(CANCELLED_HERE):
        row.attention = ""  # it was done there too
    if before and not is_erased(session, order.id):
        _tell_edits(session, row, order, before, now, name)
    row.told = {**now, "too_late": True} if before.get("too_late") else now
    return record.is_cancelled and order.status == "placed" and not before.get("too_late")


def facts_of(record: OrderRecord) -> dict[str, Any]:
    """What a change is noticed by: where it goes, what is in it, who bought it."""
    return {
        "ship_to": address_of(record.ship_to),
        "lines": {
            line.external_id or str(number): [line.title, line.quantity, line.sku]
            for number, line in enumerate(record.lines)
        },
        "email": record.email.strip().lower(),
        "total": record.total_minor,
    }


def _follow_payment(
    session: Session, row: ChannelOrder, order: Order, payment: Payment, record: OrderRecord, name: str
) -> None:
    if payment.status != "authorised":
        return
    if record.payment in (PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.REFUNDED):
        payment.status = "paid"
        session.flush()
        if set_payment_status(session, order, sum_payments(session, order.id).status, why=f"Captured at {name}"):
            announce_order(session, "order.paid", order)
    elif record.payment is PaymentState.FAILED:
        payment.status = "failed"
        why = f"The payment was not captured at {name}: it failed, or its time is over."
        set_payment_status(session, order, "unpaid", why=why)
        hold_fulfilment(session, order.id, why)
        call_a_person(session, row, order, why)


def _follow_refunds(session: Session, order: Order, payment: Payment, record: OrderRecord, name: str) -> None:
    """They tell how much was given back in all; what we do not know of it yet is one more refund. What we asked them to
    give back is among it, so it is counted with what is on its way."""
    known = session.execute(
        select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.payment_id == payment.id, Refund.status.in_(COUNTING)
        )
    ).scalar_one()
    told = record.refunded_minor
    if record.payment is PaymentState.REFUNDED and not told:
        told = payment.amount_minor
    more = min(told, payment.amount_minor) - int(known)
    if more <= 0:
        return
    refund = Refund(
        payment_id=payment.id,
        order_id=order.id,
        amount_minor=more,
        currency=order.currency,
        status="requested",
        reason=f"Given back at {name}",
        external_id=f"{payment.external_id}#{int(known) + more}",
        requested_by=f"at {name}"[:120],
        work_state="done",
    )
    session.add(refund)
    session.flush()
    record_counter_refund(session, order, refund)


def _tell_edits(
    session: Session, row: ChannelOrder, order: Order, before: dict[str, Any], now: dict[str, Any], name: str
) -> None:
    said = []
    if before.get("ship_to") != now["ship_to"]:
        to = ", ".join(address_lines(now["ship_to"])) or "nothing"
        said.append(f"The address was changed at {name}, to: {to}. Correct it here, if it is not too late.")
    if before.get("lines") != now["lines"]:
        said.append(f"What is in it was changed at {name}: {_changed_lines(before.get('lines') or {}, now['lines'])}.")
    elif before.get("total") != now["total"]:
        was, to = money(order, int(before.get("total") or 0)), money(order, now["total"])
        said.append(f"Its total was changed at {name}, from {was} to {to}.")
    if said:
        call_a_person(session, row, order, " ".join(said))
    if before.get("email") != now["email"]:
        tell(session, order, "channel", why=f"The e-mail address was changed at {name}")


def _changed_lines(before: dict[str, Any], now: dict[str, Any]) -> str:
    words = [f"{line[1]} × {line[0]} is new" for key, line in now.items() if key not in before]
    words += [f"{line[1]} × {line[0]} is gone" for key, line in before.items() if key not in now]
    words += [
        f"{now[key][0]}: {line[1]} → {now[key][1]}"
        for key, line in before.items()
        if key in now and line[1] != now[key][1]
    ]
    return ", ".join(words[:10]) or "other words for the same"


def call_a_person(session: Session, row: ChannelOrder, order: Order | None, why: str) -> None:
    """In the order's story, on the page of the channel's order, and once by letter. The caller commits."""
    if row.attention != why:
        row.attention = why[:2000]
    if order is not None:
        tell(session, order, "trouble", why=why)
    digest = hashlib.sha256(why.encode()).hexdigest()[:12]
    request_letter(
        session,
        letter="merchant_failure",
        subject_key=f"channel_orders:{row.id}:{digest}"[:80],
        to_email=current_profile().merchant_email,
        facts={
            "what": f"Order {order.number if order is not None else row.number} was changed elsewhere",
            "why": why,
            "hint": "Open it, and decide what is to be done.",
            "url": public_url(f"/admin/channel-orders/{row.id}"),
        },
        order_id=order.id if order is not None else None,
    )


def cancel_here(held: Claim, order_id: int, why: str) -> None:
    """It was cancelled there: cancel it here too, through the one way there is. Where it is made already, a person is
    told. Raises Unavailable while it is being sent this moment (it is tried again), OutsideError kinds."""
    try:
        cancel_order(order_id, who="system", why=why, refund=False)
    except IllegalMove as error:
        too_late = f"{why}, but it is too late here: {error.user_message} Settle it with the buyer."
        run_in_transaction(lambda session: _too_late(session, held, order_id, too_late))
    except Conflict as error:
        raise Unavailable(error.user_message, service="channel orders") from error
    with transaction() as session:
        durable.finish(session, ChannelOrder, held)


def _too_late(session: Session, held: Claim, order_id: int, why: str) -> None:
    order = lock_order(session, order_id)
    durable.hold(session, ChannelOrder, held)
    row = session.execute(
        select(ChannelOrder).where(ChannelOrder.id == held.id).execution_options(populate_existing=True)
    ).scalar_one()
    call_a_person(session, row, order, why)
    row.told = {**row.told, "too_late": True}
