"""How the machine is: waiting work, workers, the ticker, PostgreSQL, Redis, the other services."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from shop.admin.words import ago, span
from shop.core import clock
from shop.core import redis as redis_door
from shop.core.queue import QUEUE_OF, QUEUES
from shop.core.schedules import Schedule
from shop.workflows.list_failures import KINDS

NAMES = {
    "inbound_events": "Messages from other services",
    "fulfilment_orders": "Orders to the print provider",
    "letters": "Letters",
    "refunds": "Refunds",
    "dispute_answers": "Answers to disputes",
    "images": "Pictures",
    "catalog_runs": "Catalogue refreshes",
    "change_runs": "Changes of many products",
    "webhook_deliveries": "Webhooks to others",
    "new_products": "Products of designs",
    "privacy_requests": "Privacy requests",
    "returns": "Returns",
    "withdrawals": "Withdrawals",
    "sync_runs": "Keeping platforms in step",
    "automation_runs": "Automations",
    "channel_events": "Messages from connected platforms",
    "product_watches": "Those who wait for a product",
    "cart_reminders": "Reminders of carts",
    "campaigns": "Newsletters",
    "channel_pulls": "Reading orders elsewhere",
    "channel_orders": "Orders from elsewhere",
    "channel_pushes": "News to other platforms",
    "file_imports": "Files taken in",
    "channel_card_moves": "Gift cards of other platforms",
}
SLOW_SECONDS = 120  # work that waits longer than this is told
TICKER_QUIET = timedelta(minutes=3)
#: which periodic readers talk to whom: their last error is the service's state
READERS = {
    "Stripe": ("poll_stripe_events", "poll_checkouts"),
    "Printify": ("poll_fulfilments", "watch_subscriptions", "refresh_catalog_when_old"),
}


@dataclass(frozen=True)
class Backlog:
    """Rows of one kind: ready, being worked on, waiting for a person; how long the oldest ready one has waited."""

    kind: str
    name: str
    queue: str
    due: int
    working: int
    parked: int
    oldest_seconds: float

    @property
    def is_slow(self) -> bool:
        return self.oldest_seconds > SLOW_SECONDS


@dataclass(frozen=True)
class Part:
    """One part of the machine. tone: done | needs | failed | waiting."""

    name: str
    tone: str
    word: str
    text: str = ""


def read_backlogs(session: Session, parked: Mapping[str, int]) -> list[Backlog]:
    """Every kind of durable work; one statement over the partial indexes of what is open."""
    now = clock.now()
    parts = []
    for kind, (model, _) in KINDS.items():
        ready = or_(
            (model.work_state == "due") & (model.due_at <= now),
            (model.work_state == "working") & (model.lease_until < now),
        )
        parts.append(
            select(
                literal(kind),
                func.coalesce(func.sum(case((ready, 1), else_=0)), 0),
                func.coalesce(func.sum(case((model.work_state == "working", 1), else_=0)), 0),
                func.min(case((ready, model.due_at))),
            ).where(model.work_state.in_(["due", "working"]))
        )
    found = {row[0]: row for row in session.execute(union_all(*parts))}
    backlogs = []
    for kind, (_, job) in KINDS.items():
        row = found[kind]
        waited = (now - row[3]).total_seconds() if row[3] else 0.0
        backlogs.append(
            Backlog(kind, NAMES[kind], QUEUE_OF[job], int(row[1]), int(row[2]), parked.get(kind, 0), max(0.0, waited))
        )
    return backlogs


def look_at_database(session: Session) -> Part:
    started = time.perf_counter()
    session.execute(select(1))
    return Part("PostgreSQL", "done", "Works", f"{(time.perf_counter() - started) * 1000:.1f} ms")


def look_at_redis() -> Part:
    if redis_door.door() is None:
        return Part("Redis", "needs", "Not set up", "Work is found by the ticker alone, a few seconds later.")
    started = time.perf_counter()
    if redis_door.attempt(lambda r: r.ping()) is None:
        return Part("Redis", "failed", "Away", "Pages are slower and work starts later; nothing is lost.")
    return Part("Redis", "done", "Works", f"{(time.perf_counter() - started) * 1000:.1f} ms")


def look_at_workers() -> list[Part]:
    """One part per queue: is a worker listening to it?"""
    listening = redis_door.attempt(_listening)
    if listening is None:
        return [Part("Workers", "waiting", "Unknown", "They are listed in Redis, which is away.")]
    parts = []
    for queue in QUEUES:
        beat = listening.get(queue)
        if beat is None:
            parts.append(Part(f"Worker: {queue}", "failed", "Not running", "Start it: python -m jobs.worker " + queue))
        else:
            parts.append(Part(f"Worker: {queue}", "done", "Works", f"last sign {ago(beat)}"))
    return parts


def _listening(connection: Any) -> dict[str, datetime]:
    """Queue → the latest sign of life of a worker on it."""
    from rq import Worker

    found: dict[str, datetime] = {}
    for worker in Worker.all(connection=connection):
        beat = worker.last_heartbeat
        if beat is None:
            continue
        if beat.tzinfo is None:
            beat = beat.replace(tzinfo=clock.now().tzinfo)
        for name in worker.queue_names():
            found[name] = max(beat, found.get(name, beat))
    return found


def look_at_schedules(session: Session) -> list[Part]:
    """The ticker, and the services its readers talk to; one statement."""
    rows = {row.name: row for row in session.execute(select(Schedule)).scalars()}
    parts = [_ticker(rows)]
    for service, names in READERS.items():
        ran = [rows[n] for n in names if n in rows and rows[n].last_run_at]
        wrong = next((row for row in ran if row.last_error), None)
        if not ran:
            parts.append(Part(service, "waiting", "Not asked yet"))
        elif wrong is not None:
            parts.append(Part(service, "failed", "Has trouble", wrong.last_error[:200]))
        else:
            latest = max(row.last_run_at for row in ran if row.last_run_at)
            parts.append(Part(service, "done", "Works", f"asked {ago(latest)}"))
    return parts


def _ticker(rows: Mapping[str, Schedule]) -> Part:
    latest = max((row.last_run_at for row in rows.values() if row.last_run_at), default=None)
    if latest is None:
        return Part("Ticker", "needs", "Not seen yet", "Start it: python -m jobs.ticker")
    if clock.now() - latest > TICKER_QUIET:
        return Part("Ticker", "failed", "Silent", f"for {span((clock.now() - latest).total_seconds())}")
    return Part("Ticker", "done", "Works", f"last round {ago(latest)}")
