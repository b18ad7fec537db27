"""Find the card a code belongs to, and say what it could pay."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.promotions.gift_cards.codes import hashes_of, read_code
from shop.promotions.gift_cards.models import GiftCard, GiftCardUse
from shop.promotions.gift_cards.splitting import CardInCart

#: looked up in place of what cannot be a code, so that every answer costs the same
_NOBODYS = "0" * 20


def find_card(session: Session, typed: str) -> GiftCard | None:
    """The card that may pay now with this code; None for one that is unknown, switched off or run out. The same work
    whatever was typed."""
    code = read_code(typed)
    found = session.execute(
        select(GiftCard).where(GiftCard.code_hash.in_(hashes_of(code or _NOBODYS)))
    ).scalar_one_or_none()
    return found if code and found is not None and is_usable(found) else None


def is_usable(card: GiftCard) -> bool:
    return card.status == "active" and (card.expires_on is None or card.expires_on >= clock.now().date())


def cards_in_cart(
    session: Session, card_ids: Sequence[int], currency: str, own_checkouts: Sequence[int] = (), *, taxes: bool = False
) -> tuple[CardInCart, ...]:
    """In the order they were typed in. What the cart's own checkouts have set aside does not stand in its way.
    `taxes`: the payment page computes them, so cards cannot pay beside it."""
    if not card_ids:
        return ()
    rows = {row.id: row for row in session.execute(select(GiftCard).where(GiftCard.id.in_(card_ids))).scalars()}
    held: dict[int, int] = {}
    if own_checkouts:
        asked = (
            select(GiftCardUse.card_id, func.sum(GiftCardUse.amount_minor))
            .where(GiftCardUse.checkout_id.in_(own_checkouts), GiftCardUse.state == "reserved")
            .group_by(GiftCardUse.card_id)
        )
        held = {card_id: int(minor) for card_id, minor in session.execute(asked)}
    found = []
    for row in (rows[card_id] for card_id in card_ids if card_id in rows):
        free = row.balance_minor + held.get(row.id, 0)
        why = "gone" if not is_usable(row) else "currency" if row.currency != currency else "" if free else "empty"
        found.append(CardInCart(row.id, row.last_four, row.currency, free, why or ("taxes" if taxes else "")))
    return tuple(found)
