"""A gift card in the cart, at the payment page, in the order, and when money goes back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.checkout.models import Checkout
from shop.core.transaction import transaction
from shop.extensions import db
from shop.orders.models import Order
from shop.payments.models import Payment, Refund
from shop.promotions.gift_cards.codes import shown
from shop.promotions.gift_cards.ledger import transfer
from shop.promotions.gift_cards.models import GiftCardUse
from shop.promotions.gift_cards.reserving import give_back
from shop.workflows import poll_checkouts, watch_subscriptions
from shop.workflows.cancel_order import cancel_order
from shop.workflows.complete_checkout import settle_session
from shop.workflows.refund_order import request_refund, request_refund_of_all
from tests.promotions.conftest import a_discount
from tests.promotions.gift_cards.making import a_card, balance, books_are_right
from tests.town import Buyer, Town

WHERE = {
    "email": "Ada@example.com", "name": "Ada Byron", "line1": "12 Mill Lane", "city": "Portland", "state": "OR",
    "postal_code": "97209", "phone": "+1 503 555 0100",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _subscriptions(town: Town) -> None:
    watch_subscriptions.run()


def use(buyer: Buyer, code: str) -> str:
    return buyer.post("/cart/codes", {"code": code}).text


def pay_rest(town: Town) -> Order:
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id)
    assert settle_session(session_id) == "completed"
    return town.orders()[-1]


def details(buyer: Buyer) -> str:
    answer = buyer.post("/checkout", allow_redirects=False)
    assert answer.status_code == 303 and "/checkout/details/" in answer.headers["Location"], answer.headers
    return str(answer.headers["Location"])


def payments(order: Order) -> list[tuple[str, int]]:
    db.session.remove()
    asked = select(Payment.gateway, Payment.amount_minor).where(Payment.order_id == order.id).order_by(Payment.id)
    return [(row[0], row[1]) for row in db.session.execute(asked)]


def test_a_card_pays_a_part_and_the_payment_page_the_rest(town: Town) -> None:
    card_id, code = a_card(1500)
    town.buyer.fill_cart()
    page = use(town.buyer, shown(code).lower().replace("-", " "))
    assert f"•••• {code[-4:]}" in page and "To pay" in page and code not in page
    session_id = town.buyer.check_out()
    checkout = db.session.execute(select(Checkout)).scalar_one()
    session = town.stripe.v1.checkout.sessions.retrieve(session_id)
    assert session.amount_total == checkout.total_minor - 1500
    assert balance(card_id) == 0
    books_are_right()
    town.buyer.pay(session_id)
    assert settle_session(session_id) == settle_session(session_id) == "completed"
    order = town.order()
    assert order.payment_status == "paid" and order.discount_minor == 0
    assert payments(order) == [("gift_card", 1500), ("stripe", order.total_minor - 1500)]
    assert town.fulfilment().work_state != "parked"
    assert f"•••• {code[-4:]}" in town.buyer.get(f"/orders/{order.token}").text
    town.work()
    books_are_right()
    # the card is paid back first, never more than it paid
    request_refund(order.id, 1000, reason="", who="a test")
    assert balance(card_id) == 1000
    request_refund(order.id, 1000, reason="", who="a test")
    town.work()
    assert balance(card_id) == 1500
    assert town.order().payment_status == "partly_refunded"
    request_refund_of_all(order.id, reason="", who="a test")
    town.work()
    assert balance(card_id) == 1500 and town.order().payment_status == "refunded"
    refunded = db.session.execute(select(Refund.amount_minor)).scalars()
    assert sum(refunded) == order.total_minor
    books_are_right()


def test_what_the_goods_do_not_cost_is_taken_off_shipping(town: Town) -> None:
    town.buyer.fill_cart()
    town.buyer.check_out()
    checkout = db.session.execute(select(Checkout)).scalar_one()
    shipping = sum(a["amount_minor"] for a in checkout.draft["adjustments"] if a["kind"] == "shipping")
    assert shipping > 150, "the sandbox sends for nothing: this test needs a price"
    _, code = a_card(checkout.total_minor - 100)
    a_discount("", kind="fixed", amount_minor=50)
    use(town.buyer, code)
    session = town.stripe.v1.checkout.sessions.retrieve(town.buyer.check_out())
    assert session.amount_total == 50  # the least a page takes
    assert "To pay" in town.buyer.get("/cart").text
    town.buyer.pay(session.id)
    settle_session(session.id)
    order = town.order()
    assert order.shipping_minor == shipping and order.discount_minor == 50 and order.payment_status == "paid"
    assert order.total_minor == checkout.total_minor - 50 == sum(minor for _, minor in payments(order))
    assert town.fulfilment().work_state != "parked"
    books_are_right()


def test_less_than_the_page_takes_stays_on_the_card(town: Town) -> None:
    town.buyer.fill_cart()
    town.buyer.check_out()
    total = db.session.execute(select(Checkout.total_minor)).scalar_one()
    card_id, code = a_card(total - 1)
    page = use(town.buyer, code)
    assert "no less than $0.50" in page and "$0.49" in page
    order = pay_rest(town)
    assert payments(order) == [("gift_card", total - 50), ("stripe", 50)]
    assert balance(card_id) == 49


def test_cards_that_pay_everything_need_no_payment_page(town: Town) -> None:
    first, code = a_card(1000)
    second, other = a_card(20000)
    town.buyer.fill_cart()
    use(town.buyer, code)
    assert "stays on it" in use(town.buyer, other)
    where = details(town.buyer)
    assert where == details(town.buyer), "the same cart leads to the same page"
    assert town.buyer.get(where.replace(town.url, "")).status_code == 200
    path = where.replace(town.url, "")
    wrong = town.buyer.post(path, {**WHERE, "email": "nope", "postal_code": "1"})
    assert wrong.status_code == 422 and "A postal code there looks like" in wrong.text
    done = town.buyer.post(path, WHERE)
    assert "/orders/" in done.url and done.status_code == 200
    assert "/orders/" in town.buyer.post(path, WHERE).url, "a second press finds the order"
    order = town.order()
    assert (order.email, order.payment_status, order.ship_to["city"]) == ("ada@example.com", "paid", "Portland")
    assert payments(order) == [("gift_card", 1000), ("gift_card", order.total_minor - 1000)]
    assert balance(first) == 0 and balance(second) == 20000 - (order.total_minor - 1000)
    town.work()
    assert town.orders_at_printify(), "it is printed"
    assert "Your cart is empty" in town.buyer.get("/cart").text
    request_refund_of_all(order.id, reason="", who="a test")
    assert (balance(first), balance(second)) == (1000, 20000)
    assert town.order().payment_status == "refunded"
    books_are_right()


def test_a_changed_cart_frees_the_card_and_its_old_page_places_nothing(town: Town) -> None:
    card_id, code = a_card(50000)
    town.buyer.fill_cart()
    use(town.buyer, code)
    old = details(town.buyer).replace(town.url, "")
    total = 50000 - balance(card_id)
    town.buyer.fill_cart(1)
    new = details(town.buyer).replace(town.url, "")
    assert new != old and balance(card_id) < 50000 - total
    assert "took too long" in town.buyer.post(old, WHERE).text
    assert town.orders() == []
    assert "/orders/" in town.buyer.post(new, WHERE).url
    books_are_right()


def test_nobody_pays_and_the_money_comes_back(town: Town) -> None:
    card_id, code = a_card(1000)
    town.buyer.fill_cart()
    use(town.buyer, code)
    session_id = town.buyer.check_out()
    assert balance(card_id) == 0
    other = Buyer(town)
    other.fill_cart()
    assert "nothing left on it" in use(other, code)
    assert "nothing left on it" not in town.buyer.get("/cart").text
    town.control("POST", f"stripe/sessions/{session_id}/expire", x=1)
    settle_session(session_id)
    poll_checkouts.run()
    assert balance(card_id) == 1000
    books_are_right()


def test_a_page_paid_after_its_time_takes_what_is_left_and_waits_for_staff(town: Town) -> None:
    card_id, code = a_card(1000)
    town.buyer.fill_cart()
    use(town.buyer, code)
    session_id = town.buyer.check_out()
    checkout_id = db.session.execute(select(Checkout.id)).scalar_one()
    db.session.remove()
    with transaction() as session:
        give_back(session, [checkout_id])
        assert transfer(session, card_id, "deduct", 700, key="adjust:x")
    town.buyer.pay(session_id)
    settle_session(session_id)
    order = town.order()
    assert payments(order)[0] == ("gift_card", 300)
    assert "after its time" in (town.fulfilment().hold_reason or "")
    assert balance(card_id) == 0
    books_are_right()


def test_a_cancelled_order_gives_the_card_back_first(town: Town) -> None:
    card_id, code = a_card(1000)
    town.buyer.fill_cart()
    use(town.buyer, code)
    order = pay_rest(town)
    cancel_order(order.id, who="a test")
    town.work()
    assert balance(card_id) == 1000 and town.order().payment_status == "refunded"
    uses = db.session.execute(select(GiftCardUse.state)).scalars()
    assert list(uses) == ["captured"]
    letters = town.letters(subject="Your refund of")
    assert any("back on your gift card" in letter["text"] for letter in letters), [x["subject"] for x in town.letters()]
    books_are_right()


def test_a_card_of_another_currency_says_what_it_pays_for(town: Town) -> None:
    _, code = a_card(1000, currency="EUR")
    town.buyer.fill_cart()
    assert "pays for orders in EUR only" in use(town.buyer, code)
    assert "To pay" not in town.buyer.get("/cart").text
    town.buyer.check_out()


def test_a_card_can_be_taken_out_of_the_cart(town: Town) -> None:
    card_id, code = a_card(1000)
    town.buyer.fill_cart()
    assert code[-4:] in use(town.buyer, code)
    gone = town.buyer.post("/cart/gift-cards/remove", {"card": card_id}).text
    assert f"•••• {code[-4:]}" not in gone
