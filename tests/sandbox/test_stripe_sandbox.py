"""Stripe's double over real HTTP, asked by the real SDK."""

from __future__ import annotations

import io
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
import stripe

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from sandbox.world import World

SECRET = "whsec_sandbox"
TEE = {
    "price_data": {"currency": "usd", "unit_amount": 2500, "product_data": {"name": "Tee", "description": "Black / M"}},
    "quantity": 2,
}


def rate(name: str, amount: int) -> dict[str, Any]:
    fixed = {"amount": amount, "currency": "usd"}
    return {"shipping_rate_data": {"display_name": name, "type": "fixed_amount", "fixed_amount": fixed}}


@dataclass
class Shop:
    """A webhook receiver that keeps what it was sent; ``answers`` are the next status codes (then 200)."""

    url: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.calls]


@dataclass
class Desk:
    """The SDK's client, the world, and short ways to say things."""

    world: World
    url: str
    client: stripe.StripeClient
    shop: Shop

    def session(self, **more: Any) -> Any:
        params: dict[str, Any] = {
            "mode": "payment",
            "success_url": "http://shop.test/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://shop.test/cart",
            "line_items": [TEE],
        }
        params.update(more)
        return self.client.v1.checkout.sessions.create({k: v for k, v in params.items() if v is not None})

    def pay(self, session: Any, **facts: Any) -> dict[str, Any]:
        return self.control(f"sessions/{session.id}/pay", **facts)

    def control(self, path: str, status: int = 200, **facts: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/control/api/stripe/{path}", json=facts, timeout=10)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def read(self, session: Any, **params: Any) -> Any:
        return self.client.v1.checkout.sessions.retrieve(session.id, params)

    def event_types(self) -> list[str]:
        return [event.type for event in self.client.v1.events.list({"limit": 100}).data][::-1]

    def refused(self, **more: Any) -> stripe.InvalidRequestError:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            self.session(**more)
        return caught.value


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    received = Shop()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.calls.append((dict(self.headers), body))
            self.send_response(received.answers.pop(0) if received.answers else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    received.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield received
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def sandbox(shop: Shop) -> Iterator[tuple[World, str]]:
    specs = SandboxSettings.from_env().specs_directory
    settings = SandboxSettings(port=0, smtp_port=0, shop_url=shop.url, rate_limits=False, specs_directory=specs)
    with run_sandbox(settings) as running:
        yield running


@pytest.fixture
def desk(sandbox: tuple[World, str], shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    world, url = sandbox
    requests.post(f"{url}/control/api/reset", timeout=10).raise_for_status()
    world.hooks.set_mode("stripe", "normal")
    shop.calls.clear()
    shop.answers.clear()
    addresses: Any = {"api": f"{url}/stripe", "files": f"{url}/stripe"}
    client = stripe.StripeClient("sk_test_sandbox", base_addresses=addresses, max_network_retries=0)
    yield Desk(world, url, client, shop)
    world.hooks.wait_idle(5)


# Sessions


def test_session_echoes_what_was_asked_and_adds_up(desk: Desk) -> None:
    session = desk.session(
        client_reference_id="cart-7",
        metadata={"order": "7"},
        shipping_address_collection={"allowed_countries": ["US", "DE"]},
        shipping_options=[rate("Standard", 499), rate("Express", 1299)],
        after_expiration={"recovery": {"enabled": True}},
    )
    assert session.id.startswith("cs_test_") and session.status == "open" and session.payment_status == "unpaid"
    assert (session.amount_subtotal, session.amount_total) == (5000, 5499)
    assert session.total_details.amount_shipping == 499
    assert session.url == f"{desk.url}/pay/{session.id}"
    assert session.metadata.to_dict() == {"order": "7"} and session.client_reference_id == "cart-7"
    assert session.payment_intent is None and session.after_expiration.recovery.url is None
    assert "line_items" not in session
    lines = desk.client.v1.checkout.sessions.line_items.list(session.id)
    assert [(line.description, line.quantity, line.amount_total) for line in lines.data] == [("Tee", 2, 5000)]


def test_expand_shows_lines_products_and_breakdown(desk: Desk) -> None:
    coupon = desk.client.v1.coupons.create({"percent_off": 10, "duration": "once"})
    session = desk.session(
        discounts=[{"coupon": coupon.id}],
        expand=["line_items.data.price.product", "total_details.breakdown"],
    )
    assert session.line_items.data[0].price.product.description == "Black / M"
    assert session.total_details.breakdown.discounts[0].amount == 500
    assert (session.amount_total, session.total_details.amount_discount) == (4500, 500)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"mode": "nope"}, "mode"),
        ({"success_url": None}, "success_url"),
        ({"success_url": "shop.test/x"}, "success_url"),
        ({"ui_mode": "hosted"}, "ui_mode"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"colour": "red"}, "colour"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"line_items": [{**TEE, "quantity": 0}]}, "line_items[0][quantity]"),
        ({"line_items": [{**TEE, "quantity": "many"}]}, "line_items[0][quantity]"),
        ({"line_items": [{"price": "price_x", "quantity": 1}]}, "line_items[0][price]"),
        ({"shipping_address_collection": {"allowed_countries": ["XX"]}}, None),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"expires_at": 1}, "expires_at"),
    ],
)
def test_wrong_parameters_are_refused_by_name(desk: Desk, more: dict[str, Any], param: str | None) -> None:
    error = desk.refused(**more)
    assert error.http_status == 400
    assert param is None or error.param == param


