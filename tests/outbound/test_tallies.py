"""Calls are counted for all processes together: how many, how long, what went wrong; bounded, for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from shop.core import clock
from shop.errors import Refused
from shop.outbound import breaker, budget, tallies
from shop.outbound.facts import Budget, Service
from shop.outbound.http import call
from shop.outbound.tallies import count_call, list_tallies
from tests.outbound.conftest import Provider
from tests.outbound.test_http import service


def test_a_call_is_counted_with_its_duration_and_what_came_of_it(provider: Provider, app: Flask) -> None:
    acme = service(provider)
    provider.say((200, "{}"), (404, "no"))
    call(acme, "GET", "/orders/123456789")
    with pytest.raises(Refused):
        call(acme, "GET", "/orders/987654321")
    (tally,) = list_tallies()
    assert (tally.service, tally.operation, tally.count) == (acme.name, "GET /orders/:id", 2)
    assert (tally.success, tally.errors) == (0.5, [("refused", 1)])
    assert tally.p95_ms >= tally.mean_ms >= 0


def test_nineteen_of_twenty_is_read_from_all_hours_of_a_day_and_no_longer(app: Flask) -> None:
    now = clock.now()
    for hours, seconds, times in ((30, 9.0, 50), (23, 0.04, 19), (0, 4.0, 1)):
        clock.fix(now - timedelta(hours=hours))
        for _ in range(times):
            count_call("acme", "7", "GET /x", "ok", seconds)
    clock.fix(now)
    (tally,) = list_tallies("7")
    assert (tally.count, tally.p95_ms, tally.mean_ms) == (20, 50, (19 * 40 + 4000) // 20)
    assert list_tallies("8") == []


def test_an_hour_holds_so_many_operations_and_no_more(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST_FIELDS", 7)
    for n in range(9):
        count_call("acme", "", f"GET /{n}", "ok", 0.1)
    assert len(list_tallies()) == 2
    count_call("acme", "", "GET /0", "ok", 0.1)
    assert list_tallies()[0].count == 2, "what is known is counted on"


def test_without_redis_nothing_is_counted_and_nothing_fails(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(app.extensions, "imprint.redis")
    count_call("acme", "", "GET /x", "ok", 0.1)
    assert list_tallies() == [] and budget.slots_left(Service("acme", "", (Budget(5, 60),))) == []


def test_looking_at_a_budget_or_a_breaker_spends_nothing(provider: Provider, app: Flask) -> None:
    acme = service(provider, budgets=(Budget(5, 60),), failures_to_open=1, open_seconds=20.0)
    budget.spend(acme, "/x", 0)
    assert [left for _, left in budget.slots_left(acme)] == [4] == [left for _, left in budget.slots_left(acme)]
    assert breaker.rests_for(acme) == 0
    breaker.record_failure(acme)
    assert 15 < breaker.rests_for(acme) <= 20
