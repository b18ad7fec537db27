"""What the tests of Stripe's double say in one word: a session, a payment, a page's form, a receiver of webhooks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import stripe

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


def paid_intent(desk: Desk, **facts: Any) -> str:
    return str(desk.pay(desk.session(), **facts)["session"]["payment_intent"])
