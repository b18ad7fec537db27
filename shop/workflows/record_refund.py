"""Money went back (or failed to): write down what the gateway says. Safe to repeat, in any order."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import release_connection, run_in_transaction
from shop.email.requesting import request_letter
from shop.fulfilment.holding import hold_fulfilment
from shop.orders.models import Order
from shop.orders.statuses import lock_order, set_payment_status, tell
from shop.payments.gateway import RefundFacts
from shop.payments.models import Payment, Refund
from shop.payments.stripe_gateway import gateway
from shop.payments.summing import GIFT_CARD, sum_payments
from shop.workflows.announcements import announce_refund
from shop.workflows.bought_gift_cards import follow_refund
from shop.workflows.issue_invoice import credit_refunds
from shop.workflows.letter_facts import money, order_facts
from shop.workflows.push_to_channels import push_refund

#: a refund that succeeded may still fail later (the bank sends it back), nothing else moves back
RANK = {"requested": 0, "pending": 1, "succeeded": 2, "cancelled": 3, "failed": 3}

#: gateways of ours: payments that no machine can give back
AT_THE_COUNTER = frozenset({"cash", "terminal"})


def from_refund(refund_id: str) -> str:
    """Returns the refund's status, or "unknown" when the payment is not ours."""
    release_connection()
    facts = gateway().read_refund(refund_id)
    return run_in_transaction(lambda session: merge_refund(session, facts))


def from_charge(charge_id: str) -> None:
    """charge.refunded names the charge only: look at each of its refunds."""
    release_connection()
    for facts in gateway().list_refunds(charge_id=charge_id):
        run_in_transaction(lambda session, facts=facts: merge_refund(session, facts))  # type: ignore[misc]


def merge_refund(session: Session, facts: RefundFacts) -> str:
    """Write down one refund as the gateway tells it. The caller commits."""
    payment = session.execute(select(Payment).where(Payment.external_id == facts.payment_id)).scalar_one_or_none()
    if payment is None:
        return "unknown"
    order = lock_order(session, payment.order_id)
    return _move(session, order, _find_or_add(session, payment, facts), facts.status)


def record_counter_refund(session: Session, order: Order, refund: Refund) -> None:
    """What was paid in cash or at a card terminal is given back there, by hand: no gateway is asked. The caller holds
    the order's lock, and commits."""
    _move(session, order, refund, "succeeded")


def _move(session: Session, order: Order, refund: Refund, status: str) -> str:
    if RANK[status] > RANK[refund.status]:
        refund.status = status
        if refund.work_state in ("due", "parked"):
            refund.work_state, refund.finished_at = "done", clock.now()
        follow_refund(session, order, refund)
        _tell_it(session, order, refund)
    session.flush()
    sums = sum_payments(session, order.id)
    set_payment_status(session, order, sums.status, why="Recomputed after a refund")
    credit_refunds(session, order)
    if sums.status == "refunded":
        hold_fulfilment(session, order.id, "The order was refunded in full before it was made.")
    return refund.status


def _find_or_add(session: Session, payment: Payment, facts: RefundFacts) -> Refund:
    refund = session.execute(
        select(Refund)
        .where(
            Refund.payment_id == payment.id,
            or_(Refund.external_id == facts.refund_id, Refund.id == (facts.our_refund_id or 0)),
        )
        .order_by((Refund.external_id == facts.refund_id).desc().nulls_last())
        .limit(1)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if refund is None:
        refund = Refund(
            payment_id=payment.id,
            order_id=payment.order_id,
            amount_minor=facts.amount_minor,
            currency=facts.currency,
            status="requested",
            reason=facts.reason,
            external_id=facts.refund_id,
            requested_by="at the payment provider",
            work_state="done",
        )
        session.add(refund)
        session.flush()
    if refund.external_id is None:
        refund.external_id = facts.refund_id
    return refund


def _tell_it(session: Session, order: Order, refund: Refund) -> None:
    amount = money(order, refund.amount_minor)
    tell(
        session,
        order,
        f"refund_{refund.status}",
        for_buyer=refund.status == "succeeded",
        why=f"Refund of {amount}: {refund.status}",
        who=refund.requested_by,
    )
    if refund.status == "succeeded":
        announce_refund(session, order, refund)
        push_refund(session, order, refund)
        if order.letters_elsewhere:
            return
        payment = session.get_one(Payment, refund.payment_id)
        gift_card = payment.method[-4:] if payment.gateway == GIFT_CARD else ""
        request_letter(
            session,
            letter="refunded",
            subject_key=f"refund:{refund.id}",
            to_email=order.email,
            facts={
                **order_facts(session, order),
                "refund": {"amount": amount, "reason": refund.reason, "gift_card": gift_card},
            },
            locale=order.locale,
            order_id=order.id,
        )
