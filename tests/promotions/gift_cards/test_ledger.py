"""The book of a card adds up, whatever happens to it and in whatever order."""

from __future__ import annotations

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from shop.core.transaction import transaction
from shop.extensions import db
from shop.promotions.gift_cards.issuing import activate
from shop.promotions.gift_cards.ledger import WAYS, balance_of, find_differences, transfer
from shop.promotions.gift_cards.models import GiftCard, GiftCardEntry, GiftCardUse
from shop.promotions.gift_cards.reserving import CardChanged, give_back, set_aside
from tests.promotions.gift_cards.making import checkouts

STEPS = st.lists(
    st.tuples(st.sampled_from(["reserve", "release", "capture", "refund", "add", "deduct", "expire"]),
              st.integers(0, 5), st.integers(1, 1500)),
    max_size=25,
)  # fmt: skip


def account(card_id: int, name: str) -> int:
    asked = select(func.coalesce(func.sum(GiftCardEntry.amount_minor), 0)).where(
        GiftCardEntry.card_id == card_id, GiftCardEntry.account == name
    )
    return int(db.session.execute(asked).scalar_one())


@given(STEPS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_order_of_movements_sums_to_zero(app: Flask, steps: list[tuple[str, int, int]]) -> None:
    with transaction() as session:
        card = GiftCard(currency="USD", initial_minor=1000, source="issued")
        session.add(card)
        session.flush()
        activate(session, card, who="t", why="")
        card_id = card.id
    pages = checkouts(6)
    for n, (kind, which, minor) in enumerate(steps):
        try:
            with transaction() as session:
                _step(session, card_id, pages[which], kind, minor, n)
        except (CardChanged, KeyError):
            pass
    assert find_differences(db.session()) == []
    sides = [account(card_id, name) for name in ("free", "held", "spent", "shop")]
    assert sum(sides) == 0 and min(sides[:3]) >= 0
    assert sides[0] == balance_of(db.session(), card_id)
    db.session.remove()


def _step(session, card_id: int, page: int, kind: str, minor: int, n: int) -> None:  # type: ignore[no-untyped-def]
    if kind == "reserve":
        if session.execute(select(GiftCardUse.id).where(GiftCardUse.checkout_id == page)).first() is None:
            set_aside(session, page, [(card_id, minor)])
    elif kind == "release":
        give_back(session, [page])
    elif kind == "capture":
        for use in session.execute(
            select(GiftCardUse).where(GiftCardUse.checkout_id == page, GiftCardUse.state == "reserved")
        ).scalars():
            use.state = "captured"
            for _ in range(2):  # a repeat moves nothing
                transfer(session, card_id, "capture", use.amount_minor, key=f"capture:{use.id}")
    elif kind == "refund":
        spent = account(card_id, "spent")
        if spent:
            transfer(session, card_id, "refund", min(minor, spent), key=f"refund:{n}")
    else:
        assert kind in WAYS
        transfer(session, card_id, kind, minor, key=f"{kind}:{n}")