def test_rules_between_parameters_are_kept(desk: Desk) -> None:
    coupon = desk.client.v1.coupons.create({"percent_off": 10, "duration": "once"})
    both = desk.refused(allow_promotion_codes=True, discounts=[{"coupon": coupon.id}])
    assert "allow_promotion_codes, discounts" in str(both)
    assert "embedded_page" in str(desk.refused(ui_mode="embedded_page"))
    small = {"price_data": {"currency": "usd", "unit_amount": 20, "product_data": {"name": "Pin"}}, "quantity": 1}
    assert desk.refused(line_items=[small]).code == "amount_too_small"
    no_currency = {"price_data": {"unit_amount": 20, "product_data": {"name": "Pin"}}, "quantity": 1}
    assert "currency" in str(desk.refused(line_items=[no_currency]).param)
    descriptor = desk.refused(payment_intent_data={"statement_descriptor": "SHOP"})
    assert descriptor.param == "payment_intent_data[statement_descriptor]"


def test_taxes_from_rates_and_from_the_table_add_up(desk: Desk) -> None:
    vat = desk.client.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": True})
    sales = desk.client.v1.tax_rates.create({"display_name": "Tax", "percentage": 7.25, "inclusive": False})
    inside = desk.session(line_items=[{**TEE, "tax_rates": [vat.id]}])
    assert (inside.amount_total, inside.total_details.amount_tax) == (5000, 833)
    on_top = desk.session(line_items=[{**TEE, "tax_rates": [sales.id]}])
    assert (on_top.amount_total, on_top.total_details.amount_tax) == (5363, 363)
    automatic = desk.session(
        automatic_tax={"enabled": True},
        shipping_address_collection={"allowed_countries": ["US", "DE"]},
        shipping_options=[rate("Standard", 499)],
    )
    assert automatic.automatic_tax.status == "requires_location_inputs" and automatic.amount_total == 5499
    paid = desk.pay(automatic, address="DE")["session"]
    assert paid["automatic_tax"]["status"] == "complete"
    assert paid["total_details"]["amount_tax"] == 950 + 95 and paid["amount_total"] == 5499 + 1045


