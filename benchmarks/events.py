"""Stripe's events as they arrive, signed (contracts/stripe.md §7, §8), and the checkouts that they are about."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import insert

from benchmarks.loading import post
from benchmarks.stage import WEBHOOK_SECRET
from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.transaction import transaction

COMPLETED = "checkout.session.completed"
#: topics that Stripe sends to many endpoints and that need nothing from us
NEEDLESS = ("payment_intent.succeeded", "charge.succeeded", "payment_intent.created", "charge.updated")
_numbers = count(1)
_ADDRESS = {
    "line1": "123 Main Street",
    "line2": None,
    "city": "Portland",
    "state": "OR",
    "postal_code": "97209",
    "country": "US",
}


def event(topic: str, subject_id: str) -> dict[str, Any]:
    """A snapshot event with an id of its own; its object has the size of a real session."""
    now = int(time.time())
    return {
        "id": f"evt_bench{next(_numbers):014d}",
        "object": "event",
        "api_version": "2026-10-28.dahlia",
        "created": now,
        "data": {"object": _session(subject_id, now)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": topic,
    }


def signed(body: dict[str, Any]) -> bytes:
    """The raw request that brings this event to our door."""
    raw = json.dumps(body, indent=2).encode()  # Stripe sends it indented
    at = int(time.time())
    signature = hmac.new(WEBHOOK_SECRET.encode(), b"%d." % at + raw, hashlib.sha256).hexdigest()
    headers = f"Content-Type: application/json; charset=utf-8\r\nStripe-Signature: t={at},v1={signature}\r\n"
    return post("/api/webhooks/stripe", raw, headers)


def settled_checkouts(number: int) -> list[str]:
    """Write down checkouts whose buyers came back before the webhook did; returns their session ids."""
    ids = [f"cs_test_bench{next(_numbers):048d}" for _ in range(number)]
    now = clock.now()
    rows = [
        {
            "reference": session_id[-40:],
            "content_hash": "0" * 64,
            "status": "completed",
            "session_id": session_id,
            "draft": {},
            "currency": "USD",
            "total_minor": 2999,
            "expires_at": now + timedelta(hours=1),
        }
        for session_id in ids
    ]
    with transaction() as session:
        session.execute(insert(Checkout), rows)
    return ids


def rows_of(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same events as fields of InboundEvent."""
    return [
        {
            "source": "stripe",
            "external_id": one["id"],
            "topic": one["type"],
            "subject_id": one["data"]["object"]["id"],
            "payload": one,
            "found_by": "hook",
        }
        for one in events
    ]


def _session(session_id: str, now: int) -> dict[str, Any]:
    return {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": {"recovery": {"allow_promotion_codes": False, "enabled": True, "url": None}},
        "allow_promotion_codes": None,
        "amount_subtotal": 2400,
        "amount_total": 2999,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": "https://shop.example/cart",
        "client_reference_id": session_id[-40:],
        "collected_information": {
            "business_name": None,
            "shipping_details": {"name": "Ada Buyer", "address": _ADDRESS},
        },
        "consent": None,
        "created": now - 90,
        "currency": "usd",
        "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None},
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": {
            "address": _ADDRESS,
            "email": "ada@example.com",
            "name": "Ada Buyer",
            "phone": "+15550100199",
        },
        "discounts": [],
        "expires_at": now + 3600,
        "invoice_creation": {"enabled": False, "invoice_data": {"metadata": {}}},
        "livemode": False,
        "locale": "en",
        "metadata": {"imprint_checkout": session_id[-40:]},
        "mode": "payment",
        "payment_intent": f"pi_{session_id[-24:]}",
        "payment_method_types": ["card"],
        "payment_status": "paid",
        "phone_number_collection": {"enabled": True},
        "shipping_address_collection": {"allowed_countries": ["AT", "CA", "DE", "FR", "GB", "US"]},
        "shipping_cost": {"amount_subtotal": 599, "amount_tax": 0, "amount_total": 599, "shipping_rate": "shr_1bench"},
        "status": "complete",
        "success_url": "https://shop.example/checkout/return?session_id={CHECKOUT_SESSION_ID}",
        "total_details": {"amount_discount": 0, "amount_shipping": 599, "amount_tax": 0},
        "url": None,
    }
