"""From a code in the cart to the cent on the payment page, the order, and the money given back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Adjustment, Order, OrderLine
from shop.orders.sharing import Chosen, worth_of_lines, worth_of_shipping
from shop.payments.models import Payment
from shop.promotions.models import Discount, DiscountCode, Redemption
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings
from shop.workflows import poll_checkouts, watch_subscriptions
from shop.workflows.complete_checkout import settle_session
from shop.workflows.refund_order import request_refund
from tests.promotions.conftest import a_discount
from tests.town import Buyer, Town


@pytest.fixture(autouse=True)
def _subscriptions(town: Town) -> None:
    watch_subscriptions.run()


def use(town: Town, code: str) -> str:
    return town.buyer.post("/cart/codes", {"code": code}).text


def states(discount_id: int) -> tuple[int, list[str]]:
    db.session.remove()
    rows = db.session.execute(select(Redemption.state).where(Redemption.discount_id == discount_id).order_by("id"))
    return db.session.get_one(Discount, discount_id).uses, list(rows.scalars())


def taxed(included: bool) -> None:
    with transaction() as session:
        rates = [{"country": "US", "rate": "0.0875", "on_shipping": True, "name": "Tax"}]
        session.execute(update(StoreProfile).values(tax_rates=rates, prices_include_tax=included))
        touch_settings(session)


def test_ten_per_cent_from_the_cart_to_the_order(town: Town) -> None:
    discount_id = a_discount()
    town.buyer.fill_cart(2)
    page = use(town, " summer-1o ")
    assert "SUMMER10" in page and "Summer" in page
    order = pay(town)
    subtotal = order.subtotal_minor
    assert order.discount_minor == (subtotal + 5) // 10
    assert order.total_minor == subtotal - order.discount_minor + order.shipping_minor == paid()
    row = db.session.execute(select(Adjustment).where(Adjustment.kind == "discount")).scalar_one()
    assert (row.label, row.amount_minor) == ("Summer (SUMMER10)", -order.discount_minor)
    assert states(discount_id) == (1, ["redeemed"])
    assert "SUMMER10" not in town.buyer.get("/cart").text
    assert "Discount" in town.buyer.get(f"/orders/{order.token}").text


def pay(town: Town, **how: Any) -> Order:
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id, **how)
    settle_session(session_id)
    assert settle_session(session_id) == "completed"
    return town.orders()[-1]


def paid() -> int:
    return int(db.session.execute(select(Payment.amount_minor).order_by(Payment.id.desc()).limit(1)).scalar_one())


@pytest.mark.parametrize("included", [True, False])
@pytest.mark.parametrize(
    "kind",
    [
        {"basis_points": 3333},
        {"kind": "fixed", "amount_minor": 777},
        {"kind": "free_shipping"},
        {"kind": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1, "basis_points": 5000},
        {"kind": "tiered", "tiers": [{"from_minor": 1, "basis_points": 1250}]},
    ],
    ids=lambda kind: str(kind.get("kind", "percentage")),
)
def test_the_payment_page_asks_for_our_total_to_the_cent(town: Town, included: bool, kind: dict[str, Any]) -> None:
    taxed(included)
    a_discount("", **kind)
    town.buyer.fill_cart(3)
    session = town.stripe.v1.checkout.sessions.retrieve(town.buyer.check_out())
    checkout = db.session.execute(select(Checkout)).scalar_one()
    assert session.amount_total == checkout.total_minor
    town.buyer.pay(session.id)
    settle_session(session.id)
    order = town.order()
    assert order.total_minor == paid() == checkout.total_minor
    tax = 0 if order.tax_included else order.tax_minor
    assert order.total_minor == order.subtotal_minor - order.discount_minor + order.shipping_minor + tax
    assert order.discount_minor > 0 or order.shipping_minor == 0
    assert town.fulfilment().work_state != "parked"


def test_refund_by_line_gives_back_what_was_paid_for_it(town: Town) -> None:
    shirt = town.a_shirt()
    a_discount("", kind="fixed", amount_minor=501, scope="products", scope_ids=[shirt.product_id])
    town.buyer.fill_cart(3, shirt)
    order = pay(town)
    lines = list(db.session.execute(select(OrderLine)).scalars())
    assert worth_of_lines(order, lines) == {lines[0].id: lines[0].total_minor - 501}
    whole = sum(worth_of_lines(order, lines).values()) + worth_of_shipping(order, lines)
    assert whole == order.total_minor
    for _ in range(3):
        request_refund(order.id, None, reason="", who="a test", chosen=Chosen({lines[0].id: 1}))
        town.work()
    if order.shipping_minor:
        request_refund(order.id, None, reason="", who="a test", chosen=Chosen({}, shipping=True))
        town.work()
    assert town.order().payment_status == "refunded"


def test_all_for_nothing_is_an_order_too(town: Town) -> None:
    a_discount("", basis_points=10_000, combines=True)
    a_discount("", kind="free_shipping", combines=True)
    town.buyer.fill_cart()
    order = pay(town)
    assert (order.total_minor, paid(), order.payment_status) == (0, 0, "paid")
    assert town.fulfilment().work_state != "parked"


def test_a_code_nobody_knows_is_not_kept(town: Town) -> None:
    town.buyer.fill_cart()
    for code in ("", "NOPE", "x" * 300, "\x00", "☃", "' OR 1=1"):
        assert "do not know this code" in use(town, code).replace("&#39;", "'")
    assert 'class="codes"' not in town.buyer.get("/cart").text


def test_a_refused_code_stays_with_its_reason_and_can_be_removed(town: Town) -> None:
    a_discount(min_minor=1_000_000)
    town.buyer.fill_cart()
    assert "more to use it" in use(town, "SUMMER10")
    assert pay_total(town) > 0
    gone = town.buyer.post("/cart/codes/remove", {"code": "summer10"}).text
    assert "SUMMER10" not in gone


def pay_total(town: Town) -> int:
    session = town.stripe.v1.checkout.sessions.retrieve(town.buyer.check_out())
    return int(session.amount_total or 0)


def test_a_sixth_code_is_refused(town: Town) -> None:
    town.buyer.fill_cart()
    for n in range(6):
        a_discount(f"CODE{n}")
        page = use(town, f"CODE{n}")
    assert "At most 5 codes" in page


def test_a_total_that_rose_meanwhile_is_told_before_payment(town: Town) -> None:
    discount_id = a_discount()
    town.buyer.fill_cart()
    page = use(town, "SUMMER10")
    total = page.split('name="total" value="')[1].split('"')[0]
    with transaction() as session:
        session.execute(update(Discount).where(Discount.id == discount_id).values(ends_at=clock.now()))
    answer = town.buyer.post("/checkout", {"total": total})
    assert "total of your cart has changed" in answer.text and "It ended on" in answer.text


def test_the_last_use_is_reserved_and_comes_back_when_nobody_pays(town: Town) -> None:
    discount_id = a_discount(max_uses=1)
    town.buyer.fill_cart()
    use(town, "SUMMER10")
    session_id = town.buyer.check_out()
    assert states(discount_id) == (1, ["reserved"])
    other = Buyer(town)
    other.fill_cart()
    assert "as often as it may be" in other.post("/cart/codes", {"code": "SUMMER10"}).text
    assert "as often as it may be" not in town.buyer.get("/cart").text
    town.control("POST", f"stripe/sessions/{session_id}/expire", x=1)
    settle_session(session_id)
    assert states(discount_id) == (0, ["released"])
    assert "as often as it may be" not in other.get("/cart").text


def test_a_changed_cart_keeps_its_own_use(town: Town) -> None:
    discount_id = a_discount(code_uses=1, max_uses=1)
    town.buyer.fill_cart()
    use(town, "SUMMER10")
    town.buyer.check_out()
    town.buyer.fill_cart(2)
    order = pay(town)
    assert order.discount_minor > 0 and states(discount_id) == (1, ["released", "redeemed"])
    assert db.session.execute(select(DiscountCode.uses)).scalar_one() == 1


def test_a_page_that_was_never_made_gives_its_use_back(town: Town) -> None:
    discount_id = a_discount(max_uses=1)
    town.buyer.fill_cart()
    use(town, "SUMMER10")
    town.fault("stripe", "error_500", match=".*checkout/sessions.*", times=10)
    assert "cannot be opened" in town.buyer.post("/checkout").text
    town.no_faults()
    assert states(discount_id) == (0, ["released"])
    town.breathe()
    town.buyer.check_out()
    with transaction() as session:
        session.execute(
            update(Checkout).values(session_id=None, status="creating", expires_at=clock.now() - timedelta(1))
        )
    poll_checkouts.run()
    assert states(discount_id)[0] == 0


def test_who_ordered_before_is_noticed_when_they_pay(town: Town) -> None:
    town.paid_order()
    a_discount(first_order_only=True)
    town.buyer.fill_cart()
    use(town, "SUMMER10")
    pay(town)
    db.session.remove()
    held = db.session.execute(select(FulfilmentOrder).order_by(FulfilmentOrder.id.desc()).limit(1)).scalar_one()
    assert held.work_state == "parked" and "first orders" in (held.error_text or "")
