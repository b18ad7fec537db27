"""An order buys gift cards: they come to life when it is paid, lose what is refunded, and rest while it is disputed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.checkout.models import Checkout
from shop.core import clock
from shop.orders.models import Order
from shop.orders.statuses import move_fulfilment, move_order, tell
from shop.payments.models import Refund
from shop.promotions.gift_cards.issuing import activate
from shop.promotions.gift_cards.ledger import balance_of, lock_cards, transfer
from shop.promotions.gift_cards.models import GiftCard, GiftCardEntry
from shop.workflows.announcements import announce_order
from shop.workflows.gift_card_letters import write_to_buyer, write_to_recipient
from shop.workflows.letter_facts import money


def waiting_for(session: Session, checkout: Checkout) -> list[GiftCard]:
    """What this checkout buys."""
    if checkout.cart_id is not None or checkout.draft_order_id is not None:
        return []
    asked = select(GiftCard).where(GiftCard.checkout_id == checkout.id).order_by(GiftCard.id)
    return list(session.execute(asked).scalars())


def hand_out(session: Session, order: Order, cards: Sequence[GiftCard]) -> None:
    """Paid: every card gets its code and balance, the buyer and the recipient their letters; nothing is printed.
    The caller commits."""
    for card in cards:
        card.order_id, card.buyer_email = order.id, order.email
        activate(session, card, who="system", why=f"Bought with order {order.number}")
        write_to_buyer(session, card, order)
        if card.deliver_at is not None and card.deliver_at <= clock.now():
            write_to_recipient(session, card)
        tell(session, order, "gift_card", why=f"Gift card •••• {card.last_four} was made", gift_card_id=card.id)


def complete_gift_order(session: Session, order: Order) -> None:
    """Nothing is to be made or sent. The caller has told that it was placed and paid, and commits."""
    move_fulfilment(session, order, "delivered", why="Gift cards are sent by letter")
    move_order(session, order, "completed", why="Gift cards are sent by letter")
    announce_order(session, "order.delivered", order)


def bought_with(session: Session, order_id: int) -> list[GiftCard]:
    asked = select(GiftCard).where(GiftCard.order_id == order_id, GiftCard.status != "waiting").order_by(GiftCard.id)
    return list(session.execute(asked).scalars())


def take_back(session: Session, cards: Sequence[GiftCard], refund: Refund, minor: int, *, who: str) -> bool:
    """Off the first card that has as much. A repeat answers as the first time."""
    for card in cards:
        key = f"bought:{refund.id}"
        if _moved(session, card.id, key) or transfer(
            session, card.id, "deduct", minor, key=key, order_id=refund.order_id, who=who, why="Its price was refunded"
        ):
            return True
    return False


def follow_refund(session: Session, order: Order, refund: Refund) -> None:
    """A refund moved on. One that was made at the payment provider takes what is left on the card; one that came to
    nothing gives it back. The caller holds the order's lock."""
    cards = bought_with(session, order.id)
    if not cards:
        return
    lock_cards(session, [card.id for card in cards])
    if refund.status in ("failed", "cancelled"):
        for card in cards:
            gone = _moved(session, card.id, f"bought:{refund.id}")
            if gone:
                transfer(session, card.id, "add", gone, key=f"bought-back:{refund.id}", order_id=order.id,
                         why="The refund of its price came to nothing")  # fmt: skip
        return
    if any(_moved(session, card.id, f"bought:{refund.id}") for card in cards):
        return
    for card in cards:
        left = min(balance_of(session, card.id), refund.amount_minor)
        if left:
            take_back(session, [card], refund, left, who="system")
            missing = refund.amount_minor - left
            if missing:
                why = f"{money(order, missing)} of the gift card had been spent before its price was refunded."
                tell(session, order, "note", why=why)
            return


def rest_while_disputed(session: Session, order: Order) -> None:
    """The buyer contests the payment: the cards it bought pay nothing until staff switch them on again."""
    for card in bought_with(session, order.id):
        if card.status == "active":
            card.status = "disabled"
            why = f"Gift card •••• {card.last_four} is switched off while its price is disputed"
            tell(session, order, "gift_card", why=why, gift_card_id=card.id)
    session.flush()


def _moved(session: Session, card_id: int, key: str) -> int:
    """What this transfer moved; 0 when it was not made."""
    asked = select(GiftCardEntry.amount_minor).where(
        GiftCardEntry.card_id == card_id, GiftCardEntry.transfer == key, GiftCardEntry.account == "shop"
    )
    return abs(int(session.execute(asked).scalar() or 0))
