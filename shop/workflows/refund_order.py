"""Give money back: first the row, under the order's lock, then the gateway with the row's key.

However often the button is pressed, the gateway is asked once per row, and the sum of rows never exceeds what was
captured.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import Conflict, InvalidInput, NotFound, Refused
from shop.extensions import db
from shop.orders.models import Order, OrderLine
from shop.orders.sharing import Chosen, WorkedOut, work_out
from shop.orders.statuses import lock_order, tell
from shop.payments.gateway import RefundFacts
from shop.payments.models import Payment, Refund, RefundLine
from shop.payments.stripe_gateway import gateway
from shop.payments.summing import CHANNEL, GIFT_CARD, given_back, rooms, split_refund, sum_payments
from shop.workflows.bought_gift_cards import follow_refund
from shop.workflows.channel_refunds import refuse_refund
from shop.workflows.gift_card_refunds import refund_to_card, take_from_bought_cards
from shop.workflows.letter_facts import money
from shop.workflows.record_refund import AT_THE_COUNTER, merge_refund, record_counter_refund

#: Stripe forgets idempotency keys after a day: an older unknown outcome is looked up, never asked again blindly
KEY_LIVES = timedelta(hours=20)
NOTHING_PAID = "Nothing was paid for this order."


def request_refund(
    order_id: int,
    amount_minor: int | None,
    *,
    reason: str,
    who: str,
    chosen: Chosen | None = None,
    left: int | None = None,
    form_key: str | None = None,
) -> int:
    """Returns the refund's id; the first one's where it goes back several ways (to gift cards first).

    `amount_minor` None: what `chosen` is worth; with both, the amount counts.
    `form_key` (unique): the same form again returns the refund that it made. `left`: what could be given back when the
    form was shown. Raises InvalidInput for a bad amount or quantity, Conflict when less is left, or not as much as was
    shown.
    """
    if amount_minor is not None and amount_minor <= 0:
        raise InvalidInput(fields={"amount": "The amount must be more than zero."})

    def work(session: Session) -> int:
        order = _locked(session, order_id)
        again = select(Refund.id).where(Refund.form_key == form_key, Refund.order_id == order_id)
        made = session.execute(again).scalar() if form_key else None
        if made is not None:
            return int(made)
        now = sum_payments(session, order_id).refundable
        if left is not None and left != now:
            rest = money(order, now)
            raise Conflict(f"A refund was made meanwhile: {rest} is left. Look at the order and try again.")
        worked = work_out_refund(session, order, chosen) if chosen is not None else None
        amount = amount_minor if amount_minor is not None else worked.minor if worked is not None else 0
        if amount <= 0:
            raise InvalidInput(fields={"amount": "Choose something that is worth more than zero."})
        if amount > now:
            raise Conflict(f"At most {money(order, now)} can be given back.")
        parts, most = split_refund(rooms(session, order_id), amount)
        if not parts:
            raise Conflict(f"It was paid in parts: at most {money(order, most)} at once." if most else NOTHING_PAID)
        refunds = [
            Refund(
                payment_id=payment.id,
                order_id=order_id,
                amount_minor=minor,
                currency=order.currency,
                reason=reason[:200],
                requested_by=who,
                form_key=form_key if n == 0 else None,
            )
            for n, (payment, minor) in enumerate(parts)
        ]
        session.add_all(refunds)
        session.flush()
        goods = _write_lines(session, refunds, worked)
        why = f"Refund of {money(order, amount)} requested. {goods}{reason}".strip()
        tell(session, order, "refund_requested", who=who, why=why)
        take_from_bought_cards(session, order, refunds, who=who)
        for refund, (payment, _minor) in zip(refunds, parts, strict=True):
            _carry_out(session, order, refund, payment)
        return refunds[0].id

    return int(run_in_transaction(work))


def _carry_out(session: Session, order: Order, refund: Refund, payment: Payment) -> None:
    if payment.gateway == GIFT_CARD:
        refund_to_card(session, order, refund, payment)
    elif payment.gateway in AT_THE_COUNTER:
        record_counter_refund(session, order, refund)
    elif payment.gateway == CHANNEL:
        refuse_refund(session, order)
    else:
        enqueue_after_commit(session, JobName.DRAIN_PAYMENTS)


def request_refund_of_all(order_id: int, *, reason: str, who: str) -> None:
    """All that is left, of each payment its own. A repeat finds nothing left."""
    while True:
        with transaction() as session:
            left = sum_payments(session, order_id).refundable
            most = split_refund(rooms(session, order_id), left)[1] if left else 0
        if not min(left, most):
            return
        request_refund(order_id, min(left, most), reason=reason, who=who, left=left)


def work_out_refund(session: Session, order: Order, chosen: Chosen) -> WorkedOut:
    """What `chosen` is worth, by what was paid and what has been given back. Raises InvalidInput, NotFound."""
    lines = session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).scalars()
    quantities, shipping = given_back(session, order.id)
    return work_out(order, list(lines), chosen, quantities, shipping)


def _locked(session: Session, order_id: int) -> Order:
    if session.get(Order, order_id) is None:
        raise NotFound("This order does not exist.")
    return lock_order(session, order_id)


def _write_lines(session: Session, refunds: Sequence[Refund], worked: WorkedOut | None) -> str:
    """The refunds' lines; where another amount was typed, each has its share of it. Returns them as a sentence.

    Several refunds are filled one after another; a line's quantity is counted in the first that has some of it.
    """
    if worked is None:
        return ""
    typed, worth = sum(refund.amount_minor for refund in refunds), worked.minor
    room = [refund.amount_minor for refund in refunds]
    so_far = spread = 0
    for piece in worked.pieces:
        so_far += piece.minor
        share = typed * so_far // worth - spread if worth else 0
        spread += share
        quantity = piece.quantity
        for refund, minor in _fill(refunds, room, share):
            session.add(
                RefundLine(refund_id=refund.id, order_line_id=piece.line_id, quantity=quantity, amount_minor=minor)
            )
            quantity = 0
    if worked.shipping_minor and worth:
        for refund, minor in _fill(refunds, room, typed - spread):
            refund.shipping_minor = minor
    session.flush()
    named = [f"{piece.quantity} × {piece.title}" for piece in worked.pieces]
    named += ["shipping"] if worked.shipping_minor else []
    return f"For {', '.join(named)}. " if named else ""


def _fill(refunds: Sequence[Refund], room: list[int], minor: int) -> list[tuple[Refund, int]]:
    """`minor` out of what is left of each; at least one part, even of nothing."""
    parts = []
    for n, refund in enumerate(refunds):
        part = min(room[n], minor)
        if part:
            room[n] -= part
            minor -= part
            parts.append((refund, part))
    return parts or [(refunds[0], 0)]


def submit_refund(held: Claim) -> None:
    """Ask the gateway; write down its answer. Raises OutsideError kinds for the drain loop."""
    refund = db.session.execute(select(Refund).where(Refund.id == held.id)).scalar_one()
    payment = db.session.execute(select(Payment).where(Payment.id == refund.payment_id)).scalar_one()
    if refund.status != "requested" or payment.gateway == CHANNEL:  # what was paid elsewhere is never asked of ours
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
        follow_refund(session, order, refund)
        tell(session, order, "refund_failed", who=who, why=f"Refund of {money(order, refund.amount_minor)} given up")
