"""The door, against a real server on loopback that misbehaves on demand."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.core import clock
from shop.errors import Misunderstood, NeedsReconnect, RateLimited, Refused, Unavailable
from shop.extensions import db
from shop.outbound import breaker, budget
from shop.outbound.facts import Budget, Service
from shop.outbound.http import call
from shop.outbound.models import OutboundCall
from tests.outbound.conftest import Provider


def service(provider: Provider, **more: Any) -> Service:
    values: dict[str, Any] = {"name": "acme", "base_url": provider.url, "failures_to_open": 50, **more}
    return Service(**values)


def calls() -> list[OutboundCall]:
    db.session.remove()
    return list(db.session.execute(select(OutboundCall).order_by(OutboundCall.id)).scalars())


def test_an_answer_comes_back_with_its_json(provider: Provider) -> None:
    provider.say((200, '{"a": 1}'))
    answer = call(service(provider, headers=(("Authorization", "Bearer s3cret-token-abcdef"),)), "GET", "/x")
    assert answer.json() == {"a": 1} and provider.headers[0]["Authorization"].startswith("Bearer")
    assert calls() == [], "reading is not written down"


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, NeedsReconnect), (403, NeedsReconnect), (404, Refused), (422, Refused), (429, RateLimited),
     (500, Unavailable), (302, Misunderstood)],
)  # fmt: skip
def test_each_status_means_one_thing(provider: Provider, status: int, error: type[Exception]) -> None:
    provider.say((status, '{"errors": {"reason": "{\\"zip\\": [\\"The zip field is required.\\"]}"}}'))
    with pytest.raises(error) as raised:
        call(service(provider), "GET", "/x")
    assert "The zip field is required" in str(raised.value)


def test_reading_is_tried_three_times_and_no_more(provider: Provider) -> None:
    provider.say((503, "x"), (502, "x"), (200, "{}"))
    assert call(service(provider), "GET", "/x").status == 200
    provider.say((500, "x"))
    provider.seen.clear()
    with pytest.raises(Unavailable) as raised:
        call(service(provider), "GET", "/x")
    assert len(provider.seen) == 3 and not raised.value.sent


def test_a_write_that_may_have_happened_is_never_sent_twice(provider: Provider) -> None:
    provider.say((500, "boom"))
    with pytest.raises(Unavailable) as raised:
        call(service(provider), "POST", "/orders", json={}, subject="fulfilment:1")
    assert raised.value.sent and len(provider.seen) == 1
    (written,) = calls()
    assert (written.subject, written.status, written.request) == ("fulfilment:1", 500, "POST /orders")


def test_a_write_that_surely_did_not_leave_is_tried_again(provider: Provider) -> None:
    closed = Service(name="closed", base_url="http://127.0.0.1:1", failures_to_open=50)
    with pytest.raises(Unavailable) as raised:
        call(closed, "POST", "/orders", json={})
    assert not raised.value.sent


def test_a_short_retry_after_is_waited_for_and_a_long_one_is_told(provider: Provider) -> None:
    provider.say((429, "slow down", {"Retry-After": "1"}), (200, "{}"))
    assert call(service(provider), "POST", "/x", json={}).status == 200
    provider.say((429, "slow down", {"Retry-After": "86400"}))
    provider.seen.clear()
    with pytest.raises(RateLimited) as raised:
        call(service(provider), "GET", "/x")
    assert len(provider.seen) == 1
    assert raised.value.retry_at and raised.value.retry_at > clock.now() + timedelta(hours=23)


def test_what_is_no_json_is_misunderstood(provider: Provider) -> None:
    provider.say((200, "<html>"))
    with pytest.raises(Misunderstood):
        call(service(provider), "GET", "/x").json()


def test_an_endless_answer_is_cut(provider: Provider) -> None:
    provider.say((200, "x" * 5000))
    with pytest.raises(Misunderstood, match="larger"):
        call(service(provider), "GET", "/x", max_bytes=1000)


def test_our_key_reaches_no_log_even_when_they_echo_it(provider: Provider) -> None:
    provider.say((400, '{"message": "token very-secret-value is bad"}'))
    with pytest.raises(Refused) as raised:
        call(service(provider, headers=(("Authorization", "Bearer very-secret-value"),)), "POST", "/x", json={})
    assert "very-secret-value" not in raised.value.detail + calls()[0].answer


@pytest.mark.parametrize("with_redis", [True, False])
def test_an_open_breaker_lets_one_probe_through(
    provider: Provider, app: Flask, with_redis: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_redis:
        monkeypatch.delitem(app.extensions, "imprint.redis", raising=False)
    acme = service(provider, failures_to_open=2, open_seconds=0.3)
    for _ in range(2):
        assert breaker.seconds_to_wait(acme) == 0
        breaker.record_failure(acme)
    assert breaker.seconds_to_wait(acme) > 0
    with pytest.raises(Unavailable, match="circuit open"):
        call(acme, "GET", "/x")
    assert provider.seen == []
    monkeypatch.undo()
    if not with_redis:
        monkeypatch.delitem(app.extensions, "imprint.redis", raising=False)
    time.sleep(0.35)
    waits = [breaker.seconds_to_wait(acme) for _ in range(6)]
    assert waits.count(0) == 1, "half open: exactly one"
    breaker.record_failure(acme)
    assert breaker.seconds_to_wait(acme) > 0, "a failed probe opens again"
    breaker.record_success(acme)
    assert breaker.seconds_to_wait(acme) == 0


def test_refusals_do_not_open_the_breaker(provider: Provider) -> None:
    acme = service(provider, failures_to_open=2)
    provider.say((404, "no"))
    for _ in range(4):
        with pytest.raises(Refused):
            call(acme, "GET", "/x")
    assert breaker.seconds_to_wait(acme) == 0


@pytest.mark.parametrize("with_redis", [True, False])
def test_a_spent_budget_tells_when_it_is_free_again(
    provider: Provider, app: Flask, with_redis: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_redis:
        monkeypatch.delitem(app.extensions, "imprint.redis", raising=False)
        monkeypatch.setattr(budget, "_memory", budget.MovingWindowRateLimiter(budget.MemoryStorage()))
    provider.say((200, "{}"))
    acme = service(provider, budgets=(Budget(4, 60),))
    allowed = 4 if with_redis else 2
    for _ in range(allowed):
        call(acme, "GET", "/x", max_wait=0)
    with pytest.raises(RateLimited) as raised:
        call(acme, "GET", "/x", max_wait=0)
    assert len(provider.seen) == allowed, "nothing was sent"
    assert raised.value.retry_at and timedelta(0) < raised.value.retry_at - clock.now() <= timedelta(seconds=61)
