"""Payment pages in the sandbox, opened and paid through its own API: what workers ask about."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import requests
import stripe
from flask import Flask

from benchmarks.stage import Shop, Stage
from config import Config
from shop import create_app
from shop.cart.changing import add_line
from shop.cart.models import Cart
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.workflows.start_checkout import start_checkout


def app_with_sandbox(stage: Stage, shop: Shop) -> Flask:
    """The shop's app, trading with the sandbox."""
    url = stage.sandbox_url
    return create_app(
        Config.from_env(
            {
                **shop.env,
                "STRIPE_BASE_URL": f"{url}/stripe",
                "PRINTIFY_BASE_URL": f"{url}/printify",
                "PRINTIFY_API_TOKEN": "sandbox-printify-token",
                "PRINTIFY_SHOP_ID": "815256",
                "PRINTIFY_WEBHOOK_SECRET": "sandbox-printify-webhook-secret",
                "SMTP_HOST": "127.0.0.1",
                "SMTP_PORT": str(stage.sandbox_smtp_port),
            }
        )
    )


def open_sessions(stage: Stage, number: int) -> list[str]:
    """Pages that wait for a buyer, unknown to the shop: asking about them changes nothing."""
    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": f"{stage.sandbox_url}/stripe"})
    price = {"currency": "usd", "unit_amount": 2400, "product_data": {"name": "Tee"}}
    wanted: Any = {
        "mode": "payment",
        "success_url": "https://shop.example/checkout/return",
        "line_items": [{"price_data": price, "quantity": 1}],
    }
    return [client.v1.checkout.sessions.create(wanted).id for _ in range(number)]


def paid_sessions(stage: Stage, shop: Shop, number: int) -> list[str]:
    """Carts filled, checked out and paid, whose buyers closed the tab: orders to be. Needs an app context."""
    variants = shop.column("SELECT id FROM variants WHERE is_available AND position >= 0 ORDER BY id LIMIT 500")
    chance = random.Random(stage.seed)
    return [_paid(stage.sandbox_url, chance.sample(variants, 2)) for _ in range(number)]


def _paid(sandbox_url: str, variants: Sequence[str]) -> str:
    with transaction() as session:
        cart = Cart(token=new_token(), country="US")
        session.add(cart)
        session.flush()
        for variant in variants:
            add_line(session, cart.token, int(variant), 1)
    started = start_checkout(cart.id)
    address = f"{sandbox_url}/control/api/stripe/sessions/{started.session_id}/pay"
    answer = requests.post(address, json={"email": "ada@example.com"}, timeout=20)
    answer.raise_for_status()
    return started.session_id
