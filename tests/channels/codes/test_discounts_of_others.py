"""A platform's discount code in our cart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.channels.codes import asking
from shop.channels.codes.keeping import as_rule, choose, key_of
from shop.channels.codes.models import ChannelDiscount
from shop.channels.models import Connection
from shop.channels.records import CodeWhy, DiscountAnswer, Verdict
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Unavailable
from shop.extensions import db
from shop.promotions.models import Discount
from tests.channels.codes.corner import Books, open_corner
from tests.promotions.conftest import a_discount
from tests.town import Town

TEN = DiscountAnswer(Verdict.VALID, external_id="d1", code="TEN", percent_points=1000, currency="USD")


@pytest.fixture
def corner(town: Town) -> Iterator[Books]:
    yield from open_corner()


def typed(town: Town, code: str) -> str:
    return town.buyer.post("/cart/codes", {"code": code}).text


def grow_old() -> None:
    with transaction() as session:
        session.execute(update(ChannelDiscount).values(checked_at=clock.now() - timedelta(minutes=5)))


def test_a_code_of_theirs_lowers_the_price_and_is_asked_about_again_before_payment(town: Town, corner: Books) -> None:
    corner.discounts["TEN"] = TEN
    town.buyer.fill_cart()
    assert "TEN (The corner)" in typed(town, " ten ")
    kept = db.session.execute(select(ChannelDiscount)).scalar_one()
    assert (kept.verdict, kept.told["percent_points"], kept.external_id) == ("valid", 1000, "d1")
    grow_old()
    corner.discounts["TEN"] = replace(TEN, verdict=Verdict.INVALID, why=CodeWhy.ENDED)
    total = town.buyer.get("/cart").text.split('name="total" value="')[1].split('"')[0]
    answer = town.buyer.post("/checkout", {"total": total})
    assert "The total of your cart has changed" in answer.text
    assert "It cannot be used now." in town.buyer.get("/cart").text
    town.buyer.post("/cart/codes/remove", {"code": "TEN"})
    assert "TEN" not in town.buyer.get("/cart").text


def test_an_order_with_their_code_is_paid_at_that_price_and_counted_as_one_use_here(town: Town, corner: Books) -> None:
    corner.discounts["TEN"] = TEN
    town.buyer.fill_cart()
    typed(town, "TEN")
    town.buyer.pay(town.buyer.check_out())
    town.work()
    order = town.order()
    assert order.payment_status == "paid" and order.discount_minor == (order.subtotal_minor + 5) // 10
    assert db.session.execute(select(Discount.uses)).scalar_one() == 1


def test_ours_wins_over_theirs(town: Town, corner: Books) -> None:
    a_discount("TEN", title="Our own")
    corner.discounts["TEN"] = replace(TEN, percent_points=9000)
    town.buyer.fill_cart()
    assert "Our own" in typed(town, "TEN")
    assert db.session.execute(select(ChannelDiscount)).first() is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (replace(TEN, verdict=Verdict.UNCERTAIN, why="for VIPs only"), "conditions that cannot be checked here"),
        (replace(TEN, verdict=Verdict.INVALID, why=CodeWhy.USED_UP), "as often as it may be"),
        (replace(TEN, amount_minor=500), "conditions that cannot be checked here"),
        (replace(TEN, percent_points=0, amount_minor=500, currency="EUR"), "conditions that cannot be checked here"),
        (replace(TEN, code="TEN-OTHER"), "conditions that cannot be checked here"),
        (DiscountAnswer(Verdict.NOT_OFFERED), "We do not know this code"),
    ],
)
def test_what_does_not_hold_is_said_and_takes_nothing_off(
    town: Town, corner: Books, answer: DiscountAnswer, said: str
) -> None:
    corner.discounts["TEN"] = answer
    town.buyer.fill_cart()
    assert said in typed(town, "TEN")
    assert db.session.execute(select(Discount)).first() is None


def test_a_platform_that_does_not_answer_keeps_nobody_waiting(
    town: Town, corner: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    corner.discounts["TEN"] = TEN
    town.buyer.fill_cart()
    typed(town, "TEN")
    let_go = threading.Event()
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    corner.before = lambda: let_go.wait(20) and None
    assert "We cannot check this code right now" in typed(town, "OTHER")
    grow_old()
    assert "We cannot check the code TEN right now" in town.buyer.post("/checkout").text
    assert "TEN (The corner)" in town.buyer.get("/cart").text
    let_go.set()

    def away() -> None:
        raise Unavailable("away", service="corner")

    corner.before = away
    assert "We cannot check this code right now" in typed(town, "OTHER")
    with transaction() as session:  # the merchant takes no codes of theirs any more: nobody is asked, and it ends
        choose(session, session.execute(select(Connection.id)).scalar_one(), takes_discounts=False,
               takes_gift_cards=False)  # fmt: skip
    assert "It cannot be used now." in town.buyer.get("/cart").text
    assert "We do not know this code" in typed(town, "OTHER")


def test_what_their_rules_become_here() -> None:
    assert as_rule(TEN, "EUR")[0]["kind"] == "percentage"  # a share is one in any currency
    fixed = replace(TEN, percent_points=0, amount_minor=500, minimum_minor=2000)
    assert as_rule(fixed, "USD")[0] == {
        "kind": "fixed", "basis_points": 0, "amount_minor": 500, "min_minor": 2000, "ends_at": None,
    }  # fmt: skip
    assert as_rule(replace(TEN, minimum_minor=1), "EUR")[0] == {}
    assert as_rule(replace(TEN, percent_points=0, is_free_shipping=True), "USD")[0]["kind"] == "free_shipping"
    assert as_rule(replace(TEN, is_free_shipping=True), "USD")[0] == {}
    assert as_rule(replace(TEN, percent_points=0), "USD")[0] == {}
    assert key_of(7, " summer  sale ") == "7:SUMMER SALE"
    assert len(key_of(7, "x" * 60)) <= 40 and key_of(7, "x" * 60) != key_of(7, "x" * 59)
