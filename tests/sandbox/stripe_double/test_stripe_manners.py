"""The API's manners: keys, versions, idempotency, rate, endpoints, the object shapes."""

from __future__ import annotations

import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe
from stripe_desk import TEE, Desk, rate

from sandbox.stripe.checking import SPEC_FILE


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


# The objects' shapes


def test_objects_have_the_shape_of_the_specification(desk: Desk) -> None:
    directory = desk.world.settings.specs_directory
    if directory is None or not (directory / SPEC_FILE).is_file():
        pytest.skip(f"{SPEC_FILE} is not at hand (SANDBOX_SPECS_DIR names its folder)")
    schemas = json.loads(gzip.decompress((directory / SPEC_FILE).read_bytes()))["components"]["schemas"]
    coupon = desk.client.v1.coupons.create({"percent_off": 10, "duration": "once"})
    session = desk.session(
        automatic_tax={"enabled": True},
        discounts=[{"coupon": coupon.id}],
        after_expiration={"recovery": {"enabled": True}},
        consent_collection={"promotions": "auto"},
        shipping_address_collection={"allowed_countries": ["US"]},
        shipping_options=[rate("Standard", 499)],
        expand=["line_items.data.taxes", "line_items.data.price.product", "total_details.breakdown"],
    )
    desk.pay(session)
    paid = desk.read(session, expand=["line_items.data.taxes", "shipping_cost.taxes", "total_details.breakdown"])
    intent = desk.client.v1.payment_intents.retrieve(paid.payment_intent, {"expand": ["payment_method"]})
    charge = desk.client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds", "balance_transaction"]})
    found = [
        ("checkout.Session", session), ("checkout.Session", paid), ("PaymentIntent", intent), ("Charge", charge),
        ("Coupon", coupon), ("Refund", desk.client.v1.refunds.create({"charge": charge.id, "amount": 100})),
        ("ShippingRate", desk.client.v1.shipping_rates.list().data[0]), ("Balance", desk.client.v1.balance.retrieve()),
        ("Event", desk.client.v1.events.list().data[0]), ("Product", desk.client.v1.products.list().data[0]),
        ("WebhookEndpoint", desk.client.v1.webhook_endpoints.list().data[0]),
        ("Customer", desk.client.v1.customers.create({"email": "ada@example.com"})),
    ]  # fmt: skip
    shapes = [(name, json.loads(str(obj))) for name, obj in found]
    shapes.append(("Dispute", desk.control(f"charges/{charge.id}/dispute")))
    problems = [f"{name} {problem}" for name, obj in shapes for problem in unfit(schemas, schemas[name], obj, "")]
    assert problems == []


def unfit(schemas: dict[str, Any], schema: dict[str, Any], value: Any, path: str) -> list[str]:
    """Where a value does not fit: unknown fields, missing ones, wrong types, values nobody knows."""
    if value is None and (schema.get("nullable") or path.rpartition(".")[2] in ("plan", "source")):
        return []
    if "$ref" in schema:
        return unfit(schemas, schemas[schema["$ref"].rpartition("/")[2]], value, path)
    choices = schema.get("anyOf") or schema.get("allOf")
    if choices:
        tries = [unfit(schemas, choice, value, path) for choice in choices]
        return min(tries, key=len)
    kinds = {"string": str, "integer": int, "number": int | float, "boolean": bool, "array": list, "object": dict}
    kind = schema.get("type")
    if kind and not isinstance(value, kinds[kind]):
        return [f"{path}: {value!r} is no {kind}"]
    known = schema.get("x-known-values") or schema.get("enum")
    if known and value not in known:
        return [f"{path}: {value!r} is not one of {known}"]
    if kind == "array":
        return [problem for item in value for problem in unfit(schemas, schema["items"], item, f"{path}[]")]
    if kind != "object" or "properties" not in schema:
        return []
    fields = schema["properties"]
    problems = [f"{path}.{name}: missing" for name in schema.get("required", ()) if name not in value]
    problems += [f"{path}.{name}: unknown" for name in value if name not in fields]
    for name, item in value.items():
        if name in fields:
            problems += unfit(schemas, fields[name], item, f"{path}.{name}")
    return problems