def test_session_is_found_again_listed_and_changed(desk: Desk) -> None:
    made = [desk.session() for _ in range(5)]
    updated = desk.client.v1.checkout.sessions.update(made[0].id, {"metadata": {"a": "1"}})
    assert updated.metadata.to_dict() == {"a": "1"}
    page = desk.client.v1.checkout.sessions.list({"limit": 2})
    assert [one.id for one in page.data] == [made[4].id, made[3].id] and page.has_more
    assert len(list(page.auto_paging_iter())) == 5
    back = desk.client.v1.checkout.sessions.list({"limit": 2, "ending_before": made[0].id})
    assert [one.id for one in back.data] == [made[2].id, made[1].id]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.client.v1.checkout.sessions.retrieve("cs_test_nothing")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


# The API's manners


def test_caller_needs_a_test_key_and_gets_ids_and_version(desk: Desk) -> None:
    root = f"{desk.url}/stripe/v1/balance"
    assert requests.get(root, timeout=10).status_code == 401
    assert requests.get(root, auth=("sk_live_x", ""), timeout=10).status_code == 401
    good = requests.get(root, auth=("sk_test_x", ""), headers={"Stripe-Version": "2026-10-28.endive"}, timeout=10)
    assert good.status_code == 200 and good.headers["Request-Id"].startswith("req_")
    assert good.headers["Stripe-Version"] == "2026-10-28.endive"
    unknown = requests.get(f"{desk.url}/stripe/v1/unicorns", auth=("sk_test_x", ""), timeout=10)
    assert unknown.status_code == 404 and "Unrecognized request URL" in unknown.json()["error"]["message"]
    bad = requests.post(f"{desk.url}/stripe/v1/refunds", auth=("sk_test_x", ""), data=b"a=%ff", timeout=10)
    assert bad.status_code in (400, 415)


def test_same_key_gives_the_same_answer_and_no_second_session(desk: Desk) -> None:
    sessions = desk.client.v1.checkout.sessions
    params: Any = {"mode": "payment", "success_url": "http://shop.test/x", "line_items": [TEE]}
    first = sessions.create(params, {"idempotency_key": "cart-1"})
    again = sessions.create(params, {"idempotency_key": "cart-1"})
    assert first.id == again.id and again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(sessions.list().data) == 1
    with pytest.raises(stripe.IdempotencyError) as caught:
        sessions.create({**params, "client_reference_id": "other"}, {"idempotency_key": "cart-1"})
    assert caught.value.http_status == 400


def test_refused_request_leaves_its_key_free(desk: Desk) -> None:
    sessions = desk.client.v1.checkout.sessions
    params: Any = {"mode": "payment", "success_url": "http://shop.test/x", "line_items": []}
    with pytest.raises(stripe.InvalidRequestError):
        sessions.create(params, {"idempotency_key": "cart-2"})
    assert sessions.create({**params, "line_items": [TEE]}, {"idempotency_key": "cart-2"}).id


def test_a_500_is_kept_under_its_key(desk: Desk) -> None:
    desk.world.faults.add({"service": "stripe-api", "kind": "error_500_after", "match": "POST .*sessions$"})
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            desk.client.v1.checkout.sessions.create(
                {"mode": "payment", "success_url": "http://shop.test/x", "line_items": [TEE]},
                {"idempotency_key": "cart-3"},
            )
        assert caught.value.http_status == 500
    assert len(desk.client.v1.checkout.sessions.list().data) == 1


def test_same_key_at_the_same_time_is_a_conflict(desk: Desk) -> None:
    desk.world.faults.add({"service": "stripe-api", "kind": "slow", "delay": 0.6})
    params: Any = {"mode": "payment", "success_url": "http://shop.test/x", "line_items": [TEE]}

    def ask(wait: float) -> int:
        time.sleep(wait)
        try:
            desk.client.v1.checkout.sessions.create(params, {"idempotency_key": "cart-4"})
        except stripe.StripeError as error:
            return int(error.http_status or 0)
        return 200

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, (0.0, 0.2))) == [200, 409]


