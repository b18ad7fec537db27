"""Gift cards of other platforms: what our book says is told there, once.

A sale writes a debit for each of their cards in its own transaction; a refund to such a card writes a credit. The row
is the work: the balance is read, then the platform is told with our key. After a lost answer their transactions are
looked through for the key, else the balance is read again; where neither tells, a person decides. Until the debit is
made nothing is printed; when it is refused, the order is on hold and that payment counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.codes.keeping import believe, kept_name
from shop.channels.codes.models import CardMove, ChannelCard
from shop.channels.connector import HoldsGiftCards
from shop.channels.models import Connection
from shop.channels.records import GiftCardAnswer, Verdict
from shop.core import clock, durable, log
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import NeedsReconnect, Refused, Unavailable
from shop.extensions import db
from shop.fulfilment.holding import hold_fulfilment
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.orders.statuses import lock_order, set_payment_status, tell
from shop.payments.models import Payment, Refund
from shop.payments.summing import sum_payments
from shop.promotions.gift_cards.ledger import lock_cards, transfer
from shop.promotions.gift_cards.models import GiftCard
from shop.promotions.gift_cards.reserving import Captured
from shop.workflows.announcements import announce_order
from shop.workflows.letter_facts import money
from shop.workflows.report_failure import write_failure

logger = log.get_logger("channels")


@dataclass(frozen=True)
class _Work:
    """A move as it was read, with what is needed to speak there."""

    move: CardMove
    card: ChannelCard
    connection: Connection
    last_four: str

    @property
    def name(self) -> str:
        return self.connection.name or self.connection.channel


def ask_to_debit(session: Session, order: Order, captured: list[Captured]) -> None:
    """A debit for each card of another platform that pays this order; in the sale's transaction, once for each use."""
    theirs = _theirs(session, [one.card_id for one in captured if one.minor])
    for one in captured:
        if one.minor and one.card_id in theirs:
            _write(session, theirs[one.card_id], order, one.use_id, "debit", str(one.use_id), one.minor)


def ask_to_credit(session: Session, order: Order, refund: Refund, use_id: int, card_id: int) -> bool:
    """The refund's part goes back there. False for a card of ours. In the refund's transaction, once for it."""
    theirs = _theirs(session, [card_id])
    if card_id in theirs:
        _write(session, theirs[card_id], order, use_id, "credit", str(refund.id), refund.amount_minor)
    return bool(theirs)


def waits_for_card(session: Session, order_id: int) -> bool:
    """Whether money of this order is still to be taken off a platform's gift card."""
    asked = select(CardMove.id).where(
        CardMove.order_id == order_id,
        CardMove.kind == "debit",
        CardMove.outcome == "waiting",
        CardMove.work_state != "done",
    )
    return session.execute(asked.limit(1)).first() is not None


def advance_move(held: Claim) -> None:
    """Tell the platform. Raises OutsideError kinds for the drain loop."""
    work = _read(held)
    move = work.move
    if move.kind == "credit" and (state := _debit_of(move)) != "made":
        if state == "waiting":
            raise Unavailable("It waits until the sale itself has been taken off the card.", service="channels")
        _finish_void(held)
        return
    if _is_someone_before(move):
        raise Unavailable("Another payment with the same card is under way.", service="channels")
    registry.load()
    if work.connection.status == "paused":
        raise Unavailable(f"The connection to {work.name} is paused.", service=work.connection.channel)
    if work.connection.status != "active":
        raise NeedsReconnect(f"The connection to {work.name} is not active.", service=work.connection.channel)
    if move.outcome == "refused" and move.kind == "debit" and _is_given_back(move):
        _refuse(held, work, "A part of it was refunded meanwhile, so it is not taken off any more.")
        return
    cards = registry.gift_cards(work.connection)
    release_connection()
    if held.unknown_outcome and (made := _look_for(cards, work)) is not None:
        _write_made(held, work, made)
        return
    why, before = _look_before(cards, work)
    if why:
        _refuse(held, work, why)
        return
    with transaction() as session:
        durable.hold(session, CardMove, held)
        session.execute(update(CardMove).where(CardMove.id == held.id).values(before_minor=before))
        durable.begin_call(session, CardMove, held)
    release_connection()
    try:
        act = cards.debit_gift_card if move.kind == "debit" else cards.credit_gift_card
        made = act(work.card.external_id, move.amount_minor, move.currency, move.key)
    except Refused as error:
        _refuse(held, work, error.detail or error.user_message)
        return
    _write_made(held, work, made)


