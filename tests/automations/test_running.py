"""A rule meets an event: what fits is done once, what does not is said, and a crash doubles nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from jobs.automations import drain
from shop.accounts.models import Customer
from shop.automations.keeping import Wanted, add_automation
from shop.automations.models import Automation, AutomationRun
from shop.automations.rules import Conditions
from shop.core import durable
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.orders.models import Order
from shop.webhook_delivery.announcing import announce
from shop.webhook_delivery.models import WebhookDelivery, WebhookEndpoint
from shop.workflows.announcements import announce_order
from shop.workflows.run_automations import run_one, send_sample
from tests.admin import making
from tests.webhook_delivery.conftest import Post

EVERYTHING = {
    "letter": {"to": "boss@example.com", "title": "Order {order}", "text": "It is {total} to {country}."},
    "tag_order": "Large",
    "tag_customer": "Friend",
}


def rule(event: str = "order.paid", url: str = "", actions: Any = None, **asked: Any) -> int:
    with transaction() as session:
        wanted = Wanted("A rule", event, Conditions(**asked), actions if actions is not None else EVERYTHING, url)
        return add_automation(session, wanted).id


def paid(**columns: Any) -> int:
    with transaction() as session:
        customer = Customer(email="ada@example.com")
        session.add(customer)
        session.flush()
        order = making.paid_order(session, customer_id=customer.id, **columns)
        announce_order(session, "order.paid", order)
        return order.id


def runs() -> list[AutomationRun]:
    db.session.remove()
    return list(db.session.execute(select(AutomationRun).order_by(AutomationRun.id)).scalars())


def letters() -> list[Letter]:
    return list(db.session.execute(select(Letter).where(Letter.letter == "merchant_notice")).scalars())


def test_what_fits_is_done_once_each(post: Post) -> None:
    rule(url=f"{post.url}/receiver/books")
    order_id = paid()
    drain()
    drain()
    (run,) = runs()
    assert run.outcome == "done" and len(run.story) == 4
    order = db.session.get_one(Order, order_id)
    assert order.tags == ["Large"]
    (letter,) = letters()
    assert letter.to_email == "boss@example.com" and letter.facts["title"] == f"Order {order.number}"
    assert "to US" in letter.facts["text"]
    endpoint = db.session.execute(select(WebhookEndpoint)).scalar_one()
    post.answer("books", "ok", secret=endpoint.secret)
    post.send()
    (came,) = post.came("books")
    assert came["fits"] is True and json.loads(came["body"])["data"]["order"]["number"] == order.number
    assert db.session.get_one(Customer, order.customer_id).tags == ["Friend"]


def test_what_does_not_fit_does_nothing_and_says_why(app: object) -> None:
    rule(total_at_least_minor=10_000_000, currency="USD")
    order_id = paid()
    drain()
    (run,) = runs()
    assert (run.outcome, letters()) == ("skipped", []) and "less than" in run.story[0]
    assert db.session.get_one(Order, order_id).tags == []


def test_one_event_starts_each_rule_that_waits_for_it_and_no_other(app: object) -> None:
    first, second = rule(actions={"tag_order": "A"}), rule(actions={"tag_order": "B"})
    rule("order.shipped")
    off = rule(actions={"tag_order": "C"})
    with transaction() as session:
        session.get_one(Automation, off).is_on = False
    order_id = paid()
    drain()
    assert [run.automation_id for run in runs()] == [first, second]
    assert db.session.get_one(Order, order_id).tags == ["A", "B"]


def test_a_worker_that_dies_before_the_end_has_done_nothing_and_the_next_does_it_once(app: object) -> None:
    rule(actions={"letter": EVERYTHING["letter"]})
    paid()
    with transaction() as session:
        (lost,) = durable.claim(session, AutomationRun, lease_seconds=0)
    with transaction() as session:
        (held,) = durable.claim(session, AutomationRun)
    with pytest.raises(durable.LostLease):
        run_one(lost)
    run_one(held)
    assert len(letters()) == 1 and runs()[0].outcome == "done"


def test_an_event_that_is_rolled_back_starts_nothing(app: object) -> None:
    rule()
    with pytest.raises(RuntimeError), transaction() as session:
        announce(session, "order.paid", {"order": {"id": 1}})
        raise RuntimeError
    assert runs() == []


def test_a_bad_review_writes_a_letter_and_there_is_no_order_to_tag(app: object) -> None:
    letter = {"to": "boss@example.com", "title": "{stars} stars", "text": ""}
    rule("review.created", actions={"letter": letter, "tag_order": "Bad"}, rating_at_most=2)
    with transaction() as session:
        announce(session, "review.created", {"review": {"id": 1, "rating": 1, "product": {"id": 0}}}, "review:1")
    drain()
    (run,) = runs()
    assert run.outcome == "failed" and "no order" in run.story[1] and letters()[0].facts["title"] == "1 stars"


def test_a_sample_calls_and_writes_marked_as_a_test_and_tags_nothing(post: Post) -> None:
    number = rule(url=f"{post.url}/receiver/books", countries=("JP",))
    order_id = paid()
    drain()
    with transaction() as session:
        send_sample(session, session.get_one(Automation, number))
    drain()
    test = runs()[-1]
    assert test.is_test and "In earnest nothing would be done" in test.story[0]
    assert letters()[0].facts["title"].startswith("[Test]")
    assert db.session.get_one(Order, order_id).tags == []
    post.send()
    assert json.loads(post.came("books")[0]["body"])["data"]["test"] is True


def test_an_address_that_was_switched_off_is_not_called(app: object) -> None:
    rule(url="https://books.example.com/hook", actions={})
    with transaction() as session:
        session.execute(select(WebhookEndpoint)).scalar_one().is_enabled = False
    paid()
    drain()
    assert runs()[0].outcome == "failed"
    assert db.session.execute(select(WebhookDelivery)).first() is None


def test_a_first_order_is_a_new_customer_and_the_second_is_not(app: object) -> None:
    rule("customer.created", actions={"tag_order": "First"})
    with transaction() as session:
        customer = Customer(email="ada@example.com")
        session.add(customer)
        session.flush()
        for _ in range(2):
            announce_order(session, "order.placed", making.paid_order(session, customer_id=customer.id))
    assert [run.event for run in runs()] == ["customer.created"]
