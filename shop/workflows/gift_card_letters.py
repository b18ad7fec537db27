"""The letters of gift cards: the code to the recipient, what was bought to the buyer. The caller commits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.money import format_minor
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.email.sealing import seal
from shop.orders.models import Order
from shop.promotions.gift_cards.codes import shown
from shop.promotions.gift_cards.issuing import due_letters, expire_due, give_code
from shop.promotions.gift_cards.models import GiftCard
from shop.workflows.letter_facts import day, order_url, public_url


def deliver_due() -> int:
    """Periodic work: letters whose day has come, cards whose last day is over. A repeat does nothing more."""
    with transaction() as session:
        cards = due_letters(session)
        for card in cards:
            write_to_recipient(session, card)
    with transaction() as session:
        expire_due(session)
    return len(cards)


def write_to_recipient(session: Session, card: GiftCard, *, to_email: str = "") -> bool:
    """The letter with the code; again each time it is called. Where the code is not kept any more, the card gets a new
    one, and the old one is worth nothing. False without an address."""
    to = to_email or card.recipient_email or card.buyer_email
    if not to:
        return False
    if card.code is None:
        give_code(card)
    card.letters += 1
    card.delivered_at = clock.now()
    session.flush()
    return request_letter(
        session,
        letter="gift_card",
        subject_key=f"gift_card:{card.id}#{card.letters}",
        to_email=to,
        facts={
            "gift": gift_facts(card),
            "code": seal(shown(card.code or "")),
            "shop_url": public_url("/"),
            "balance_url": public_url("/gift-card/balance"),
        },
        locale=card.locale,
    )


def write_to_buyer(session: Session, card: GiftCard, order: Order) -> None:
    """What they bought, and the page to print it from."""
    request_letter(
        session,
        letter="gift_card_bought",
        subject_key=f"gift_card:{card.id}",
        to_email=order.email,
        facts={
            "gift": gift_facts(card),
            "print_url": seal(print_url(card)),
            "order": {"number": order.number, "url": order_url(order)},
        },
        locale=card.locale,
        order_id=order.id,
    )


def print_url(card: GiftCard) -> str:
    return public_url(f"/gift-card/print/{card.token}")


def gift_facts(card: GiftCard) -> dict[str, Any]:
    """Texts in the card's language; empty where there is nothing to say."""
    ends = datetime.combine(card.expires_on, datetime.min.time(), UTC) if card.expires_on else None
    return {
        "amount": format_minor(card.initial_minor, card.currency, card.locale),
        "sender": card.sender_name,
        "recipient": card.recipient_name,
        "recipient_email": card.recipient_email,
        "message": card.message,
        "currency": card.currency,
        "expires": day(ends, card.locale) if ends else "",
        "deliver_on": day(card.deliver_at, card.locale) if card.deliver_at else "",
    }
