"""A sale in another currency, from the cart to the cent on the payment page, and what it adds to the store's sums."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from shop.accounts.models import Customer
from shop.core.transaction import transaction
from shop.extensions import db
from shop.insights.selling import period_of, read_selling
from shop.orders.models import Order
from shop.payments.models import Payment, Refund
from shop.promotions.models import Redemption
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings
from shop.workflows.customer_totals import repair_totals
from shop.workflows.refund_order import request_refund
from tests.promotions.conftest import a_discount
from tests.storefront.test_currencies import offer
from tests.town import Town


@pytest.mark.parametrize(
    ("code", "rate", "rounding", "places"),
    [("EUR", "0.9137", "95", 2), ("JPY", "151.3", "10", 0), ("KWD", "0.3071", "none", 3)],
)
def test_what_the_cart_says_is_what_is_charged_and_kept(
    town: Town, code: str, rate: str, rounding: str, places: int
) -> None:
    offer({"code": code, "rate": rate, "rounding": rounding, "way": "nearest"})
    with transaction() as session:
        rates = [{"country": "US", "rate": "0.0875", "on_shipping": True, "name": "Tax"}]
        session.execute(update(StoreProfile).values(tax_rates=rates, prices_include_tax=False))
        touch_settings(session)
    discount_id = a_discount(basis_points=1333)
    town.buyer.fill_cart(3)
    town.buyer.post("/currency", {"currency": code})
    town.buyer.post("/cart/codes", {"code": "SUMMER10"})
    page = town.buyer.get("/cart").text
    shown = int(re.search(r'name="total" value="(\d+)"', page)[1])  # type: ignore[index]
    session_id = town.buyer.check_out()
    facts = town.stripe.v1.checkout.sessions.retrieve(session_id)
    assert (facts.amount_total, facts.currency) == (shown, code.lower())
    town.buyer.pay(session_id)
    town.work()
    order = town.order()
    assert (order.currency, order.total_minor, order.fulfilment_status) == (code, shown, "in_production")
    assert order.total_minor == order.subtotal_minor - order.discount_minor + order.shipping_minor + order.tax_minor
    least = 10 if places == 3 else 1
    assert all(amount % least == 0 for amount in (order.total_minor, order.tax_minor, order.discount_minor))
    assert (order.store_currency, str(order.rate.normalize())) == ("USD", rate)
    assert order.store_total_minor == pytest.approx(shown / float(rate) * 10 ** (2 - places), abs=1)
    assert db.session.execute(select(Redemption.amount_minor)).scalar_one() == order.discount_minor, discount_id
    whole = order.store_total_minor
    assert selling() == whole and spent() == (whole, "USD")
    request_refund(order.id, shown // 2 // least * least, reason="Half", who="Ann")
    town.work()
    back = db.session.execute(select(Refund)).scalar_one()
    assert (back.currency, back.status) == (code, "succeeded")
    left = spent()[0]
    assert left == pytest.approx(whole / 2, abs=max(2, 0.01 * whole)) and repair_totals() == 0


def selling() -> int:
    db.session.remove()
    return read_selling(db.session(), period_of(7), "USD", with_tests=True).now.sales_minor


def spent() -> tuple[int, str]:
    db.session.remove()
    customer = db.session.query(Customer).one()
    return customer.spent_minor, customer.spent_currency


def test_orders_of_several_currencies_add_up_in_the_stores(town: Town) -> None:
    offer({"code": "JPY", "rate": "150"})
    town.paid_order()
    town.buyer.fill_cart()
    town.buyer.post("/currency", {"currency": "JPY"})
    town.buyer.pay(town.buyer.check_out())
    town.work()
    first, second = db.session.query(Order).order_by(Order.id)
    assert (first.currency, second.currency) == ("USD", "JPY")
    assert selling() == first.total_minor + second.store_total_minor == spent()[0]
    assert {p.currency for p in db.session.query(Payment)} == {"USD", "JPY"}


def test_a_total_seen_in_another_currency_is_shown_before_it_is_charged(town: Town) -> None:
    offer({"code": "EUR", "rate": "0.5"})
    town.buyer.fill_cart()
    page = town.buyer.get("/cart").text
    seen = {"total": re.search(r'name="total" value="(\d+)"', page)[1], "currency": "USD"}  # type: ignore[index]
    town.buyer.post("/currency", {"currency": "EUR"})  # in another tab
    answer = town.buyer.post("/checkout", seen)
    assert "total of your cart has changed" in answer.text