def test_dropped_answer_is_found_by_the_sdks_own_retry(desk: Desk) -> None:
    desk.world.faults.add({"service": "stripe", "kind": "drop_after", "match": "POST .*sessions$"})
    addresses: Any = {"api": f"{desk.url}/stripe", "files": f"{desk.url}/stripe"}
    patient = stripe.StripeClient("sk_test_x", base_addresses=addresses, max_network_retries=1)
    patient.v1.checkout.sessions.create({"mode": "payment", "success_url": "http://shop.test/x", "line_items": [TEE]})
    assert len(desk.client.v1.checkout.sessions.list().data) == 1


def test_too_many_requests_are_refused_in_stripes_words(desk: Desk) -> None:
    desk.world.faults.add({"service": "stripe-api", "kind": "rate_429"})
    with pytest.raises(stripe.RateLimitError):
        desk.client.v1.balance.retrieve()
    desk.world.limits.clear()
    desk.world.limits.enabled = True
    try:
        with pytest.raises(stripe.RateLimitError):
            for _ in range(30):
                desk.client.v1.balance.retrieve()
    finally:
        desk.world.limits.enabled = False


# Paying


def test_paid_session_tells_everything_the_shop_needs(desk: Desk) -> None:
    session = desk.session(
        shipping_address_collection={"allowed_countries": ["US"]},
        shipping_options=[rate("Standard", 499), rate("Express", 1299)],
        payment_intent_data={"metadata": {"cart": "9"}},
    )
    result = desk.pay(session, email="ada@example.com", name="Ada L", shipping_option="Express")
    assert result["outcome"] == "paid"
    assert result["redirect"] == f"http://shop.test/done?session={session.id}"
    paid = desk.read(session, expand=["payment_intent.latest_charge", "shipping_cost.shipping_rate"])
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.amount_total == 6299 and paid.shipping_cost.shipping_rate.display_name == "Express"
    assert paid.customer_details.email == "ada@example.com" and paid.customer is None
    assert paid.collected_information.shipping_details.address.city == "Portland"
    intent = paid.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata["cart"]) == ("succeeded", 6299, "9")
    assert intent.latest_charge.paid and intent.latest_charge.payment_method_details.card.last4 == "4242"
    kinds = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]
    assert desk.event_types() == kinds
    assert desk.client.v1.balance.retrieve().pending[0].amount == 6299 - 183 - 30


def test_webhooks_are_signed_so_that_the_sdk_accepts_them(desk: Desk) -> None:
    desk.pay(desk.session())
    assert desk.world.hooks.wait_idle(5)
    headers, body = next(call for call in desk.shop.calls if b"checkout.session.completed" in call[1])
    event = desk.client.construct_event(body, headers["Stripe-Signature"], SECRET)
    assert event.api_version == "2026-10-28.endive" and event.data.object.payment_status == "paid"
    assert headers["User-Agent"].startswith("Stripe/1.0")
    with pytest.raises(stripe.SignatureVerificationError):
        desk.client.construct_event(body + b" ", headers["Stripe-Signature"], SECRET)


def test_refused_delivery_is_tried_again_and_lost_one_is_still_listed(desk: Desk) -> None:
    desk.shop.answers[:] = [500]
    desk.control(f"sessions/{desk.session().id}/expire")
    desk.world.hooks.wait_idle(5)
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 10}, timeout=10).raise_for_status()
    desk.world.hooks.wait_idle(5)
    assert desk.shop.types() == ["checkout.session.expired"] * 2
    desk.world.hooks.set_mode("stripe", "lose")
    desk.pay(desk.session())
    desk.world.hooks.wait_idle(5)
    assert "checkout.session.completed" not in desk.shop.types()
    found = desk.client.v1.events.list({"type": "checkout.session.completed", "created": {"gte": 1}})
    assert len(found.data) == 1 and found.data[0].pending_webhooks == 1


def test_declined_card_leaves_the_session_open_for_another(desk: Desk) -> None:
    session = desk.session()
    declined = desk.pay(session, card="4000000000000002")
    assert (declined["outcome"], declined["code"]) == ("declined", "generic_decline")
    poor = desk.pay(session, card="4000000000009995")
    assert poor["code"] == "insufficient_funds" and "insufficient" in poor["message"]
    between = desk.read(session, expand=["payment_intent"])
    assert between.status == "open"
    assert between.payment_intent.last_payment_error.decline_code == "insufficient_funds"
    assert desk.pay(session)["outcome"] == "paid"
    assert desk.read(session).payment_intent == between.payment_intent.id
    assert desk.event_types().count("payment_intent.payment_failed") == 2


