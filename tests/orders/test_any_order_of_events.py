"""Whatever the order in which news arrive, and however often: one final state, never a step back (T6)."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.orders import news
from tests.orders.news import Sale, parcel

Event = Callable[[Sale], None]

#: what the provider and the gateway say in the life of one order; each is a snapshot taken at that moment
EVENTS: dict[str, Event] = {
    "submitted": lambda s: news.tell(s, news.told(s, "submitted", "on-hold")),
    "in production": lambda s: news.tell(s, news.told(s, "in_production", "in-production")),
    "first parcel": lambda s: news.tell(s, news.told(s, "partly_shipped", "partially-fulfilled", parcel("ONE"))),
    "second parcel": lambda s: news.tell(s, news.told(s, "shipped", "fulfilled", parcel("ONE"), parcel("TWO"))),
    "delivered": lambda s: news.tell(
        s, news.told(s, "delivered", "fulfilled", parcel("ONE", True), parcel("TWO", True))
    ),
    "refund": lambda s: news.refund(s, "re_1", "succeeded"),
}
MORE: dict[str, Event] = {
    **EVENTS,
    "refund pending": lambda s: news.refund(s, "re_1", "pending"),
    "second refund": lambda s: news.refund(s, "re_2", "succeeded", 300),
    "only the first parcel": lambda s: news.tell(
        s, news.told(s, "partly_shipped", "partially-fulfilled", parcel("ONE"))
    ),
    "only the second parcel": lambda s: news.tell(s, news.told(s, "shipped", "fulfilled", parcel("TWO"))),
    "first parcel arrived": lambda s: news.tell(
        s, news.told(s, "shipped", "fulfilled", parcel("ONE", True), parcel("TWO"))
    ),
    "dispute": lambda s: news.dispute(s, "needs_response"),
    "dispute won": lambda s: news.dispute(s, "won"),
}


def play(order: tuple[str, ...] | list[str]) -> dict[str, Any]:
    with news.imagined():
        sale = news.paid_sale()
        for name in order:
            MORE[name](sale)
        back = news.steps_back(sale)
        assert back == [], f"{order}: {back}"
        return news.state(sale)


def sample() -> list[tuple[str, ...]]:
    """Every 8th of the 720, and each beginning and end; all of them with IMPRINT_LONG=1."""
    every = list(permutations(EVENTS))
    return every if os.environ.get("IMPRINT_LONG") else every[::8]


def test_every_order_of_the_events_ends_the_same(app: Flask) -> None:
    expected = play(tuple(EVENTS))
    assert expected["order"] == ("completed", "partly_refunded", "delivered")
    assert expected["work"] == ("delivered", "watch", "done", False, "fulfilled", 1500)
    assert [p[0] for p in expected["parcels"]] == ["ONE", "TWO"]
    assert expected["letters"] == ["delivered", "delivered", "refunded", "shipped", "shipped"]
    for order in sample():
        assert play(order) == expected, order


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_longer_stories_with_repeats_end_the_same(app: Flask, data: st.DataObject) -> None:
    events = data.draw(st.lists(st.sampled_from(sorted(MORE)), min_size=2, max_size=10))
    first = data.draw(st.permutations(events + events[:2]))
    second = data.draw(st.permutations(events))
    assert unheld(play(first)) == unheld(play(second))


def unheld(found: dict[str, Any]) -> dict[str, Any]:
    """What a dispute stops depends on whether it was made before: that is no news, it is the time of the dispute. The
    provider's status is a snapshot, and two snapshots of the same rank are equally new."""
    work = found["work"]
    letters = [letter for letter in found["letters"] if letter != "merchant_failure"]
    return {**found, "letters": letters, "work": work[:2] if work[1] == "watch" else work[:1]}


@pytest.mark.parametrize("late", ["submitted", "in production", "first parcel"])
def test_late_news_change_nothing(late: str, app: Flask) -> None:
    sale = news.paid_sale()
    EVENTS["delivered"](sale)
    before = news.state(sale)
    EVENTS[late](sale)
    assert news.state(sale) == before


def test_trouble_told_late_parks_nothing_that_has_left(app: Flask) -> None:
    sale = news.paid_sale()
    EVENTS["second parcel"](sale)
    before = news.state(sale)
    news.tell(sale, news.told(sale, "trouble", "has-issues", trouble="Printify reports a problem."))
    assert news.state(sale) == before


def test_trouble_is_told_once_and_ends_when_it_is_made_after_all(app: Flask) -> None:
    sale = news.paid_sale()
    for _ in range(3):
        news.tell(sale, news.told(sale, "trouble", "has-issues", trouble="Printify reports a problem."))
    troubled = news.state(sale)
    assert troubled["work"][2] == "parked" and troubled["letters"] == ["merchant_failure"]
    EVENTS["in production"](sale)
    assert news.state(sale)["work"][:4] == ("in_production", "watch", "done", False)


def test_what_is_made_in_spite_of_a_hold_leaves_the_failures(app: Flask) -> None:
    sale = news.paid_sale()
    news.refund(sale, "re_full", "succeeded", news.TOTAL)
    assert news.state(sale)["work"][2:4] == ("parked", True)
    EVENTS["second parcel"](sale)
    assert news.state(sale)["work"][:4] == ("shipped", "watch", "done", False)


def test_our_number_finds_the_order_before_we_know_theirs(app: Flask) -> None:
    from shop.core.transaction import transaction
    from shop.fulfilment.models import FulfilmentOrder

    sale = news.paid_sale()
    with transaction() as session:
        work = session.get_one(FulfilmentOrder, sale.work_id)
        work.external_id, work.status, work.step = None, "requested", "submit"
    EVENTS["in production"](sale)
    state = news.state(sale)
    assert state["work"][:3] == ("in_production", "watch", "done")
