"""Which ways to pay are named before the payment page: what the account offers, or what the merchant says."""

from __future__ import annotations

from sqlalchemy import select

from shop.extensions import db
from shop.payments.wallets import marks_of, ways_in
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from shop.workflows import read_ways_to_pay
from tests.town import Town


def test_the_account_says_what_is_named_and_the_merchant_has_the_last_word(town: Town) -> None:
    assert "Apple Pay" not in town.buyer.get("/cart").text
    assert read_ways_to_pay.run() is True and read_ways_to_pay.run() is False
    profile.forget()
    town.buyer.fill_cart()
    page = town.buyer.get("/cart").text
    assert "Apple Pay · Google Pay · Link · Klarna" in page
    assert "PayPal" not in page, "switched on, but not granted to the account"
    marks = db.session.execute(select(StoreProfile.payment_marks)).scalar_one()
    assert marks_of({**marks, "own": ["paypal", "nonsense"]}) == ["PayPal"]
    assert marks_of({**marks, "own": []}) == []


def test_odd_configurations_offer_nothing() -> None:
    on = {"available": True, "display_preference": {"value": "on"}}
    assert ways_in([{"is_default": True, "active": True, "link": on, "card": None, "paypal": "yes"}]) == ("link",)
    assert ways_in([{"is_default": False, "active": True, "link": on}]) == ()
    assert ways_in([]) == () and marks_of(None) == []
