"""What a buyer does on the page of an order: look, cancel, change the address, keep the invoice, buy again."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from shop.cart.models import CartLine
from shop.core import clock
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db, limiter
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from shop.workflows import watch_subscriptions
from shop.workflows.submit_fulfilment import release
from tests.town import Town, job_function

NEW = {"name": "Ada Byron", "line1": "14 Moss Street", "line2": "", "city": "Portland", "state": "OR",
       "postal_code": "97210", "phone": ""}  # fmt: skip


@pytest.fixture
def by_hand(town: Town) -> Town:
    """Orders wait at the print shop until somebody sends them on."""
    _settings(town, production_policy="by_hand")
    return town


def _settings(town: Town, **values: object) -> None:
    with transaction() as session:
        session.execute(update(StoreProfile).values(**values))
        profile.touch_settings(session)
    profile.forget()


def _at_printify(town: Town) -> list[str]:
    return [str(order["status"]) for order in town.provider_orders()]


def test_the_page_tells_how_far_the_order_is_and_asks_again_until_it_arrived(by_hand: Town) -> None:
    watch_subscriptions.run()
    town, order = by_hand, by_hand.paid_order()
    link = f"/orders/{order.token}"
    page = town.buyer.get(link)
    assert "still to come" in page.text and "Sent to the print shop" in page.text
    seen = re.search(r"/live\?seen=([0-9a-f]{16})", page.text)
    assert seen and re.search(r'hx-trigger="every \d+s"', page.text)
    again = town.buyer.get(f"{link}/live?seen={seen[1]}")
    assert again.status_code == 204 and not again.content and again.headers["Cache-Control"] == "private, no-store"
    same = town.buyer.get(f"{link}/live", headers={"If-None-Match": again.headers["ETag"]})
    assert same.status_code == 304
    release(town.fulfilment().id)
    town.work()
    town.ship(carrier="ups", number="1Z999")
    town.work()
    news = town.buyer.get(f"{link}/live?seen={seen[1]}")
    assert news.status_code == 200 and "UPS 1Z999" in news.text and 'hx-swap-oob="innerHTML"' in news.text
    assert "Cancel the order" not in news.text and "Change the address" not in news.text
    town.deliver()
    town.work()
    end = town.buyer.get(f"{link}/live?seen={seen[1]}")
    assert "was delivered" in end.text and "hx-trigger" not in end.text and "still to come" not in end.text


def test_a_buyer_cancels_what_is_not_being_made_and_the_money_goes_back(by_hand: Town) -> None:
    town, order = by_hand, by_hand.paid_order()
    assert _at_printify(town) == ["on-hold"]
    assert "cannot be undone" in town.buyer.get(f"/orders/{order.token}/cancel").text
    answer = town.buyer.post(f"/orders/{order.token}/cancel")
    assert "Your order is cancelled" in answer.text
    town.work()
    assert town.order().status == "cancelled" and town.order().payment_status == "refunded"
    assert _at_printify(town) == ["canceled"]
    assert "was cancelled before" in town.buyer.post(f"/orders/{order.token}/cancel").text
    told = db.session.execute(select(Letter.letter).where(Letter.order_id == order.id)).scalars().all()
    assert told.count("merchant_notice") == 1 and told.count("cancelled") == 1


def test_what_is_being_made_is_refused_in_words(town: Town) -> None:
    order = town.paid_order()
    assert town.order().fulfilment_status == "in_production"
    page = town.buyer.get(f"/orders/{order.token}").text
    assert f"/orders/{order.token}/cancel" not in page and f"/orders/{order.token}/address" not in page
    assert "being made already" in town.buyer.post(f"/orders/{order.token}/cancel").text
    refused = town.buyer.post(f"/orders/{order.token}/address", NEW)
    assert refused.status_code == 422 and "being made already" in refused.text
    assert town.order().status == "placed" and town.order().ship_to["line1"] != "14 Moss Street"


def test_the_merchant_says_until_when_buyers_may_cancel(by_hand: Town) -> None:
    town, order = by_hand, by_hand.paid_order()
    _settings(town, checkout={"buyers_cancel": "minutes", "cancel_minutes": 30})
    assert "You can cancel it until" in town.buyer.get(f"/orders/{order.token}").text
    with transaction() as session:
        session.execute(update(Order).values(placed_at=clock.now() - timedelta(minutes=31)))
    assert (
        "time in which this order could be cancelled is over" in town.buyer.post(f"/orders/{order.token}/cancel").text
    )
    _settings(town, checkout={"buyers_cancel": "never"})
    assert "cannot be cancelled here" in town.buyer.post(f"/orders/{order.token}/cancel").text
    assert town.order().status == "placed"


@pytest.mark.parametrize("head_start", [0.0, 0.02, 0.06])
def test_cancelling_and_sending_to_production_at_once_one_of_them_wins(by_hand: Town, head_start: float) -> None:
    """Whatever the order of things: cancelled here and there, or made here and there."""
    town, order = by_hand, by_hand.paid_order()
    with transaction() as session:
        session.execute(update(FulfilmentOrder).values(work_state="due", due_at=clock.now(), is_held=False))
    db.session.remove()
    answers: list[str] = []

    def cancel() -> None:
        answers.append(town.buyer.post(f"/orders/{order.token}/cancel").text)

    def produce() -> None:
        with town.app.app_context():
            job_function(JobName.DRAIN_FULFILMENT)()

    threads = [threading.Thread(target=cancel), threading.Thread(target=produce)]
    threads[1].start()
    threads[1].join(head_start)
    threads[0].start()
    for thread in threads:
        thread.join()
    town.work()
    here, there = town.order().status, _at_printify(town)
    if here == "cancelled":
        assert there == ["canceled"] and "Your order is cancelled" in answers[0]
    else:
        assert there != ["canceled"] and town.order().fulfilment_status in ("submitted", "in_production")
        assert "Your order is cancelled" not in answers[0]


def test_a_buyer_changes_the_address_until_it_is_made(by_hand: Town) -> None:
    town, order = by_hand, by_hand.paid_order()
    form = town.buyer.get(f"/orders/{order.token}/address").text
    assert str(order.ship_to["line1"]) in form
    answer = town.buyer.post(f"/orders/{order.token}/address", NEW)
    assert "The address is changed" in answer.text and "14 Moss Street" in answer.text
    town.work()
    made = [work["address_to"]["address1"] for work in town.provider_orders() if work["status"] != "canceled"]
    assert made == ["14 Moss Street"], "what waited there is withdrawn and ordered again"
    told = db.session.execute(select(Letter).where(Letter.letter == "merchant_notice")).scalar_one()
    assert "14 Moss Street" in told.facts["text"]


def test_an_address_elsewhere_or_wrong_is_refused_in_words(by_hand: Town) -> None:
    town, order = by_hand, by_hand.paid_order()
    where = f"/orders/{order.token}/address"
    abroad = town.buyer.post(where, {**NEW, "country": "DE", "postal_code": "10115", "state": ""})
    assert abroad.status_code == 422 and "In another country shipping and tax differ" in abroad.text
    wrong = town.buyer.post(where, {**NEW, "line1": "", "postal_code": "ABC", "phone": "x"})
    assert wrong.status_code == 422
    for words in ("enter the street", "not what a postal code looks like", "phone number with digits"):
        assert words in wrong.text
    assert town.order().ship_to == order.ship_to


def test_the_invoice_is_for_who_has_the_link_alone(by_hand: Town) -> None:
    town = by_hand
    _settings(town, legal_name="Fern & Field Ltd", address="1 Fern Lane\nPortland")
    order = town.paid_order()
    assert town.buyer.get(f"/orders/{order.token}/invoice.pdf").status_code == 404
    pdf = town.buyer.post(f"/orders/{order.token}/invoice")
    assert pdf.headers["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF")
    assert pdf.headers["Cache-Control"] == "private, no-store"
    assert "invoice.pdf" in town.buyer.get(f"/orders/{order.token}").text
    for token in (order.number, "x" * 64, order.token[:-1], order.token + "A", "%00"):
        for path in ("", "/live", "/cancel", "/address", "/invoice.pdf"):
            assert town.buyer.get(f"/orders/{token}{path}").status_code == 404, (token, path)
        for path in ("/cancel", "/address", "/invoice", "/again"):
            assert town.buyer.post(f"/orders/{token}{path}").status_code == 404, (token, path)


def test_buying_again_fills_the_cart_with_what_is_still_sold(by_hand: Town) -> None:
    town, order = by_hand, by_hand.paid_order(quantity=2)
    page = town.buyer.post(f"/orders/{order.token}/again")
    assert page.url.endswith("/cart") and "in your cart again" in page.text
    assert db.session.execute(select(CartLine.quantity)).scalars().all() == [2]
    with transaction() as session:
        session.execute(text("UPDATE variants SET is_available = false"))
        profile.touch_catalog(session)
    gone = town.buyer.post(f"/orders/{order.token}/again")
    assert "Not sold any more:" in gone.text and f"/orders/{order.token}" in gone.url


def test_pressing_without_end_is_slowed_down(by_hand: Town) -> None:
    town, order = by_hand, by_hand.paid_order()
    limiter.enabled = True
    try:
        limiter.reset()
        answers = [town.buyer.post(f"/orders/{order.token}/address", {}).status_code for _ in range(22)]
    finally:
        limiter.enabled = False
    assert answers[0] == 422 and answers[-1] == 429