def _theirs(session: Session, card_ids: list[int]) -> dict[int, ChannelCard]:
    if not card_ids:
        return {}
    rows = session.execute(select(ChannelCard).where(ChannelCard.card_id.in_(card_ids))).scalars()
    return {row.card_id: row for row in rows}


def _write(session: Session, card: ChannelCard, order: Order, use_id: int, kind: str, suffix: str, minor: int) -> None:
    key = f"{order.number}/{kind}/{suffix}"
    if session.execute(select(CardMove.id).where(CardMove.key == key)).first() is None:
        session.add(
            CardMove(
                channel_card_id=card.id,
                order_id=order.id,
                use_id=use_id,
                kind=kind,
                key=key,
                amount_minor=minor,
                currency=order.currency,
            )
        )
        session.flush()
    enqueue_after_commit(session, JobName.DRAIN_CARD_MOVES)


def _read(held: Claim) -> _Work:
    row = db.session.execute(
        select(CardMove, ChannelCard, Connection, GiftCard.last_four)
        .join(ChannelCard, ChannelCard.id == CardMove.channel_card_id)
        .join(Connection, Connection.id == ChannelCard.connection_id)
        .join(GiftCard, GiftCard.id == ChannelCard.card_id)
        .where(CardMove.id == held.id)
    ).one()
    return _Work(*row)


def _debit_of(move: CardMove) -> str:
    """waiting | made | refused: what became of the debit that this credit is for."""
    found = db.session.execute(
        select(CardMove.outcome).where(CardMove.use_id == move.use_id, CardMove.kind == "debit")
    ).scalar_one()
    return str(found)


def _is_someone_before(move: CardMove) -> bool:
    """A move of the same card whose call has begun: a balance that is read now would tell nothing for certain. Of two
    that begin at once the later one waits."""
    others = select(CardMove.id).where(
        CardMove.channel_card_id == move.channel_card_id,
        CardMove.id != move.id,
        (CardMove.calling_since.is_not(None) & CardMove.work_state.in_(["due", "working"]))
        | ((CardMove.work_state == "working") & (CardMove.id < move.id)),
    )
    return db.session.execute(others.limit(1)).first() is not None


def _look_for(cards: HoldsGiftCards, work: _Work) -> str | None:
    """An earlier call's answer was lost. Their transaction's id ("" where only the balance tells that it was made),
    None: it was surely not made. Raises Refused where nobody can tell."""
    move = work.move
    found = cards.find_gift_card_move(work.card.external_id, move.key)
    if found is not None:
        return found or None
    if move.before_minor is not None and work.card.code:
        now = cards.check_gift_card(work.card.code)
        change = -move.amount_minor if move.kind == "debit" else move.amount_minor
        if now.external_id == work.card.external_id and now.balance_minor == move.before_minor + change:
            return ""
        if now.external_id == work.card.external_id and now.balance_minor == move.before_minor:
            return None
    raise Refused(
        f"The answer of {work.name} was lost, and the card’s balance does not tell whether it was done. Look at the "
        f"card •••• {work.last_four} there (our note: {move.key}).",
        service=work.connection.channel,
        may_be_done=True,
    )


def _look_before(cards: HoldsGiftCards, work: _Work) -> tuple[str, int | None]:
    """(why it cannot be done, the balance there now)"""
    move = work.move
    if not work.card.code:
        return "", None
    now = cards.check_gift_card(work.card.code)
    if now.external_id != work.card.external_id:
        return ("The card is not known there any more.", None) if move.kind == "debit" else ("", None)
    if move.kind == "debit" and now.verdict != Verdict.VALID:
        return "The card was switched off there, or has run out.", now.balance_minor
    if move.kind == "debit" and now.balance_minor < move.amount_minor:
        return "There is less on the card than it was to pay: it has been used elsewhere.", now.balance_minor
    return "", now.balance_minor


def _write_made(held: Claim, work: _Work, external_id: str) -> None:
    def done(session: Session) -> None:
        order = lock_order(session, work.move.order_id)
        lock_cards(session, [work.card.card_id])
        durable.hold(session, CardMove, held)
        move = session.get_one(CardMove, held.id, populate_existing=True)
        sign = -1 if move.kind == "debit" else 1
        session.execute(
            update(ChannelCard)
            .where(ChannelCard.id == work.card.id)
            .values(
                settled=ChannelCard.settled + 1,
                told_minor=func.greatest(0, ChannelCard.told_minor + sign * move.amount_minor),
            )
            .execution_options(synchronize_session=False)
        )
        if move.outcome == "refused":
            _pay_after_all(session, order, move, work)
        durable.finish(session, CardMove, held, outcome="made", external_id=external_id[:160])
        amount = money(order, move.amount_minor)
        told = f"{amount} was taken off" if move.kind == "debit" else f"{amount} was put back on"
        tell(session, order, "gift_card", why=f"{told} the gift card •••• {work.last_four} at {work.name}.")
        session.execute(
            update(FulfilmentOrder)
            .where(FulfilmentOrder.order_id == order.id, FulfilmentOrder.work_state == "due")
            .values(due_at=func.least(FulfilmentOrder.due_at, clock.now()))
            .execution_options(synchronize_session=False)
        )
        enqueue_after_commit(session, JobName.DRAIN_FULFILMENT)

    run_in_transaction(done)


