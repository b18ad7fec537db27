"""Answers that are not JSON, cut short, or of another shape: the row waits or is parked with its story, and the order
is printed once all the same. Nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.core import clock
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.inbound.models import InboundEvent
from shop.workflows import poll_checkouts, poll_fulfilments
from shop.workflows.list_failures import list_failures, try_again
from tests.town import Town

GARBLED = ("malformed", "half_body", "truncated", "empty_list")


@pytest.fixture(autouse=True)
def _hooks_are_lost(town: Town) -> Iterator[None]:
    """So that nothing but our own calls helps."""
    town.control("POST", "hooks", service="printify", mode="lose", seconds=0)
    yield


def paid(town: Town) -> None:
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()


def waits_or_is_shown(town: Town) -> None:
    """The row is not finished, and says why."""
    work = town.fulfilment()
    if work.work_state == "done":
        return
    assert work.work_state in ("due", "parked") and work.error_text
    if work.work_state == "parked":
        shown = list_failures(db.session(), kind="fulfilment_orders")
        assert [f.id for f in shown] == [work.id] and shown[0].why
        db.session.remove()


def goes_on(town: Town) -> None:
    town.no_faults()
    town.breathe()
    for _ in range(3):
        clock.advance(timedelta(minutes=12))
        work = town.fulfilment()
        if work.work_state == "parked":
            assert try_again("fulfilment_orders", work.id, who="t")
        town.work()
    assert len(town.provider_orders()) == 1
    assert (town.fulfilment().step, town.fulfilment().work_state) == ("watch", "done")
    assert town.order().fulfilment_status == "in_production"
    sent = [r for r in town.world.requests.last(1000) if "send_to_production" in r["path"]]
    assert len(sent) == 1


@pytest.mark.parametrize("kind", GARBLED)
def test_a_garbled_answer_to_the_submission(kind: str, town: Town) -> None:
    town.fault("printify", kind, match=r"POST .*/orders\.json", times=None)
    paid(town)
    waits_or_is_shown(town)
    goes_on(town)


@pytest.mark.parametrize("kind", GARBLED)
def test_a_garbled_answer_when_it_is_sent_to_production(kind: str, town: Town) -> None:
    town.fault("printify", kind, match="POST .*send_to_production", times=1)
    paid(town)
    waits_or_is_shown(town)
    goes_on(town)


@pytest.mark.parametrize("kind", GARBLED)
def test_a_lost_answer_and_then_a_garbled_list(kind: str, town: Town) -> None:
    town.fault("printify", "drop_after", match="POST .*send_to_production", times=1)
    town.fault("printify", kind, match="GET .*/orders", times=None)
    paid(town)
    clock.advance(timedelta(minutes=2))
    town.work()
    waits_or_is_shown(town)
    goes_on(town)


@pytest.mark.parametrize("kind", ["malformed", "half_body"])
def test_a_garbled_status_moves_nothing_and_is_asked_for_again(kind: str, town: Town) -> None:
    paid(town)
    town.ship(number="ONE")
    before = town.order().fulfilment_status
    town.fault("printify", kind, match="GET .*/orders/", times=None)
    clock.advance(timedelta(hours=1))
    poll_fulfilments.run()
    assert town.order().fulfilment_status == before
    assert town.fulfilment().work_state == "done"
    town.no_faults()
    town.breathe()
    clock.advance(timedelta(hours=1))
    poll_fulfilments.run()
    assert town.order().fulfilment_status == "shipped"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": 5},
        {"id": "x", "status": None},
        {"id": "x", "status": "brand-new-status", "shipments": "none"},
        {"id": "x", "status": "fulfilled", "shipments": [None, {}, {"number": ""}, {"number": ["a"]}, "x"]},
        {"id": "x", "status": "fulfilled", "total_price": "12.00", "total_tax": -5, "metadata": []},
        {
            "id": "x",
            "status": "fulfilled",
            "shipments": [{"number": "N" * 500, "carrier": {"a": 1}, "url": "javascript:1"}],
        },
        {"id": "x", "status": "in-production", "shipments": [{"number": "A", "delivered_at": "yesterday"}]},
        {"id": "x", "status": "s" * 500, "shipments": [{"number": "a\x00b", "carrier": "u\x00s", "skus": ["a\x00"]}]},
    ],
    ids=lambda b: str(b)[:60],
)
def test_a_status_of_any_shape_is_read_or_refused_and_breaks_nothing(body: dict[str, object], town: Town) -> None:
    from shop.errors import Misunderstood
    from shop.fulfilment.printify.mapping import read_order
    from shop.workflows.record_fulfilment import merge_news

    paid(town)
    number = town.order().number
    try:
        news = read_order({**body, "external_id": number} if body else body)
    except Misunderstood:
        return
    from dataclasses import replace

    from shop.core.transaction import run_in_transaction

    run_in_transaction(lambda session: merge_news(session, replace(news, external_key=number)))
    assert town.order().fulfilment_status in ("in_production", "shipped")
    page = town.buyer.get(f"/orders/{town.order().token}")
    assert page.status_code == 200 and "javascript:" not in page.text


@pytest.mark.parametrize("kind", ["malformed", "half_body"])
def test_a_garbled_payment_page_is_looked_at_again(kind: str, town: Town) -> None:
    town.fault("stripe", kind, match="GET .*/checkout/sessions/", times=None)
    paid(town)
    assert town.orders() == []
    (event,) = db.session.execute(
        select(InboundEvent).where(InboundEvent.topic == "checkout.session.completed")
    ).scalars()
    assert event.work_state in ("due", "parked") and event.error_text
    event_id = event.id
    db.session.remove()
    town.no_faults()
    clock.advance(timedelta(minutes=10))
    poll_checkouts.run()
    town.work()
    assert town.order().payment_status == "paid"
    assert len(town.provider_orders()) == 1
    if db.session.get_one(InboundEvent, event_id).work_state == "parked":
        db.session.remove()
        assert try_again("inbound_events", event_id, who="t")
        town.work()
    assert len(town.orders()) == 1
    assert db.session.query(FulfilmentOrder).count() == 1