def test_unknown_card_is_declined_as_no_test_card(desk: Desk) -> None:
    assert desk.pay(desk.session(), card="4539578763621486")["code"] == "test_mode_live_card"


def test_3d_secure_can_be_passed_and_failed(desk: Desk) -> None:
    session = desk.session()
    assert desk.pay(session, card="4000002760003184")["outcome"] == "challenge"
    assert desk.read(session, expand=["payment_intent"]).payment_intent.status == "requires_action"
    assert desk.pay(session, card="4000002760003184", three_d_secure="fail")["outcome"] == "declined"
    assert desk.pay(session, card="4000002760003184", three_d_secure="complete")["outcome"] == "paid"


def test_bank_debit_settles_by_the_clock(desk: Desk) -> None:
    good, bad = desk.session(), desk.session()
    assert desk.pay(good, bank="000123456789")["outcome"] == "processing"
    desk.pay(bad, bank="000111111116")
    waiting = desk.read(good)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 200}, timeout=10).raise_for_status()
    assert desk.read(good).payment_status == "paid" and desk.read(bad).payment_status == "unpaid"
    kinds = desk.event_types()
    assert "checkout.session.async_payment_succeeded" in kinds and "checkout.session.async_payment_failed" in kinds
    desk.control(f"sessions/{good.id}/settle", status=409)


def test_free_order_needs_no_payment(desk: Desk) -> None:
    coupon = desk.client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    session = desk.session(discounts=[{"coupon": coupon.id}])
    assert desk.pay(session)["session"]["payment_status"] == "no_payment_required"
    assert desk.client.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_many_clicks_on_pay_pay_once(desk: Desk) -> None:
    session = desk.session()
    form = page_form()

    def click(_: int) -> requests.Response:
        return requests.post(f"{desk.url}/pay/{session.id}", data=form, timeout=10, allow_redirects=False)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(click, range(8)))
    assert {answer.status_code for answer in answers} == {303}
    assert {answer.headers["Location"] for answer in answers} == {f"http://shop.test/done?session={session.id}"}
    assert len(desk.client.v1.charges.list().data) == 1
    assert desk.event_types().count("checkout.session.completed") == 1


# Expiry and recovery


def test_session_expires_by_the_clock_and_its_link_makes_a_new_one(desk: Desk) -> None:
    soon = int(time.time()) + 1800
    session = desk.session(
        expires_at=soon, customer_email="ada@example.com", after_expiration={"recovery": {"enabled": True}}
    )
    assert session.expires_at == soon
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 1900}, timeout=10).raise_for_status()
    expired = desk.read(session)
    assert expired.status == "expired" and expired.url is None
    assert desk.event_types() == ["checkout.session.expired"]
    assert expired.customer_details.email == "ada@example.com"
    answer = requests.get(expired.after_expiration.recovery.url, timeout=10, allow_redirects=False)
    assert answer.status_code == 303
    renewed = desk.client.v1.checkout.sessions.retrieve(answer.headers["Location"].rpartition("/")[2])
    assert renewed.recovered_from == session.id and renewed.amount_total == 5000 and renewed.status == "open"
    assert desk.pay(renewed)["outcome"] == "paid"
    desk.control(f"sessions/{session.id}/pay", status=409)


def test_shop_may_sell_after_time_travel(desk: Desk) -> None:
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 5 * 86400}, timeout=10).raise_for_status()
    session = desk.session(expires_at=int(time.time()) + 3600)
    assert 3500 < session.expires_at - desk.world.clock.now() < 3700


def test_only_an_open_session_can_be_expired(desk: Desk) -> None:
    session = desk.session()
    assert desk.client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        desk.client.v1.checkout.sessions.expire(session.id)


