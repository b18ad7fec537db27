"""Give money back: first the row, under the order's lock, then the gateway with the row's key.

However often the button is pressed, the gateway is asked once per row, and the sum of rows never exceeds what was
captured.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import Conflict, InvalidInput, NotFound, Refused
from shop.extensions import db
from shop.orders.models import Order
from shop.orders.statuses import lock_order, tell
from shop.payments.gateway import RefundFacts
from shop.payments.models import Payment, Refund
from shop.payments.stripe_gateway import gateway
from shop.payments.summing import sum_payments
from shop.workflows.letter_facts import money
from shop.workflows.record_refund import merge_refund

#: Stripe forgets idempotency keys after a day: an older unknown outcome is looked up, never asked again blindly
KEY_LIVES = timedelta(hours=20)


def request_refund(order_id: int, amount_minor: int, *, reason: str, who: str, form_key: str | None = None) -> int:
    """Returns the refund's id. Raises InvalidInput for a bad amount, Conflict when less is left to give back.

    `form_key` names one asking (at most 64 signs): asked again with it, however late, the first refund's id is
    returned.
    """
    if amount_minor <= 0:
        raise InvalidInput(fields={"amount": "The amount must be more than zero."})

    def work(session: Session) -> int:
        order = session.execute(select(Order).where(Order.id == order_id).with_for_update()).scalar_one_or_none()
        if order is None:
            raise NotFound("This order does not exist.")
        if form_key and (earlier := _find_asked(session, order_id, form_key)) is not None:
            return earlier
        left = sum_payments(session, order_id).refundable
        if amount_minor > left:
            raise Conflict(f"At most {money(order, left)} can be given back.")
        payment = (
            session.execute(
                select(Payment).where(Payment.order_id == order_id, Payment.status == "paid").order_by(Payment.id)
            )
            .scalars()
            .first()
        )
        if payment is None:
            raise Conflict("Nothing was paid for this order.")
        refund = Refund(
            payment_id=payment.id,
            order_id=order_id,
            amount_minor=amount_minor,
            currency=order.currency,
            reason=reason[:200],
            requested_by=who,
            form_key=form_key,
        )
        session.add(refund)
        session.flush()
        tell(
            session,
            order,
            "refund_requested",
            who=who,
            why=f"Refund of {money(order, amount_minor)} requested. {reason}",
        )
        enqueue_after_commit(session, JobName.DRAIN_PAYMENTS)
        return refund.id

    return int(run_in_transaction(work))


def _find_asked(session: Session, order_id: int, form_key: str) -> int | None:
    asked = select(Refund.id).where(Refund.order_id == order_id, Refund.form_key == form_key)
    return session.execute(asked).scalar_one_or_none()


def submit_refund(held: Claim) -> None:
    """Ask the gateway; write down its answer. Raises OutsideError kinds for the drain loop."""
    refund = db.session.execute(select(Refund).where(Refund.id == held.id)).scalar_one()
    payment = db.session.execute(select(Payment).where(Payment.id == refund.payment_id)).scalar_one()
    if refund.status != "requested":
        with transaction() as session:
            durable.finish(session, Refund, held)
        return
    order_id, payment_id = refund.order_id, payment.external_id
    amount, reason, started = refund.amount_minor, refund.reason, refund.calling_since
    facts = None
    if started is not None and clock.now() - started > KEY_LIVES:
        release_connection()
        known = gateway().list_refunds(payment_id=payment_id)
        facts = next((r for r in known if r.our_refund_id == held.id), None)
        started = None
    if facts is None:
        facts = _ask(held, started or _begin(held), payment_id, amount, reason)
    answer = facts
    run_in_transaction(lambda session: _write_down(session, held, order_id, answer))


def _begin(held: Claim) -> datetime:
    """Mark the call; the moment names the generation of the key: it stays while the outcome is unknown, and a refund
    that was refused is asked for under a new key (Stripe repeats its refusal under the old one for a day)."""
    with transaction() as session:
        durable.begin_call(session, Refund, held)
        moment = session.execute(select(Refund.calling_since).where(Refund.id == held.id)).scalar_one()
    if moment is None:
        raise durable.LostLease(f"refund {held.id} was taken over")
    return moment


def _ask(held: Claim, started: datetime, payment_id: str, amount: int, reason: str) -> RefundFacts:
    release_connection()
    key = f"refund-{held.id}-{int(started.timestamp() * 1000)}"
    try:
        return gateway().refund(
            key=key, payment_id=payment_id, amount_minor=amount, our_refund_id=held.id, reason=reason
        )
    except Refused as error:
        error.facts["final"] = True  # the answer to this key, whenever it was first asked
        raise


def _write_down(session: Session, held: Claim, order_id: int, answer: RefundFacts) -> None:
    lock_order(session, order_id)
    durable.hold(session, Refund, held)
    merge_refund(session, answer)
    session.flush()
    durable.finish(session, Refund, held)


def give_up_refund(refund_id: int, who: str) -> None:
    """A parked refund that the gateway refused: free its amount again. A repeat does nothing."""
    with transaction() as session:
        order_id = session.execute(select(Refund.order_id).where(Refund.id == refund_id)).scalar()
        if order_id is None:
            return
        order = lock_order(session, order_id)
        refund = session.execute(select(Refund).where(Refund.id == refund_id).with_for_update()).scalar_one()
        if refund.work_state != "parked" or refund.status != "requested":
            return
        if refund.calling_since is not None:
            raise Refused("Whether this refund was made is not known. Look it up at Stripe first.")
        refund.status, refund.work_state = "failed", "done"
        tell(session, order, "refund_failed", who=who, why=f"Refund of {money(order, refund.amount_minor)} given up")
