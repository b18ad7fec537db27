"""What the gift cards in a cart pay of it, seen from that cart."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.cart.models import Cart
from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.money import step
from shop.payments.least import least_charge
from shop.promotions.gift_cards.finding import cards_in_cart
from shop.promotions.gift_cards.splitting import PaidByCards, split_total

MOST_CARDS = 10


def paid_by_cards(
    session: Session, cart: Cart, total_minor: int, currency: str, *, taxes_elsewhere: bool
) -> PaidByCards:
    """No statement for a cart without gift cards, three with. `taxes_elsewhere`: the payment page adds tax to the
    total, so that nobody knows before what is left to pay."""
    if not cart.gift_card_ids:
        return PaidByCards()
    mine = session.execute(
        select(Checkout.id).where(
            Checkout.cart_id == cart.id,
            Checkout.cart_generation == cart.generation,
            Checkout.status.in_(["creating", "open"]),
            Checkout.expires_at > clock.now(),
        )
    ).scalars()
    cards = cards_in_cart(session, cart.gift_card_ids, currency, list(mine), taxes=taxes_elsewhere)
    return split_total(total_minor, cards, least_charge(currency), step(currency))