def _refuse(held: Claim, work: _Work, why: str) -> None:
    """They will not do it. A debit: the payment counts for nothing and the order waits for staff."""
    sentence = f"{work.name}: {why}"

    def write(session: Session) -> None:
        order = lock_order(session, work.move.order_id)
        lock_cards(session, [work.card.card_id])
        durable.hold(session, CardMove, held)
        move = session.get_one(CardMove, held.id, populate_existing=True)
        if move.outcome == "waiting" and move.kind == "debit":
            move.refusals += 1
            session.flush()
            _take_payment_out(session, order, move, work, sentence)
        write_failure(session, CardMove, held, kind="merchant", why=sentence, may_be_done=False, outcome="refused")

    run_in_transaction(write)


def _take_payment_out(session: Session, order: Order, move: CardMove, work: _Work, why: str) -> None:
    """The buyer still owes this part. What a refund gave back to our book already stays as it is."""
    payment = _payment_of(session, move)
    payment.status = "failed"
    back = move.amount_minor - _given_back(session, payment.id)
    if back > 0:
        key = f"refused:{move.use_id}:{move.refusals}"
        transfer(session, work.card.card_id, "refused", back, key=key, order_id=order.id, why=why)
    believe_nothing(session, work.card)
    session.flush()
    set_payment_status(session, order, sum_payments(session, order.id).status, why=why)
    amount = money(order, move.amount_minor)
    reason = (
        f"The gift card •••• {work.last_four} was to pay {amount}, and could not: {why} Ask the buyer for it, then "
        "release the order; or cancel it: what was paid otherwise goes back."
    )
    hold_fulfilment(session, order.id, reason)
    tell(session, order, "trouble", why=reason)
    announce_order(session, "fulfilment.parked", order, why=reason)


def _pay_after_all(session: Session, order: Order, move: CardMove, work: _Work) -> None:
    """Staff tried again, and now it was taken."""
    if move.kind != "debit":
        return
    payment = _payment_of(session, move)
    payment.status = "paid"
    key = f"again:{move.use_id}:{move.refusals}"
    why = f"Taken off at {work.name} after all"
    transfer(session, work.card.card_id, "add", move.amount_minor, key=f"{key}:add", order_id=order.id, why=why)
    transfer(session, work.card.card_id, "late", move.amount_minor, key=key, order_id=order.id, why=why)
    session.flush()
    set_payment_status(session, order, sum_payments(session, order.id).status, why=why)


def believe_nothing(session: Session, card: ChannelCard) -> None:
    """Until they are asked again, the card pays nothing here."""
    kept = session.get_one(ChannelCard, card.id, populate_existing=True)
    believe(session, kept, GiftCardAnswer(Verdict.INVALID, external_id=kept.external_id), kept.settled)


def _payment_of(session: Session, move: CardMove) -> Payment:
    return session.execute(select(Payment).where(Payment.external_id == f"gift_card_use:{move.use_id}")).scalar_one()


def _given_back(session: Session, payment_id: int) -> int:
    asked = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.payment_id == payment_id, Refund.status.in_(["requested", "pending", "succeeded"])
    )
    return int(session.execute(asked).scalar_one())


def _is_given_back(move: CardMove) -> bool:
    asked = select(CardMove.id).where(CardMove.use_id == move.use_id, CardMove.kind == "credit")
    return db.session.execute(asked.limit(1)).first() is not None


def _finish_void(held: Claim) -> None:
    """The sale was never taken off the card, so nothing goes back to it."""
    with transaction() as session:
        durable.hold(session, CardMove, held)
        durable.finish(session, CardMove, held, outcome="void")


def name_of(session: Session, card_id: int) -> str:
    """Whose gift card it is, "" for ours."""
    kept = _theirs(session, [card_id]).get(card_id)
    return kept_name(session, kept) if kept is not None else ""