# Refunds and disputes


def paid_intent(desk: Desk, **facts: Any) -> str:
    return str(desk.pay(desk.session(), **facts)["session"]["payment_intent"])


def test_partial_refunds_add_up_and_no_more_can_be_given_back(desk: Desk) -> None:
    intent = paid_intent(desk)
    refunds = desk.client.v1.refunds
    first = refunds.create({"payment_intent": intent, "amount": 1500, "reason": "requested_by_customer"})
    assert first.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        refunds.create({"payment_intent": intent, "amount": 3501})
    assert refunds.create({"payment_intent": intent}).amount == 3500
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"
    charge = desk.client.v1.charges.retrieve(first.charge, {"expand": ["refunds"]})
    assert charge.refunded and charge.amount_refunded == 5000 and len(charge.refunds.data) == 2
    assert len(refunds.list({"payment_intent": intent}).data) == 2
    assert desk.event_types().count("charge.refunded") == 2


def test_slow_refund_arrives_and_failing_refund_gives_back(desk: Desk) -> None:
    slow = desk.client.v1.refunds.create({"payment_intent": paid_intent(desk, card="4000000000007726")})
    lost = desk.client.v1.refunds.create({"payment_intent": paid_intent(desk, card="4000000000005126")})
    assert (slow.status, lost.status) == ("pending", "succeeded")
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 150}, timeout=10).raise_for_status()
    assert desk.client.v1.refunds.retrieve(slow.id).status == "succeeded"
    failed = desk.client.v1.refunds.retrieve(lost.id)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    assert desk.client.v1.charges.retrieve(lost.charge).amount_refunded == 0
    assert "refund.failed" in desk.event_types()
    with pytest.raises(stripe.InvalidRequestError):
        desk.client.v1.refunds.cancel(slow.id)


def test_refund_that_waits_for_the_buyer_can_be_cancelled(desk: Desk) -> None:
    session = desk.session()
    desk.pay(session, bank=True)
    desk.control(f"sessions/{session.id}/settle")
    intent = desk.read(session).payment_intent
    refund = desk.client.v1.refunds.create({"payment_intent": intent, "instructions_email": "ada@example.com"})
    assert refund.status == "requires_action"
    assert desk.client.v1.refunds.cancel(refund.id).status == "canceled"


def test_dispute_takes_evidence_once_and_is_decided(desk: Desk) -> None:
    session = desk.session()
    desk.pay(session, card="4000000000000259")
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 130}, timeout=10).raise_for_status()
    dispute = desk.client.v1.disputes.list({"payment_intent": desk.read(session).payment_intent}).data[0]
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 5000)
    paper = io.BytesIO(b"%PDF-1.4 receipt")
    paper.name = "receipt.pdf"
    receipt = desk.client.v1.files.create({"purpose": "dispute_evidence", "file": paper})
    assert (receipt.filename, receipt.size, receipt.type) == ("receipt.pdf", 16, "pdf")
    staged = desk.client.v1.disputes.update(
        dispute.id, {"evidence": {"receipt": receipt.id, "shipping_tracking_number": "1Z"}, "submit": False}
    )
    assert staged.status == "needs_response" and staged.evidence_details.has_evidence
    sent = desk.client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": True})
    assert sent.status == "under_review" and sent.evidence_details.submission_count == 1
    with pytest.raises(stripe.InvalidRequestError):
        desk.client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Bob"}})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.client.v1.refunds.create({"charge": dispute.charge})
    assert caught.value.code == "charge_disputed"
    desk.control(f"disputes/{dispute.id}/close", result="won")
    assert desk.client.v1.disputes.retrieve(dispute.id).status == "won"
    kinds = desk.event_types()
    for kind in ("created", "funds_withdrawn", "updated", "closed", "funds_reinstated"):
        assert f"charge.dispute.{kind}" in kinds


