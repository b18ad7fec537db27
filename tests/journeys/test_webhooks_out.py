"""A whole sale, heard from outside: each event arrives once, signed, whatever is repeated meanwhile."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

import shop.workflows
from shop.catalog.editing import publish
from shop.core.transaction import transaction
from shop.extensions import db
from shop.inbound.models import InboundEvent
from shop.inbound.searching import run_again
from shop.payments.models import Payment
from shop.webhook_delivery.events import EVENTS
from shop.workflows import watch_subscriptions
from shop.workflows.cancel_order import cancel_order
from tests.town import Town
from tests.webhook_delivery.conftest import Post

PERSONAL = ("ada@example.com", "Ada", "line1", "postal_code", "phone")


@pytest.fixture
def post(town: Town) -> Post:
    watch_subscriptions.run()
    found = Post(town.world, town.sandbox_url)
    found.endpoint("books", events=list(EVENTS))
    return found


def heard(post: Post) -> Counter[str]:
    came = post.came("books")
    assert all(one["fits"] for one in came)
    assert not [word for one in came for word in PERSONAL if word in one["body"]]
    return Counter(one["type"] for one in came)


def test_a_sale_is_told_from_its_placing_to_its_delivery(town: Town, post: Post) -> None:
    order = town.paid_order()
    town.ship(number="FIRST")
    town.work()
    town.deliver()
    town.work()
    once = {"order.placed": 1, "customer.created": 1, "order.paid": 1, "order.shipped": 1, "order.delivered": 1}
    assert heard(post) == once
    told = {one["type"]: json.loads(one["body"])["data"] for one in post.came("books")}
    assert told["order.paid"]["order"]["number"] == order.number
    assert told["order.paid"]["order"]["total"] == {"amount_minor": order.total_minor, "currency": "USD"}
    assert told["order.shipped"]["parcel"]["number"] == "FIRST"
    assert told["order.delivered"]["order"]["status"] == "completed"
    with transaction() as session:
        for event_id in session.execute(select(InboundEvent.id)).scalars().all():
            run_again(session, event_id)
    town.work()
    assert heard(post) == once


def test_money_given_back_and_contested_is_told(town: Town, post: Post) -> None:
    town.paid_order()
    intent = db.session.execute(select(Payment.external_id)).scalar_one()
    town.stripe.v1.refunds.create({"payment_intent": intent, "amount": 500})
    town.work()
    town.control("POST", f"stripe/charges/{intent}/dispute")
    town.work()
    counted = heard(post)
    assert (counted["refund.succeeded"], counted["dispute.opened"], counted["dispute.closed"]) == (1, 1, 0)
    (dispute,) = town.stripe.v1.disputes.list().data
    town.control("POST", f"stripe/disputes/{dispute.id}/close", result="lost")
    town.work()
    counted = heard(post)
    assert (counted["dispute.opened"], counted["dispute.closed"]) == (1, 1)


def test_a_cancelled_and_a_stopped_order_are_told(town: Town, post: Post) -> None:
    town.fault("printify", "error_500", match="POST .*orders.json", times=None)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    town.no_faults()
    town.breathe()
    order = town.order()
    for _ in range(2):
        cancel_order(order.id, who="Owner", why="Changed their mind")
    town.work()
    counted = heard(post)
    assert (counted["order.cancelled"], counted["refund.succeeded"]) == (1, 1)


def test_a_changed_product_is_told(town: Town, post: Post) -> None:
    product_id = town.a_shirt().product_id
    with transaction() as session:
        publish(session, [product_id])
    town.work()
    (came,) = [one for one in post.came("books") if one["type"] == "product.updated"]
    told = json.loads(came["body"])["data"]["product"]
    assert told["id"] == product_id and set(told) == {"id", "slug", "title", "status"}


OLD_ONES = "import_orders.py"  # brings in orders of long ago, which are no news


def test_each_workflow_that_moves_an_order_tells_of_it() -> None:
    """A new way to place or cancel an order announces it too (workflows/announcements.py)."""
    moves = re.compile(r"\bplace_order\(|\bmove_order\(")
    silent = [
        path.name
        for path in Path(shop.workflows.__path__[0]).glob("*.py")
        if moves.search(path.read_text()) and "announce_order(" not in path.read_text() and path.name != OLD_ONES
    ]
    assert silent == []
