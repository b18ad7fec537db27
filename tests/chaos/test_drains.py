"""How drains and schedules behave when time runs out, when they are slow, and when the ground is taken away."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from flask import Flask
from rq.timeouts import JobTimeoutException
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from jobs import base, schedule
from jobs.base import drain
from sandbox.stripe import book
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.schedules import Schedule
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.requesting import request_letter
from shop.errors import Refused
from shop.extensions import db
from shop.inbound.models import InboundEvent
from shop.workflows import poll_stripe_events
from tests.town import Town


def queue_letters(count: int) -> None:
    with transaction() as session:
        for n in range(count):
            request_letter(session, letter="contact", subject_key=f"t:{n}", to_email="a@example.com", facts={})


def rows() -> list[Letter]:
    db.session.remove()
    return list(db.session.execute(select(Letter).order_by(Letter.id)).scalars())


def finish(held: Claim) -> None:
    with transaction() as session:
        durable.finish(session, Letter, held)


def test_a_drain_that_runs_out_of_time_gives_the_rest_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "DRAIN_SECONDS", 0.4)
    queue_letters(10)

    def slow(held: Claim) -> None:
        time.sleep(0.15)
        finish(held)

    handled = drain(Letter, slow, batch=10)
    assert 2 <= handled <= 5
    states = [(r.work_state, r.attempts) for r in rows()]
    assert states.count(("done", 1)) == handled
    assert states.count(("due", 0)) == 10 - handled, "claimed and not begun is no attempt"
    while drain(Letter, slow, batch=10):
        pass
    assert {r.work_state for r in rows()} == {"done"}


def test_a_slow_drain_keeps_its_rows(app: Flask) -> None:
    queue_letters(5)
    stolen: list[Claim] = []

    def slow(held: Claim) -> None:
        time.sleep(0.45)
        with transaction() as session:
            stolen.extend(durable.claim(session, Letter, 10))
        finish(held)

    assert drain(Letter, slow, lease_seconds=1) == 5
    assert stolen == [], "the lease ran out while the worker was alive"
    assert {(r.work_state, r.attempts) for r in rows()} == {("done", 1)}


@pytest.mark.parametrize("trouble", [JobTimeoutException("300 s"), OperationalError("SELECT 1", {}, Exception("gone"))])
def test_a_worker_in_trouble_parks_nothing(app: Flask, trouble: Exception) -> None:
    """RQ's alarm and a lost database strike anywhere: the row is not to blame."""
    queue_letters(1)

    def fail(held: Claim) -> None:
        raise trouble

    with pytest.raises(type(trouble)):
        drain(Letter, fail)
    (row,) = rows()
    assert (row.work_state, row.error_text) == ("working", None)
    clock.advance(timedelta(minutes=2))
    assert drain(Letter, finish) == 1


def test_a_handler_sees_the_row_as_it_is_now(app: Flask) -> None:
    queue_letters(1)
    kept = db.session.execute(select(Letter)).scalar_one()  # as a worker that lives for days has it in memory
    seen: list[str] = []

    def look(held: Claim) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE letters SET to_email = 'b@example.com'"))
        with transaction() as session:
            durable.step_on(session, Letter, held, due_at=clock.now())

    def see(held: Claim) -> None:
        seen.append(db.session.get_one(Letter, held.id).to_email)
        finish(held)

    handlers = iter([look, see])
    drain(Letter, lambda held: next(handlers)(held))
    assert seen == ["b@example.com"] and kept is not None


def test_a_refusal_leaves_no_doubt_behind(app: Flask) -> None:
    queue_letters(1)

    def refuse(held: Claim) -> None:
        with transaction() as session:
            durable.begin_call(session, Letter, held)
        raise Refused("no such address", service="test")

    drain(Letter, refuse)
    (row,) = rows()
    assert (row.work_state, row.calling_since) == ("parked", None)


def test_schedules_come_back_when_their_rows_are_gone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    monkeypatch.setattr(schedule, "PERIODIC", {"one": (60, lambda: ran.append(1))})
    assert schedule.run_due() == ["one"] and schedule.run_due() == []
    with db.engine.begin() as connection:
        connection.execute(text("TRUNCATE schedules"))  # a database restored from before
    assert schedule.run_due() == ["one"]
    assert len(ran) == 2


def test_a_killed_ticker_costs_minutes_and_no_tick_runs_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []

    class Killed(BaseException):
        pass

    def die() -> None:
        ran.append(1)
        if len(ran) == 1:
            raise Killed

    monkeypatch.setattr(schedule, "PERIODIC", {"one": (30, die)})
    with pytest.raises(Killed):
        schedule.run_due()
    clock.advance(timedelta(seconds=31))
    assert schedule.run_due() == []
    clock.advance(timedelta(seconds=100))
    assert schedule.run_due() == ["one"] and schedule.run_due() == []
    assert len(ran) == 2


def test_an_error_of_a_schedule_is_kept_without_keys_and_stops_no_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise Refused("no", service="x", detail="Bearer sk_live_planted51HxyzABCDEF")

    ran: list[int] = []
    monkeypatch.setattr(schedule, "PERIODIC", {"bad": (60, fail), "good": (60, lambda: ran.append(1))})
    assert schedule.run_due() == ["bad", "good"] and ran == [1]
    kept = db.session.execute(select(Schedule.last_error).where(Schedule.name == "bad")).scalar_one()
    assert kept and "planted" not in kept


def test_the_event_poller_reads_every_page_after_a_long_outage(town: Town) -> None:
    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    kind = book.KINDS["event"]
    (real,) = [e for e in town.world.store.all(kind) if e["type"] == "checkout.session.completed"]
    for n in range(1250):  # newer ones, so that the one that matters stands on the last page
        town.world.store.put(kind, f"evt_many{n}", {**real, "id": f"evt_many{n}", "data": {"object": {"id": "cs_x"}}})
    assert poll_stripe_events.run() >= 1251
    db.session.remove()
    known = set(db.session.execute(select(InboundEvent.external_id)).scalars())
    assert real["id"] in known, "an event beyond the first thousand was forgotten for ever"
    assert poll_stripe_events.run() == 0
