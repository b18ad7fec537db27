"""Money of gift cards: set aside when a checkout starts, taken when it is paid, given back when nobody pays.

However many use one card at once, it never pays more than it holds. Cards are always taken in the order of their ids,
after the order's (or cart's) row and the discounts: no two buyers wait for each other in a circle. The caller commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.errors import Conflict
from shop.promotions.gift_cards.ledger import balance_of, lock_cards, transfer
from shop.promotions.gift_cards.models import GiftCard, GiftCardUse
from shop.words import mark

#: (card, minor units)
CardUse = tuple[int, int]


class CardChanged(Conflict):
    """Somebody else paid with the same card meanwhile, or it was switched off."""

    title = mark(
        "The balance of a gift card in your cart has changed. Please look at the new total before you pay."
    )


@dataclass(frozen=True)
class Captured:
    """What a card paid of an order; `missing_minor` when a late payment found less on it than was set aside."""

    use_id: int
    card_id: int
    last_four: str
    minor: int
    missing_minor: int = 0


def lock_for(session: Session, checkout_ids: Sequence[int], uses: Iterable[CardUse]) -> bool:
    """Before money is given back and set aside in one transaction: every card of both. Returns whether these checkouts
    hold any."""
    mine = _held_cards(session, checkout_ids)
    lock_cards(session, {card_id for card_id, _ in uses} | set(mine))
    return bool(mine)


def set_aside(session: Session, checkout_id: int, uses: Iterable[CardUse]) -> None:
    """For this checkout. Raises CardChanged when a card has not so much; then nothing may be committed."""
    uses = sorted(uses)
    lock_cards(session, [card_id for card_id, _ in uses])
    for card_id, minor in uses:
        use = GiftCardUse(card_id=card_id, checkout_id=checkout_id, amount_minor=minor, state="reserved")
        session.add(use)
        session.flush()
        if not transfer(session, card_id, "reserve", minor, key=f"reserve:{use.id}", only_usable=True):
            raise CardChanged()


def give_back(session: Session, checkout_ids: Sequence[int]) -> int:
    """These checkouts will not be paid. Returns how many reservations came back; a repeat returns 0."""
    cards = _held_cards(session, checkout_ids)
    if not cards:
        return 0
    lock_cards(session, cards)
    count = 0
    for use in _uses(session, checkout_ids, "reserved"):
        use.state = "released"
        transfer(session, use.card_id, "release", use.amount_minor, key=f"release:{use.id}")
        count += 1
    session.flush()
    return count


def capture(session: Session, checkout_id: int, order_id: int, order_number: str) -> list[Captured]:
    """The checkout was paid: what was set aside is spent. A repeat returns the same.

    A reservation that was given back meanwhile (the page was paid at the last moment) is taken again, as far as the
    card still has it.
    """
    ids = select(GiftCardUse.card_id).where(GiftCardUse.checkout_id == checkout_id)
    lock_cards(session, session.execute(ids).scalars())
    found = []
    for use in _uses(session, [checkout_id]):
        missing = 0
        why = f"Order {order_number}"
        if use.state == "reserved":
            transfer(session, use.card_id, "capture", use.amount_minor, key=f"capture:{use.id}",
                     order_id=order_id, why=why)  # fmt: skip
        elif use.state == "released":
            missing = _take_late(session, use, order_id, why)
        if use.state != "captured" and use.amount_minor > missing:
            use.state, use.order_id = "captured", order_id
            use.amount_minor -= missing
        last_four = session.execute(select(GiftCard.last_four).where(GiftCard.id == use.card_id)).scalar_one()
        taken = use.amount_minor if use.state == "captured" else 0
        found.append(Captured(use.id, use.card_id, last_four, taken, missing))
    session.flush()
    return found


def _take_late(session: Session, use: GiftCardUse, order_id: int, why: str) -> int:
    """Returns what is missing."""
    there = min(use.amount_minor, balance_of(session, use.card_id))
    if there:
        transfer(session, use.card_id, "late", there, key=f"capture:{use.id}", order_id=order_id, why=why)
    return use.amount_minor - there


def _held_cards(session: Session, checkout_ids: Sequence[int]) -> list[int]:
    if not checkout_ids:
        return []
    asked = select(GiftCardUse.card_id).where(
        GiftCardUse.checkout_id.in_(checkout_ids), GiftCardUse.state == "reserved"
    )
    return list(session.execute(asked).scalars())


def _uses(session: Session, checkout_ids: Sequence[int], state: str = "") -> list[GiftCardUse]:
    """Read after the cards are held, in the order of cards."""
    asked = select(GiftCardUse).where(GiftCardUse.checkout_id.in_(checkout_ids))
    if state:
        asked = asked.where(GiftCardUse.state == state)
    rows = session.execute(
        asked.order_by(GiftCardUse.card_id, GiftCardUse.id).execution_options(populate_existing=True)
    )
    return list(rows.scalars())
