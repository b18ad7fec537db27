"""Visits: people are counted once a day, machines not at all, and nothing about anybody is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.core import clock
from shop.core.redis import door
from shop.extensions import db
from shop.insights.models import VisitDay
from shop.insights.visits import VisitCounter, is_a_person, key_name
from shop.workflows import record_visits

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


def visit(app: Flask, path: str = "/", address: str = "203.0.113.7", browser: str = FIREFOX, **headers: str) -> None:
    app.test_client().get(path, headers={"User-Agent": browser, **headers}, environ_base={"REMOTE_ADDR": address})


def counter(app: Flask) -> VisitCounter:
    found: VisitCounter = app.extensions["imprint.page_cache"].visits
    return found


def days(app: Flask) -> dict[str, tuple[int, int]]:
    counter(app).hand_over()
    record_visits.run()
    return {str(d.on): (d.visitors, d.views) for d in db.session.execute(select(VisitDay)).scalars()}


@pytest.fixture(autouse=True)
def _new_day(app: Flask) -> None:
    counter(app).hand_over()  # what other tests left behind
    found = door()
    assert found is not None
    found.attempt(lambda r: r.flushdb())
    counter(app)._day = None
    clock.fix(datetime(2026, 11, 21, 12, tzinfo=UTC))


def test_a_visitor_is_counted_once_a_day_however_much_is_looked_at(app: Flask) -> None:
    for path in ("/", "/collections", "/collections", "/search?q=tee"):
        visit(app, path)
    visit(app, address="203.0.113.8")
    assert days(app) == {"2026-11-21": (2, 5)}


def test_writing_down_twice_changes_nothing(app: Flask) -> None:
    visit(app)
    assert days(app) == days(app) == {"2026-11-21": (1, 1)}


def test_the_same_person_is_somebody_else_tomorrow(app: Flask) -> None:
    visit(app)
    clock.fix(datetime(2026, 11, 22, 0, 5, tzinfo=UTC))
    visit(app)
    assert days(app) == {"2026-11-21": (1, 1), "2026-11-22": (1, 1)}


def test_the_key_of_a_day_goes_with_it(app: Flask) -> None:
    visit(app)
    found = door()
    assert found is not None
    name = key_name(datetime(2026, 11, 21, tzinfo=UTC).date())
    seconds = found.attempt(lambda r: r.ttl(name))
    assert seconds is not None and 0 < seconds <= timedelta(hours=50).total_seconds()


def test_an_emptied_redis_takes_nothing_back(app: Flask) -> None:
    for n in range(5):
        visit(app, address=f"203.0.113.{n}")
    before = days(app)
    found = door()
    assert found is not None
    found.attempt(lambda r: r.flushdb())
    visit(app)
    assert days(app) == before


@pytest.mark.parametrize(
    "change",
    [
        {"HTTP_USER_AGENT": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
        {"HTTP_USER_AGENT": ""},
        {"HTTP_SEC_PURPOSE": "prefetch;prerender"},
        {"HTTP_SEC_FETCH_DEST": "image"},
        {"HTTP_HX_REQUEST": "true"},
        {"REQUEST_METHOD": "HEAD"},
    ],
)
def test_machines_and_fragments_are_not_people(change: dict[str, Any]) -> None:
    person = {"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": FIREFOX}
    assert is_a_person(person)
    assert not is_a_person({**person, **change})


def test_files_are_not_visits(app: Flask) -> None:
    for path in ("/brand.css", "/robots.txt", "/sitemap.xml"):
        visit(app, path)
    assert days(app) == {}


def test_without_redis_nothing_is_counted_and_pages_are_served(app: Flask) -> None:
    alone = VisitCounter(None)
    alone.note({"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": FIREFOX})
    alone.hand_over()
    assert alone._views == 0