def test_unanswered_or_conceded_dispute_is_lost(desk: Desk) -> None:
    first = desk.control(f"charges/{paid_intent(desk)}/dispute", reason="product_not_received")
    second = desk.control(f"charges/{paid_intent(desk)}/dispute")
    assert desk.client.v1.disputes.close(second["id"]).status == "lost"
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 10 * 86400}, timeout=10).raise_for_status()
    assert desk.client.v1.disputes.retrieve(first["id"]).status == "lost"


# Endpoints, codes, customers


def test_new_endpoint_shows_its_secret_once_and_gets_only_its_types(desk: Desk) -> None:
    endpoints = desk.client.v1.webhook_endpoints
    made = endpoints.create({"url": f"{desk.shop.url}/second", "enabled_events": ["charge.succeeded"]})
    assert made.secret.startswith("whsec_") and "secret" not in endpoints.retrieve(made.id)
    assert {one.url for one in endpoints.list().data} == {made.url, f"{desk.shop.url}/api/webhooks/stripe"}
    desk.pay(desk.session())
    desk.world.hooks.wait_idle(5)
    assert desk.shop.types().count("charge.succeeded") == 2
    endpoints.update(made.id, {"disabled": True})
    assert endpoints.retrieve(made.id).status == "disabled"
    assert endpoints.delete(made.id).deleted


def test_event_can_be_sent_again_as_often_as_asked(desk: Desk) -> None:
    desk.pay(desk.session())
    event = desk.client.v1.events.list({"types": ["checkout.session.completed"]}).data[0]
    assert desk.control(f"events/{event.id}/resend", times=3) == {"queued": 3}
    desk.world.hooks.wait_idle(5)
    assert desk.shop.types().count("checkout.session.completed") == 4
    assert desk.client.v1.events.retrieve(event.id).pending_webhooks == 0


def test_customer_is_made_when_asked_and_goods_can_be_listed(desk: Desk) -> None:
    product = desk.client.v1.products.create({"name": "Mug"})
    price = desk.client.v1.prices.create({"product": product.id, "currency": "eur", "unit_amount": 1500})
    session = desk.session(line_items=[{"price": price.id, "quantity": 1}], customer_creation="always")
    assert session.currency == "eur"
    customer = desk.client.v1.customers.retrieve(desk.pay(session, email="ada@example.com")["session"]["customer"])
    assert customer.email == "ada@example.com"
    known = desk.session(customer=customer.id)
    assert known.customer_details.email == "ada@example.com"


# The page


def page_form(**more: str) -> dict[str, str]:
    return {
        "email": "ada@example.com",
        "ship_name": "Ada L",
        "ship_country": "US",
        "ship_line1": "1 Main Street",
        "ship_city": "Portland",
        "ship_state": "California",
        "ship_postal_code": "97201",
        "method": "card",
        "card_number": "4242 4242 4242 4242",
        "card_expiry": "12 / 34",
        "card_cvc": "123",
        "card_name": "Ada L",
        "bill_country": "US",
        "do": "pay",
    } | more


def test_page_shows_the_order_and_keeps_to_its_policy(desk: Desk) -> None:
    session = desk.session(
        shipping_address_collection={"allowed_countries": ["US", "DE"]}, shipping_options=[rate("Standard", 499)]
    )
    page = requests.get(session.url, timeout=10)
    assert page.status_code == 200 and "$54.99" in page.text and "Black / M" in page.text
    assert re.findall(
        r'<option value="([A-Z]{2})"', page.text.split('name="ship_country"')[1].split("</select>")[0]
    ) == [
        "DE",
        "US",
    ]
    assert "http://shop.test/cart" in page.text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert not re.search(r'\sstyle="|<style|\son\w+="|<script>', page.text)


def test_page_names_every_wrong_field(desk: Desk) -> None:
    session = desk.session(shipping_address_collection={"allowed_countries": ["DE"]})
    page = requests.post(session.url, data=page_form(email="ada", card_number="4242", card_expiry="01/20"), timeout=10)
    assert page.status_code == 422
    for name in ("email", "ship_country", "card_number", "card_expiry"):
        assert f'id="error-{name}"' in page.text
    assert desk.read(session).status == "open"


