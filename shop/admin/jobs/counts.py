"""How much durable work there is of each kind, and what lately came of it; and what each periodic work is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from shop.admin.machine_state import NAMES, SLOW_SECONDS
from shop.core import clock
from shop.core.queue import QUEUE_OF
from shop.core.schedules import Schedule
from shop.workflows.list_failures import KINDS

LATE = timedelta(seconds=30)  # the ticker looks every second; a run may take a while

SCHEDULE_WORDS = {
    "poll_checkouts": "Look after payments that are under way",
    "products_by_the_clock": "Put products on sale, and take them off, at the times set for them",
    "poll_stripe_events": "Read Stripe’s events that no webhook told",
    "poll_fulfilments": "Ask Printify about open orders",
    "turn_announcements": "Begin and end announcements on time",
    "record_visits": "Add up visits",
    "refresh_catalog_when_old": "Refresh the catalogue when it is old",
    "remind_of_disputes": "Remind of disputes near their deadline",
    "watch_subscriptions": "Keep Printify’s webhooks subscribed",
    "watch_channel_hooks": "Keep connected platforms telling us at once",
    "clean_up": "Let old logs and carts go",
}


@dataclass(frozen=True)
class Work:
    """Rows of one kind. `later`: they wait for their time, mostly for another try."""

    kind: str
    name: str
    queue: str
    due: int
    later: int
    working: int
    parked: int
    done_today: int
    oldest_seconds: float

    @property
    def is_slow(self) -> bool:
        return self.oldest_seconds > SLOW_SECONDS


@dataclass(frozen=True)
class Periodic:
    """tone: done | working | waiting | failed."""

    name: str
    words: str
    row: Schedule
    word: str
    tone: str


def count_work(session: Session) -> list[Work]:
    """Every kind; one statement over the partial indexes of what is open, and those of what was finished."""
    now = clock.now()
    parts = []
    for kind, (model, _) in KINDS.items():
        due = (model.work_state == "due") & (model.due_at <= now)
        ready = or_(due, (model.work_state == "working") & (model.lease_until < now))
        done = (
            select(func.count())
            .select_from(model)
            .where(model.work_state == "done", model.finished_at >= now - timedelta(days=1))
            .scalar_subquery()
        )
        parts.append(
            select(
                literal(kind),
                func.coalesce(func.sum(case((due, 1), else_=0)), 0),
                func.coalesce(func.sum(case(((model.work_state == "due") & (model.due_at > now), 1), else_=0)), 0),
                func.coalesce(func.sum(case((model.work_state == "working", 1), else_=0)), 0),
                func.coalesce(func.sum(case((model.work_state == "parked", 1), else_=0)), 0),
                func.min(case((ready, model.due_at))),
                done,
            ).where(model.work_state.in_(["due", "working", "parked"]))
        )
    found = {row[0]: row for row in session.execute(union_all(*parts))}
    counted = []
    for kind, (_, job) in KINDS.items():
        _, due_, later, working, parked, oldest, done_ = found[kind]
        waited = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
        name = NAMES.get(kind, kind.replace("_", " ").capitalize())
        counted.append(
            Work(kind, name, QUEUE_OF[job], int(due_), int(later), int(working), int(parked), int(done_), waited)
        )
    return counted


def list_schedules(session: Session) -> list[Periodic]:
    """By name; one statement. There are none until the ticker has run once."""
    rows = session.execute(
        select(Schedule).order_by(Schedule.every_seconds, Schedule.name).execution_options(populate_existing=True)
    ).scalars()
    return [Periodic(row.name, words_of(row.name), row, *_state(row)) for row in rows]


def words_of(name: str) -> str:
    return SCHEDULE_WORDS.get(name, name.replace("_", " ").capitalize())


def _state(row: Schedule) -> tuple[str, str]:
    now = clock.now()
    if row.lease_until is not None and row.lease_until > now:
        return "Running", "working"
    if row.last_error:
        return "Has trouble", "failed"
    if row.next_run_at < now - LATE:
        return "Late", "failed"
    return ("Works", "done") if row.last_run_at else ("Not run yet", "waiting")
