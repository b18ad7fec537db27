"""POST /api/checkout/create-session: the same checkout as the button, and one session a key."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
import requests
from sqlalchemy import select

from shop.cart.models import Cart
from shop.checkout.models import Checkout
from shop.extensions import db, limiter
from shop.orders.models import Order
from tests.town import Town


@pytest.fixture(autouse=True)
def _no_throttle() -> Any:
    limiter.enabled = False
    yield
    limiter.enabled = True


def ask(town: Town, key: str | None = None, **changes: Any) -> requests.Response:
    body = {"items": [{"variant_id": town.a_shirt().id, "quantity": 2}], "country": "US", **changes}
    headers = {"Idempotency-Key": key} if key else {}
    return requests.post(f"{town.url}/api/checkout/create-session", json=body, headers=headers, timeout=30)


def test_a_session_is_opened_paid_and_told(town: Town) -> None:
    answer = ask(town, email="ada@example.com", note="Ring twice")
    assert answer.status_code == 201
    told = answer.json()
    assert told["url"].startswith("http") and told["session_id"].startswith("cs_")
    success = f"{town.url}/api/checkout/success?session_id={told['session_id']}"
    assert requests.get(success, timeout=20).json() == {"state": "processing", "order": None}
    town.buyer.pay(told["session_id"])
    paid = requests.get(success, timeout=20).json()
    assert paid["state"] == "paid" and paid["order"]["number"] == town.order().number
    assert town.order().note == "Ring twice"


def test_a_repeat_with_the_same_key_returns_the_same_session(town: Town) -> None:
    key = str(uuid.uuid4())
    first, second = ask(town, key), ask(town, key)
    assert first.status_code == second.status_code == 201 and first.json() == second.json()
    assert ask(town).json()["session_id"] != first.json()["session_id"]
    assert db.session.query(Checkout).count() == 2


def test_a_repeat_after_the_payment_returns_the_paid_session(town: Town) -> None:
    key = str(uuid.uuid4())
    first = ask(town, key).json()
    town.buyer.pay(first["session_id"])
    town.work()
    assert ask(town, key).json() == first
    assert ask(town, key).json() == first
    db.session.remove()
    assert db.session.query(Checkout).count() == 1
    assert db.session.query(Order).count() == 1


def test_a_repeat_after_the_price_changed_returns_the_first_session(town: Town) -> None:
    from sqlalchemy import text

    from shop.core.transaction import transaction

    key = str(uuid.uuid4())
    first = ask(town, key).json()
    with transaction() as session:
        session.execute(text("UPDATE variants SET price_minor = price_minor + 500"))
    assert ask(town, key).json() == first


@pytest.mark.parametrize(
    "change", [{"country": "DE"}, {"note": "other"}, {"email": "eve@example.com"}, {"items": "more"}]
)
def test_a_key_used_for_another_order_is_refused(change: dict[str, Any], town: Town) -> None:
    key = str(uuid.uuid4())
    ask(town, key)
    if change.get("items"):
        change = {"items": [{"variant_id": town.a_shirt().id, "quantity": 3}]}
    other = ask(town, key, **change)
    assert other.status_code == 409 and "cs_" not in other.text
    assert db.session.query(Checkout).count() == 1


@pytest.mark.parametrize("key", ["1", "order-17", "x" * 15, "x" * 256])
def test_a_key_that_could_be_guessed_is_refused(key: str, town: Town) -> None:
    answer = ask(town, key)
    assert answer.status_code == 422 and "Idempotency-Key" in answer.json()["fields"]
    assert db.session.query(Cart).count() == 0


def test_repeats_at_once_open_one_session(town: Town) -> None:
    key, found = str(uuid.uuid4()), []

    def post() -> None:
        with town.app.app_context():
            found.append((lambda a: (a.status_code, a.json().get("session_id")))(ask(town, key)))
            db.session.remove()

    threads = [threading.Thread(target=post) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(found) == 8 and len(set(found)) == 1 and found[0][0] == 201
    db.session.remove()
    assert db.session.query(Cart).count() == db.session.query(Checkout).count() == 1


def test_a_key_whose_first_try_failed_may_be_used_again(town: Town) -> None:
    key = str(uuid.uuid4())
    assert ask(town, key, items=[{"variant_id": 10**9, "quantity": 1}]).status_code == 422
    town.fault("stripe", "error_500", match="POST .*sessions", times=None)
    assert ask(town, key).status_code == 503
    town.no_faults()
    assert ask(town, key).status_code == 201


def test_a_gateway_that_keeps_its_error_does_not_lock_the_buyer_out(town: Town) -> None:
    """Stripe repeats a 500 under the same key for a day: the next click uses another key."""
    town.buyer.fill_cart()
    town.fault("stripe", "error_500", match="POST .*sessions", times=3)
    refused = town.buyer.post("/checkout")
    assert "Nothing was charged" in refused.text
    keys = set(db.session.execute(select(Checkout.reference)).scalars())
    town.no_faults()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    db.session.remove()
    paid = db.session.execute(select(Checkout).where(Checkout.status == "completed")).scalar_one()
    assert paid.reference not in keys
    assert town.order().payment_status == "paid"
