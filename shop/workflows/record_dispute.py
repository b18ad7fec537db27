"""A buyer contests a payment: write it down, stop what has not been made, call the merchant."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core.transaction import release_connection, run_in_transaction
from shop.email.requesting import request_letter
from shop.fulfilment.holding import hold_fulfilment
from shop.orders.models import Order
from shop.orders.statuses import lock_order, set_payment_status, tell
from shop.payments.gateway import DisputeFacts
from shop.payments.models import Dispute, Payment
from shop.payments.stripe_gateway import gateway
from shop.payments.summing import OPEN_DISPUTES, sum_payments
from shop.tenancy.profile import current_profile
from shop.workflows.announcements import announce_dispute
from shop.workflows.bought_gift_cards import rest_while_disputed
from shop.workflows.letter_facts import money, public_url

FINAL = frozenset({"won", "lost", "prevented", "warning_closed"})


def from_dispute(dispute_id: str) -> str:
    """Returns the dispute's status, or "unknown" when the payment is not ours. A repeat changes nothing."""
    release_connection()
    facts = gateway().read_dispute(dispute_id)
    return run_in_transaction(lambda session: merge_dispute(session, facts))


def merge_dispute(session: Session, facts: DisputeFacts) -> str:
    """Write down one dispute as the gateway tells it; a final status stays. The caller commits."""
    payment = session.execute(select(Payment).where(Payment.external_id == facts.payment_id)).scalar_one_or_none()
    if payment is None:
        return "unknown"
    order = lock_order(session, payment.order_id)
    dispute = session.execute(
        select(Dispute).where(Dispute.external_id == facts.dispute_id).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if dispute is None:
        dispute = Dispute(
            payment_id=payment.id,
            order_id=order.id,
            external_id=facts.dispute_id,
            status="",
            amount_minor=facts.amount_minor,
            currency=facts.currency,
        )
        session.add(dispute)
    dispute.reason, dispute.evidence_due_at = facts.reason, facts.evidence_due_at
    dispute.details = {**facts.details, "is_answered": facts.is_answered}
    was = dispute.status
    if dispute.status != facts.status and dispute.status not in FINAL:
        dispute.status = facts.status
        tell(session, order, "dispute", why=f"Dispute over {money(order, facts.amount_minor)}: {facts.status}")
    session.flush()
    sums = sum_payments(session, order.id)
    set_payment_status(session, order, sums.status, why="Recomputed after a dispute")
    if was == "":
        announce_dispute(session, "dispute.opened", order, dispute)
    if dispute.status in FINAL and was not in FINAL:
        announce_dispute(session, "dispute.closed", order, dispute)
    if dispute.status in OPEN_DISPUTES:
        hold_fulfilment(session, order.id, "The buyer disputes this payment.")
        rest_while_disputed(session, order)
        _call_merchant(session, order, dispute)
    return dispute.status


def _call_merchant(session: Session, order: Order, dispute: Dispute) -> None:
    due = f" Evidence is due by {dispute.evidence_due_at:%d %B %Y}." if dispute.evidence_due_at else ""
    request_letter(
        session,
        letter="merchant_failure",
        subject_key=f"dispute:{dispute.external_id}"[:80],
        to_email=current_profile().merchant_email,
        facts={
            "what": f"The payment of order {order.number} is disputed",
            "why": f"Reason given: {dispute.reason.replace('_', ' ')}.{due}",
            "hint": "Answer before the deadline, or give it up; what was not made yet is on hold.",
            "url": public_url(f"/admin/disputes/{dispute.id}"),
        },
        order_id=order.id,
    )
