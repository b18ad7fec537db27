"""From the cart to the door, and everything that may go wrong between."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from sqlalchemy import select, text, update

from shop.catalog.models import Variant
from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder, Shipment
from shop.inbound.models import InboundEvent
from shop.orders.models import Order
from shop.payments.models import Payment, Refund
from shop.tenancy import profile
from shop.tenancy.profile import touch_settings
from shop.workflows import poll_checkouts, poll_fulfilments, poll_stripe_events, watch_subscriptions
from shop.workflows.complete_checkout import settle_session
from shop.workflows.refund_order import request_refund
from tests.town import Town


@pytest.fixture(autouse=True)
def _subscriptions(town: Town) -> None:
    watch_subscriptions.run()


def counts() -> dict[str, int]:
    db.session.remove()
    return {
        model.__tablename__: db.session.query(model).count() for model in (Order, Payment, FulfilmentOrder, Shipment)
    }


def one_of_each(shipments: int = 0) -> dict[str, int]:
    return {"orders": 1, "payments": 1, "fulfilment_orders": 1, "shipments": shipments}


def test_a_paid_cart_becomes_one_order_made_shipped_and_delivered_with_its_letters(town: Town) -> None:
    order = town.paid_order(quantity=2)
    assert (order.payment_status, order.fulfilment_status) == ("paid", "in_production")
    (theirs,) = town.provider_orders()
    assert theirs["metadata"]["shop_order_id"] == order.number
    assert [line["quantity"] for line in theirs["line_items"]] == [2]
    town.ship(carrier="usps", number="9400110803825105004837")
    town.work()
    assert town.order().fulfilment_status == "shipped"
    town.deliver()
    town.work()
    order = town.order()
    assert (order.status, order.fulfilment_status) == ("completed", "delivered")
    assert counts() == one_of_each(shipments=1)
    subjects = [m["subject"] for m in town.letters(to="ada@example.com")]
    assert len(subjects) == 3, subjects
    assert any(order.number in m["text"] for m in town.letters(to="ada@example.com"))
    assert "9400110803825105004837" in town.letters(to="ada@example.com")[1]["text"]
    page = town.buyer.get(f"/orders/{order.token}")
    assert page.status_code == 200 and "9400110803825105004837" in page.text


def test_the_total_paid_equals_the_total_shown_to_the_cent(town: Town) -> None:
    order = town.paid_order(quantity=3)
    payment = db.session.execute(select(Payment)).scalar_one()
    assert payment.amount_minor == order.total_minor == order.subtotal_minor + order.shipping_minor


def test_a_declined_card_then_a_good_one_makes_one_order(town: Town) -> None:
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    declined = town.buyer.pay(session_id, card="4000000000000002")
    assert "declin" in str(declined).lower()
    town.work()
    assert counts()["orders"] == 0
    town.buyer.pay(session_id, card="4242424242424242")
    town.work()
    assert counts() == one_of_each()


def test_a_delayed_payment_waits_then_becomes_an_order(town: Town) -> None:
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id, bank=True)
    town.work()
    assert counts()["orders"] == 0
    assert "on its way" in town.buyer.come_back(session_id).text
    town.control("POST", f"stripe/sessions/{session_id}/settle")
    town.work()
    assert counts() == one_of_each()
    assert "Thank you" in town.buyer.come_back(session_id).text


def test_a_delayed_payment_that_fails_tells_the_buyer_and_keeps_the_cart(town: Town) -> None:
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id, bank=True)
    town.control("POST", f"stripe/sessions/{session_id}/fail")
    town.work()
    assert counts()["orders"] == 0
    assert [row.letter for row in db.session.execute(select(Letter)).scalars()] == ["payment_failed"]
    assert "Your cart is empty" not in town.buyer.get("/cart").text
    assert "did not go through" in town.buyer.come_back(session_id).text


def test_a_tab_closed_after_paying_still_becomes_an_order(town: Town) -> None:
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()  # nobody ever opens the return page
    assert counts() == one_of_each()


def test_a_lost_webhook_is_found_by_the_event_poller(town: Town) -> None:
    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    assert counts()["orders"] == 0
    assert poll_stripe_events.run() > 0
    town.work()
    assert counts() == one_of_each()
    assert poll_stripe_events.run() == 0


def test_a_lost_webhook_is_found_by_looking_at_open_payment_pages(town: Town) -> None:
    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    clock.advance(timedelta(minutes=5))
    assert poll_checkouts.run() == 1
    town.work()
    assert counts() == one_of_each()


def test_lost_news_from_the_print_provider_is_found_by_the_poller(town: Town) -> None:
    town.paid_order()
    town.control("POST", "hooks", service="printify", mode="lose", seconds=0)
    town.ship()
    town.work()
    assert town.order().fulfilment_status == "in_production"
    clock.advance(timedelta(hours=1))
    assert poll_fulfilments.run() == 1
    assert town.order().fulfilment_status == "shipped"


def test_webhooks_that_repeat_and_arrive_shuffled_change_nothing(town: Town) -> None:
    for service in ("stripe", "printify"):
        town.control("POST", "hooks", service=service, mode="duplicate", seconds=0)
    town.paid_order()
    town.ship(number="ONE")
    town.deliver()
    town.work()
    before = counts()
    letters = len(town.letters())
    with transaction() as session:
        session.execute(update(InboundEvent).values(work_state="due", due_at=clock.now()))
    town.work()
    assert counts() == before == one_of_each(shipments=1)
    assert len(town.letters()) == letters


def test_printify_down_for_an_hour_delays_the_order_and_loses_nothing(town: Town) -> None:
    town.fault("printify", "error_500", match="POST .*orders.json", times=None)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    work = town.fulfilment()
    assert (work.work_state, work.status) == ("due", "requested")
    assert work.error_text
    for _ in range(8):
        clock.advance(timedelta(minutes=11))
        town.work()
    assert town.provider_orders() == []
    assert [m["subject"] for m in town.letters(to="merchant@example.com") if "yet" in m["text"]]
    town.no_faults()
    town.breathe()
    clock.advance(timedelta(minutes=11))
    town.work()
    assert len(town.provider_orders()) == 1
    assert town.order().fulfilment_status == "in_production"


def test_redis_flushed_in_mid_sale_loses_nothing(town: Town) -> None:
    redis = town.app.extensions["imprint.redis"].client
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    redis.flushdb()
    town.buyer.pay(session_id)
    redis.flushdb()
    town.work()  # the sweep finds rows, not messages
    assert counts() == one_of_each()
    assert len(town.provider_orders()) == 1


@pytest.mark.parametrize("kind", ["drop_after", "error_500_after"])
def test_an_order_accepted_with_its_answer_lost_is_printed_once(town: Town, kind: str) -> None:
    town.fault("printify", kind, match=r"POST .*/orders\.json", times=1)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    for _ in range(3):
        clock.advance(timedelta(minutes=2))
        town.work()
    assert len(town.provider_orders()) == 1
    assert town.order().fulfilment_status == "in_production"


def test_production_asked_for_with_its_answer_lost_is_asked_once(town: Town) -> None:
    town.fault("printify", "drop_after", match="POST .*send_to_production", times=1)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    for _ in range(3):
        clock.advance(timedelta(minutes=2))
        town.work()
    assert town.fulfilment().step == "watch"
    assert town.fulfilment().work_state == "done"


def test_a_double_click_on_pay_opens_one_page(town: Town) -> None:
    town.buyer.fill_cart()
    found: list[str] = []
    cookies = dict(town.buyer.http.cookies)

    def click() -> None:
        answer = requests.post(
            f"{town.url}/checkout", cookies=cookies, headers={"Origin": town.url}, allow_redirects=False, timeout=30
        )
        found.append(answer.headers["Location"])

    clicks = [threading.Thread(target=click) for _ in range(4)]
    [c.start() for c in clicks]
    [c.join() for c in clicks]
    assert len(found) == 4 and len(set(found)) == 1
    assert db.session.query(Checkout).count() == 1


def test_webhook_return_page_and_poller_at_once_place_one_order(town: Town) -> None:
    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id)
    problems: list[Exception] = []

    def settle() -> None:
        with town.app.app_context():
            try:
                settle_session(session_id)
            except Exception as error:  # noqa: BLE001  (collected and asserted)
                problems.append(error)
            finally:
                db.session.remove()

    rivals = [threading.Thread(target=settle) for _ in range(8)]
    [r.start() for r in rivals]
    [r.join() for r in rivals]
    town.work()
    assert problems == []
    assert counts() == one_of_each()
    assert len(town.letters(to="ada@example.com")) == 1


def test_a_changed_cart_closes_the_earlier_payment_page(town: Town) -> None:
    town.buyer.fill_cart()
    first = town.buyer.check_out()
    town.buyer.fill_cart(2)
    second = town.buyer.check_out()
    assert first != second
    assert town.stripe.v1.checkout.sessions.retrieve(first).status == "expired"


def test_a_changed_price_is_told_before_payment(town: Town) -> None:
    shirt = town.a_shirt()
    town.buyer.fill_cart(variant=shirt)
    with transaction() as session:
        session.execute(text("UPDATE variants SET price_minor = price_minor + 100 WHERE id = :id"), {"id": shirt.id})
    refused = town.buyer.post("/checkout", allow_redirects=False)
    assert refused.headers["Location"].endswith("/cart")
    session_id = town.buyer.check_out()
    assert town.stripe.v1.checkout.sessions.retrieve(session_id).amount_subtotal >= shirt.price_minor + 100


def test_a_vanished_variant_stops_the_checkout_with_a_reason(town: Town) -> None:
    shirt = town.a_shirt()
    town.buyer.fill_cart(variant=shirt)
    with transaction() as session:
        session.execute(text("UPDATE variants SET is_available = false WHERE id = :id"), {"id": shirt.id})
    answer = town.buyer.post("/checkout")
    assert "not available any more" in answer.text
    assert db.session.query(Checkout).count() == 0


def test_a_refund_pressed_many_times_is_asked_once_and_never_exceeds_what_was_paid(town: Town) -> None:
    order = town.paid_order()
    problems: list[str] = []

    def press() -> None:
        with town.app.app_context():
            try:
                request_refund(order.id, order.total_minor, reason="test", who="tester")
            except Exception as error:  # noqa: BLE001  (collected and asserted)
                problems.append(type(error).__name__)
            finally:
                db.session.remove()

    presses = [threading.Thread(target=press) for _ in range(6)]
    [p.start() for p in presses]
    [p.join() for p in presses]
    assert problems == ["Conflict"] * 5
    town.work()
    refunds = db.session.execute(select(Refund)).scalars().all()
    assert [(r.status, r.amount_minor) for r in refunds] == [("succeeded", order.total_minor)]
    assert town.order().payment_status == "refunded"


def test_a_refund_made_at_stripe_is_recorded(town: Town) -> None:
    order = town.paid_order()
    intent = db.session.execute(select(Payment.external_id)).scalar_one()
    town.stripe.v1.refunds.create({"payment_intent": intent, "amount": 500})
    town.work()
    assert town.order().payment_status == "partly_refunded"
    assert "5.00" in town.letters(to=order.email)[-1]["text"]


def test_a_dispute_holds_what_was_not_made_and_calls_the_merchant(town: Town) -> None:
    town.fault("printify", "error_500", match="POST .*orders.json", times=None)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    intent = db.session.execute(select(Payment.external_id)).scalar_one()
    town.control("POST", f"stripe/charges/{intent}/dispute")
    town.work()
    assert town.order().payment_status == "disputed"
    town.no_faults()
    clock.advance(timedelta(hours=2))
    town.work()
    assert town.provider_orders() == []
    assert town.fulfilment().is_held


def test_several_parcels_each_bring_one_letter(town: Town) -> None:
    shirt = town.a_shirt()
    other = (
        db.session.execute(
            select(Variant).where(Variant.product_id == shirt.product_id, Variant.id != shirt.id, Variant.is_available)
        )
        .scalars()
        .first()
    )
    town.buyer.fill_cart(variant=shirt)
    town.buyer.fill_cart(variant=other)
    town.buyer.pay(town.buyer.check_out())
    town.work()
    order = town.order()
    town.ship(number="FIRST", line_items=[0])
    town.work()
    assert town.order().fulfilment_status == "partly_shipped"
    town.ship(number="SECOND")
    town.work()
    assert town.order().fulfilment_status == "shipped"
    numbers = set(db.session.execute(select(Shipment.number)).scalars())
    assert numbers == {"FIRST", "SECOND"}
    texts = [m["text"] for m in town.letters(to=order.email)]
    for number in numbers:
        assert sum(number in body for body in texts) == 1


def test_who_asked_for_a_reminder_gets_one_letter_with_the_way_back(town: Town) -> None:
    town.buyer.fill_cart()
    assert "We will remind you" in town.buyer.post("/cart/reminder", {"email": "ada@example.com"}).text
    session_id = town.buyer.check_out()
    town.control("POST", f"stripe/sessions/{session_id}/expire")
    town.work()
    clock.advance(timedelta(hours=1.1))  # the first letter's time
    town.work()
    clock.fix(None)  # the payment provider's clock has not moved
    (letter,) = town.letters(to="ada@example.com")
    link = re.search(r"http://\S+/pay/recover/\S+", letter["text"])
    assert link
    again = requests.get(link.group(), timeout=10)
    recovered = re.search(r"cs_[A-Za-z0-9_]+", again.url)
    assert recovered and recovered.group() != session_id
    town.buyer.pay(recovered.group())
    town.work()
    assert counts() == one_of_each()
    assert "Thank you" in town.buyer.come_back(recovered.group()).text


def test_printify_disconnecting_the_shop_calls_the_merchant_once(town: Town) -> None:
    town.control("POST", "printify/shops/815256/disconnect")
    town.work()
    assert len(town.letters(to="merchant@example.com")) == 1


def test_an_expired_page_writes_only_to_who_agreed(town: Town) -> None:
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    town.control("POST", f"stripe/sessions/{session_id}/expire")
    town.work()
    assert db.session.execute(select(Checkout.status)).scalar_one() == "expired"
    assert town.letters() == []
    assert "run out of time" in town.buyer.come_back(session_id).text


@pytest.mark.parametrize("inclusive", [True, False], ids=["inside", "on top"])
def test_stripe_tax_by_setting_makes_an_order_of_what_was_charged(town: Town, inclusive: bool) -> None:
    before = town.app.config["IMPRINT"]
    town.app.config["IMPRINT"] = replace(before, tax_mode="stripe")
    try:
        with transaction() as session:
            session.execute(text("UPDATE store_profile SET prices_include_tax = :inside"), {"inside": inclusive})
            touch_settings(session)
        profile.forget()
        town.buyer.fill_cart(2)
        california = {"line1": "1 Main St", "city": "Fresno", "state": "CA", "postal_code": "93701", "country": "US"}
        town.buyer.pay(town.buyer.check_out(), address=california)
        town.work()
        order = town.order()
    finally:
        town.app.config["IMPRINT"] = before
    payment = db.session.execute(select(Payment)).scalar_one()
    assert order.tax_minor > 0 and order.tax_included is inclusive
    assert payment.amount_minor == order.total_minor
    assert not town.fulfilment().is_held


def test_tax_on_top_from_the_table_is_paid_to_the_cent(town: Town) -> None:
    rates = '[{"country": "US", "rate": "0.0825", "on_shipping": true, "name": "Sales tax"}]'
    with transaction() as session:
        session.execute(text("UPDATE store_profile SET tax_rates = CAST(:rates AS jsonb)"), {"rates": rates})
        touch_settings(session)
    profile.forget()
    order = town.paid_order(quantity=3)
    payment = db.session.execute(select(Payment)).scalar_one()
    assert order.tax_minor > 0 and not order.tax_included
    assert payment.amount_minor == order.total_minor == order.subtotal_minor + order.shipping_minor + order.tax_minor
