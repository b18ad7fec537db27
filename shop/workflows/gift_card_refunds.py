"""Refunds that go back to a gift card, and what a refund does to a gift card that was bought."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.errors import Conflict
from shop.orders.models import Order
from shop.orders.statuses import tell
from shop.payments.models import Payment, Refund
from shop.promotions.gift_cards.issuing import reopen
from shop.promotions.gift_cards.ledger import lock_cards, transfer
from shop.promotions.gift_cards.models import GiftCard, GiftCardUse
from shop.workflows.bought_gift_cards import bought_with, take_back
from shop.workflows.channel_cards import ask_to_credit
from shop.workflows.letter_facts import money
from shop.workflows.record_refund import record_counter_refund


def refund_to_card(session: Session, order: Order, refund: Refund, payment: Payment) -> None:
    """Its part of a refund is on the card again at once. The caller holds the order's lock, and commits."""
    use_id = int(payment.external_id.partition(":")[2])
    card_id = session.execute(select(GiftCardUse.card_id).where(GiftCardUse.id == use_id)).scalar_one()
    lock_cards(session, [card_id])
    transfer(
        session,
        card_id,
        "refund",
        refund.amount_minor,
        key=f"refund:{refund.id}",
        order_id=order.id,
        who=refund.requested_by,
        why=f"Refund of order {order.number}",
    )
    is_theirs = ask_to_credit(session, order, refund, use_id, card_id)
    went = "goes back" if is_theirs else "went back"
    told = f"{money(order, refund.amount_minor)} {went} to {payment.method[:1].lower()}{payment.method[1:]}."
    if reopen(session, card_id):
        told += " The card had run out; it pays again for 90 days."
    tell(session, order, "gift_card", who=refund.requested_by, why=told, gift_card_id=card_id)
    record_counter_refund(session, order, refund)


def take_from_bought_cards(session: Session, order: Order, refunds: Sequence[Refund], *, who: str) -> None:
    """The order bought a gift card: what is given back leaves the card. Raises Conflict when it has been spent."""
    cards = bought_with(session, order.id)
    if not cards:
        return
    lock_cards(session, [card.id for card in cards])
    for refund in refunds:
        if take_back(session, cards, refund, refund.amount_minor, who=who):
            continue
        left = session.execute(
            select(GiftCard.balance_minor).where(GiftCard.id.in_([card.id for card in cards])).order_by(GiftCard.id)
        ).scalars()
        at_most = money(order, max(left, default=0))
        raise Conflict(f"The gift card that was bought has been used: at most {at_most} can be given back.")