def test_page_takes_a_code_once_and_shows_the_new_total(desk: Desk) -> None:
    coupon = desk.client.v1.coupons.create({"amount_off": 700, "currency": "usd", "duration": "once"})
    desk.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING", "max_redemptions": 1}
    )
    session = desk.session(allow_promotion_codes=True)
    wrong = requests.post(session.url, data={"do": "apply", "code": "nope"}, timeout=10)
    assert wrong.status_code == 422 and "This code is invalid." in wrong.text
    right = requests.post(session.url, data={"do": "apply", "code": "spring"}, timeout=10)
    assert "SPRING" in right.text and "$43.00" in right.text
    assert requests.post(session.url, data=page_form(), timeout=10, allow_redirects=False).status_code == 303
    paid = desk.read(session)
    assert paid.amount_total == 4300 and paid.discounts[0].promotion_code.startswith("promo_")
    second = requests.post(
        desk.session(allow_promotion_codes=True).url, data={"do": "apply", "code": "SPRING"}, timeout=10
    )
    assert "no longer valid" in second.text


def test_page_never_charges_a_total_it_did_not_show(desk: Desk) -> None:
    session = desk.session(automatic_tax={"enabled": True}, shipping_address_collection={"allowed_countries": ["US"]})
    shown = requests.post(session.url, data=page_form(shown_total="5000"), timeout=10)
    assert shown.status_code == 409 and "The total is now $53.63" in shown.text
    assert desk.read(session).status == "open"
    done = requests.post(session.url, data=page_form(shown_total="5363"), timeout=10, allow_redirects=False)
    assert done.status_code == 303 and desk.read(session).amount_total == 5363
    assert desk.read(session).collected_information.shipping_details.address.state == "CA"


def test_page_quotes_the_total_for_a_choice(desk: Desk) -> None:
    session = desk.session(shipping_options=[rate("Standard", 499), rate("Express", 1299)])
    express = session.shipping_options[1].shipping_rate
    quote = requests.post(f"{session.url}/quote", data={"shipping_option": express}, timeout=10).json()
    assert quote["amount"] == 6299 and "$12.99" in quote["totals"]
    assert desk.read(session).amount_total == 5499


def test_page_walks_through_3d_secure(desk: Desk) -> None:
    session = desk.session()
    form = page_form(card_number="4000002760003184")
    with requests.Session() as browser:
        challenge = browser.post(session.url, data=form, timeout=10)
        assert "Complete authentication" in challenge.text
        failed = browser.post(challenge.url, data={"result": "fail"}, timeout=10)
        assert failed.status_code == 402 and "unable to authenticate" in failed.text
        challenge = browser.post(session.url, data=form, timeout=10)
        done = browser.post(challenge.url, data={"result": "complete"}, timeout=10, allow_redirects=False)
    assert done.headers["Location"] == f"http://shop.test/done?session={session.id}"
    assert desk.read(session).payment_status == "paid"


def test_closed_and_unknown_pages_say_so(desk: Desk) -> None:
    paid, expired = desk.session(), desk.session()
    addresses = paid.url, expired.url
    desk.pay(paid)
    desk.control(f"sessions/{expired.id}/expire")
    assert "You are all done here" in requests.get(addresses[0], timeout=10).text
    assert "This checkout has expired" in requests.get(addresses[1], timeout=10).text
    assert requests.get(f"{desk.url}/pay/cs_test_nothing", timeout=10).status_code == 404
    assert requests.get(f"{desk.url}/pay/recover/nothing", timeout=10).status_code == 410


def test_hostile_text_stays_text(desk: Desk) -> None:
    nasty = "<script>alert(1)</script>"
    line = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": nasty}}, "quantity": 1}
    session = desk.session(line_items=[line])
    page = requests.post(session.url, data=page_form(email=nasty, card_name='"><img>'), timeout=10).text
    assert nasty not in page and '"><img>' not in page
