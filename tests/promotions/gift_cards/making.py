"""Gift cards as staff would issue them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.promotions.gift_cards.issuing import activate
from shop.promotions.gift_cards.ledger import find_differences
from shop.promotions.gift_cards.models import GiftCard
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import forget, touch_settings


def a_card(minor: int = 5000, currency: str = "USD", **columns: Any) -> tuple[int, str]:
    """(id, code)"""
    with transaction() as session:
        card = GiftCard(currency=currency, initial_minor=minor, source="issued", **columns)
        session.add(card)
        session.flush()
        activate(session, card, who="a test", why="")
        return card.id, str(card.code)


def balance(card_id: int) -> int:
    db.session.remove()
    return db.session.execute(select(GiftCard.balance_minor).where(GiftCard.id == card_id)).scalar_one()


def books_are_right() -> None:
    db.session.remove()
    assert find_differences(db.session()) == []


def checkouts(count: int) -> list[int]:
    with transaction() as session:
        rows = [
            Checkout(content_hash="x", draft={}, currency="USD", total_minor=1, expires_at=clock.now())
            for _ in range(count)
        ]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def sell_gift_cards(**rules: Any) -> None:
    with transaction() as session:
        chosen = {"on": True, "amounts": [2500, 5000], "least_minor": 1000, "most_minor": 20000, "months": 36, **rules}
        session.execute(update(StoreProfile).values(gift_cards=chosen))
        touch_settings(session)
    forget()
