"""The page about queues, work and schedules: right with Redis and without it, refreshed, and "run now" runs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from jobs import schedule
from jobs.schedule import run_due
from jobs.worker import QueueWorker
from shop.admin.jobs.counts import count_work
from shop.core import clock
from shop.core.schedules import Schedule
from shop.core.transaction import transaction
from shop.extensions import db
from tests.admin import making
from tests.admin.conftest import Staff, counting


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.fixture
def worker(app: Flask) -> Iterator[QueueWorker]:
    connection = app.extensions["imprint.redis"].client
    queue = Queue("email", connection=connection, serializer=JSONSerializer)
    one = QueueWorker([queue], connection=connection, serializer=JSONSerializer)
    one.register_birth()
    yield one
    one.register_death()


@pytest.fixture
def no_redis(app: Flask) -> Iterator[None]:
    door = app.extensions["imprint.redis"]
    door._shut_until = time.monotonic() + 600
    yield
    door._shut_until = 0.0


def test_each_kind_is_counted_by_what_becomes_of_it(staff: Staff) -> None:
    with transaction() as session:
        for state in ("due", "due", "working", "parked", "done"):
            making.letter(session, state)
        making.letter(session, "due", due_at=clock.now() + timedelta(hours=1))
        making.letter(session, "done", finished_at=clock.now() - timedelta(days=2))
    letters = next(work for work in count_work(db.session()) if work.kind == "letters")
    assert (letters.due, letters.later, letters.working, letters.parked, letters.done_today) == (2, 1, 1, 1, 1)
    page = staff.get("/admin/jobs").text
    assert "/admin/failures?kind=letters" in page


def test_workers_are_shown_and_missing_ones_named(staff: Staff, worker: QueueWorker) -> None:
    text = text_of(staff.get("/admin/jobs").text)
    assert f"process {worker.pid}" in text
    assert "python -m jobs.worker inbound" in text and "python -m jobs.worker email" not in text


def test_without_redis_the_page_works_and_says_so(staff: Staff, no_redis: None) -> None:
    with transaction() as session:
        making.letter(session, "parked")
    answer = staff.get("/admin/jobs")
    assert answer.status_code == 200
    text = text_of(answer.text)
    assert "Redis: away" in text and "Unknown" in text and "Letters" in text


def test_a_fragment_is_the_machine_alone_and_refreshing_can_be_stopped(staff: Staff) -> None:
    assert 'hx-trigger="every 4s"' in staff.get("/admin/jobs").text
    assert "every 4s" not in staff.get("/admin/jobs?live=0").text
    part = staff.get("/admin/jobs", headers={"HX-Request": "true"}).text
    assert "<html" not in part and "Schedules" in part


def test_run_now_makes_it_due_and_the_ticker_runs_it(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(schedule, "PERIODIC", {"clean_up": (3600, lambda: ran.append("x"))})
    run_due()
    run_due()
    assert ran == ["x"]
    assert "Let old logs and carts go" in staff.get("/admin/jobs").text
    for _ in range(2):
        assert "runs within a few seconds" in staff.press("/admin/jobs/schedules/clean_up/run")
    run_due()
    assert ran == ["x", "x"]


def test_the_last_error_of_a_schedule_is_shown(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("the other side said sk_live_abcdefgh no")

    monkeypatch.setattr(schedule, "PERIODIC", {"clean_up": (3600, fail)})
    run_due()
    page = staff.get("/admin/jobs").text
    assert "the other side said" in page and "sk_live" not in page and "Has trouble" in page


@pytest.mark.parametrize("name", ["nope", "x" * 500, "%00", "clean%20up"])
def test_unknown_work_is_not_run(staff: Staff, name: str) -> None:
    answer = staff.post(f"/admin/jobs/schedules/{name}/run")
    assert answer.status_code in (303, 400, 404)
    assert db.session.execute(select(Schedule).where(Schedule.next_run_at > clock.now())).first() is None


def test_statements_are_the_same_for_any_number(staff: Staff) -> None:
    counts = []
    for n in (3, 9):
        with transaction() as session:
            for _ in range(n):
                making.letter(session, "parked")
                making.parked_event(session)
        db.session.remove()
        with counting() as seen:
            staff.get("/admin/jobs")
        counts.append(len(seen))
    assert counts[0] == counts[1]
