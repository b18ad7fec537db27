"""Codes of platforms as they are, over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from shop.channels.codes.keeping import choose
from shop.channels.codes.models import CardMove
from shop.core import clock
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.promotions.models import Discount
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import forget, touch_settings
from shop.workflows.complete_checkout import settle_session
from shop.workflows.refund_order import request_refund_of_all
from tests.channels.street import Platform
from tests.promotions.gift_cards.making import books_are_right
from tests.town import Town


def connected(town: Town, key: str) -> Platform:
    platform = Platform(town, key)
    connection_id = platform.connect()
    with transaction() as session:
        choose(session, connection_id, takes_discounts=True, takes_gift_cards=True)
    return platform


@pytest.mark.parametrize("key", ["prestashop", "shopify", "woocommerce"])
def test_a_code_of_a_platform_lowers_the_price_here(town: Town, key: str) -> None:
    platform = connected(town, key)
    platform.add_discount(discount={"code": "WELCOME5", "percent_points": 500})
    platform.add_discount(discount={"code": "OLD", "percent_points": 500, "ends_at": "2020-01-01T00:00:00+00:00"})
    platform.add_discount(discount={"code": "FRIENDS", "percent_points": 500, "is_conditional": True})
    town.buyer.fill_cart()
    assert "We do not know this code" in town.buyer.post("/cart/codes", {"code": "NOSUCHCODE"}).text
    assert "not valid any more" in town.buyer.post("/cart/codes", {"code": "OLD"}).text
    assert "conditions that cannot be checked here" in town.buyer.post("/cart/codes", {"code": "FRIENDS"}).text
    assert f"welcome5 ({key})" in town.buyer.post("/cart/codes", {"code": "welcome5"}).text.lower()
    assert db.session.execute(select(Discount.basis_points)).scalars().all() == [500]
    town.buyer.pay(town.buyer.check_out())
    town.work()
    assert town.order().discount_minor > 0


def test_a_shopify_gift_card_pays_and_is_paid_back(town: Town) -> None:
    with transaction() as session:  # their shop sells in euros
        session.execute(update(StoreProfile).values(currency="EUR"))
        touch_settings(session)
    forget()
    platform = connected(town, "shopify")
    card = platform.add_gift_card(card={"code": "a5bh6h64b329j4k7", "balance_minor": 1500, "expires_on": ""})
    town.buyer.fill_cart()
    assert "•••• J4K7" in town.buyer.post("/cart/codes", {"code": "a5bh6h64b329j4k7"}).text
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id)
    settle_session(session_id)
    town.fault("shopify", "drop_after", match=".*graphql.*", times=1, skip=2)  # balance, earlier moves, then the debit
    town.work(JobName.DRAIN_CARD_MOVES)
    assert platform.list_gift_cards()[card]["balance_minor"] == 0
    assert db.session.execute(select(CardMove.outcome)).scalar_one() == "waiting"
    with transaction() as session:
        session.execute(update(CardMove).values(due_at=clock.now()))
        session.execute(update(FulfilmentOrder).values(due_at=clock.now()))
    town.breathe()
    town.work()
    assert platform.list_gift_cards()[card]["balance_minor"] == 0
    assert db.session.execute(select(CardMove.outcome)).scalar_one() == "made"
    request_refund_of_all(town.order().id, reason="", who="a test")
    town.work()
    assert platform.list_gift_cards()[card]["balance_minor"] == 1500
    assert len(platform.list_gift_cards()[card]["movements"]) == 2
    books_are_right()
