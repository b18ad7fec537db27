"""Machines calling us: what is forged, stale or broken stores nothing; what repeats is stored once."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest
import stripe
from flask import Flask
from flask.testing import FlaskClient

from shop.extensions import db
from shop.inbound.models import InboundEvent
from shop.inbound.verifying import verify_printify

STRIPE, PRINTIFY = "/api/webhooks/stripe", "/api/webhooks/printify"
SECRET, PFY_SECRET = "whsec_sandbox", "sandbox-printify-webhook-secret"


def event(n: int = 1, **more: object) -> str:
    body = {"id": f"evt_{n}", "object": "event", "type": "checkout.session.completed", "created": 1,
            "data": {"object": {"id": "cs_test_1", "object": "checkout.session"}}, **more}  # fmt: skip
    return json.dumps(body)


def signed(body: str, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    header = stripe.WebhookSignature.generate_signature_header(body, secret, int(at or time.time()))
    return {"Stripe-Signature": header, "Content-Type": "application/json"}


def pfy(body: str, secret: str = PFY_SECRET) -> dict[str, str]:
    return {"X-Pfy-Signature": "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()}


def stored() -> int:
    db.session.remove()
    return db.session.query(InboundEvent).count()


def test_a_signed_event_is_stored_and_answered(client: FlaskClient) -> None:
    assert client.post(STRIPE, data=event(), headers=signed(event())).status_code == 200
    assert stored() == 1


def test_a_repeat_is_answered_and_not_stored_again(client: FlaskClient) -> None:
    for _ in range(3):
        assert client.post(STRIPE, data=event(), headers=signed(event())).status_code == 200
    assert stored() == 1


def test_the_printify_test_vector_verifies() -> None:
    body = (
        b'{"id":"653b6be8-2ff7-4ab5-a7a6-6889a8b3bbf5","type":"order:shipment:created","created_at":'
        b'"2026-11-21 10:00:00+00:00","resource":{"id":"5cb87a8cd490a2ccb256cec4","type":"order","data":{"shop_id":815256,'
        b'"shipped_at":"2026-11-21 09:59:00","carrier":{"code":"USPS","tracking_number":"9400110803825105004837"},'
        b'"skus":["866366009"]}}}'
    )
    verify_printify(
        body,
        "sha256=5084553a1a54129fbf0b1e81431e8890cb4fde8fe91d7a3c03793dc6a63798ee",
        "3f1c2a9d8b7e6f5a4c3b2a1908f7e6d5c4b3a291",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "nonsense"},
        {"Stripe-Signature": "t=abc,v1=00"},
        {"Stripe-Signature": "t=1,v1=" + "0" * 64},
        {"Stripe-Signature": "v1=" + "0" * 64},
        {"Stripe-Signature": "t=1700000000," * 500},
    ],
)
def test_forged_calls_store_nothing(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post(STRIPE, data=event(), headers=headers).status_code == 400
    assert stored() == 0


def test_wrong_secret_altered_stale_and_future_calls_store_nothing(client: FlaskClient) -> None:
    body = event()
    assert client.post(STRIPE, data=body, headers=signed(body, "whsec_other")).status_code == 400
    assert client.post(STRIPE, data=body + " ", headers=signed(body)).status_code == 400
    assert client.post(STRIPE, data=body, headers=signed(body, at=time.time() - 301)).status_code == 400
    assert client.post(STRIPE, data=body, headers=signed(body, at=time.time() + 3600)).status_code == 400
    assert client.post(PRINTIFY, data="{}", headers=pfy("{}", "other")).status_code == 400
    assert client.post(PRINTIFY, data="{}").status_code == 400
    assert stored() == 0


@pytest.mark.parametrize(
    "body", ["not json", "[]", "{}", '{"id": 5, "type": []}', '{"id":"a\\u0000","type":"x"}', '"text"']
)
def test_signed_nonsense_is_refused_with_a_clear_answer(client: FlaskClient, body: str) -> None:
    assert client.post(STRIPE, data=body, headers=signed(body)).status_code == 400
    assert client.post(PRINTIFY, data=body, headers=pfy(body)).status_code == 400
    assert stored() == 0


def test_bad_utf8_and_oversized_bodies_are_refused(client: FlaskClient) -> None:
    assert client.post(STRIPE, data=b"\xff\xfe{", headers=signed("{")).status_code == 400
    assert client.post(STRIPE, data=b"x" * (1024 * 1024 + 1), headers=signed("x")).status_code in (400, 413)
    assert stored() == 0


def test_both_secrets_fit_during_rotation(client: FlaskClient, app: Flask) -> None:
    from dataclasses import replace

    before = app.config["IMPRINT"]
    app.config["IMPRINT"] = replace(before, stripe_webhook_secrets=("whsec_new", SECRET))
    try:
        assert client.post(STRIPE, data=event(1), headers=signed(event(1), "whsec_new")).status_code == 200
        assert client.post(STRIPE, data=event(2), headers=signed(event(2))).status_code == 200
    finally:
        app.config["IMPRINT"] = before
    assert stored() == 2
