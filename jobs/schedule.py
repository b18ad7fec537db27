"""The one list of periodic work. Each entry is a row, claimed with a lease: a tick is neither missed nor doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shop.core import clock, log
from shop.core.schedules import Schedule
from shop.core.secrets import redact
from shop.core.transaction import transaction
from shop.extensions import db
from shop.workflows import (
    ask_for_reviews,
    clean_up,
    gift_card_letters,
    keep_schedules,
    list_disputes,
    poll_checkouts,
    poll_fulfilments,
    poll_stripe_events,
    pull_channel_orders,
    push_orders,
    push_stock,
    read_ways_to_pay,
    recommend_products,
    record_visits,
    refresh_catalog,
    remind_of_returns,
    sync_channel,
    turn_announcements,
    watch_channel_hooks,
    watch_products,
    watch_subscriptions,
    watch_threshold,
)

logger = log.get_logger("schedule")
LEASE = timedelta(minutes=2)  # after a killed ticker; two runs at once do no harm

#: name → (how often in seconds, what)
PERIODIC: dict[str, tuple[int, Callable[[], object]]] = {
    "poll_checkouts": (30, poll_checkouts.run),
    "poll_stripe_events": (60, poll_stripe_events.run),
    "poll_fulfilments": (60, poll_fulfilments.run),
    "record_visits": (60, record_visits.run),
    "refresh_catalog_when_old": (60, refresh_catalog.request_when_old),
    "remind_of_disputes": (600, list_disputes.remind),
    "watch_subscriptions": (600, watch_subscriptions.run),
    "turn_announcements": (30, turn_announcements.run),
    "products_by_the_clock": (20, keep_schedules.run),
    "gift_cards": (60, gift_card_letters.deliver_due),
    "ask_for_reviews": (600, ask_for_reviews.run),
    "look_at_watches": (3600, watch_products.look_at_all),
    "read_ways_to_pay": (86400, read_ways_to_pay.run),
    "watch_threshold": (3600, watch_threshold.run),
    "recommend_products": (6 * 3600, recommend_products.run),
    "sync_channels": (30, sync_channel.request_due_syncs),
    "remind_of_returns": (600, remind_of_returns.run),
    "watch_channel_hooks": (600, watch_channel_hooks.run),
    "channel_orders": (30, pull_channel_orders.run),
    "orders_to_channels": (30, push_orders.run),
    "stock_to_channels": (20, push_stock.run),
    "clean_up": (3600, clean_up.run),
}


def run_due() -> list[str]:
    """Run every entry whose time has come. Returns the names that ran."""
    _enter_rows()
    ran = []
    for name, (seconds, work) in PERIODIC.items():
        if not _claim(name, seconds):
            continue
        log.clear()
        log.bind(schedule=name)
        error = ""
        try:
            work()
        except Exception as problem:  # noqa: BLE001  (one bad entry must not stop the others)
            db.session.rollback()
            error = redact(str(problem))[:500]
            logger.warning("schedule failed", why=error)
        with transaction() as session:
            session.execute(update(Schedule).where(Schedule.name == name).values(lease_until=None, last_error=error))
        ran.append(name)
    return ran


def _enter_rows() -> None:
    """The list is the truth: missing rows are made, rows of removed entries go."""
    with transaction() as session:
        found = {row.name: row.every_seconds for row in session.execute(select(Schedule.name, Schedule.every_seconds))}
    if found == {name: seconds for name, (seconds, _) in PERIODIC.items()}:
        return
    with transaction() as session:
        for name, (seconds, _) in PERIODIC.items():
            session.execute(
                insert(Schedule)
                .values(name=name, every_seconds=seconds, next_run_at=clock.now())
                .on_conflict_do_update(index_elements=["name"], set_={"every_seconds": seconds})
            )
        session.execute(delete(Schedule).where(Schedule.name.not_in(list(PERIODIC))))


def _claim(name: str, seconds: int) -> bool:
    now = clock.now()
    with transaction() as session:
        row = session.execute(
            select(Schedule)
            .where(
                Schedule.name == name,
                Schedule.next_run_at <= now,
                or_(Schedule.lease_until.is_(None), Schedule.lease_until < now),
            )
            .with_for_update(skip_locked=True)
        ).scalar_one_or_none()
        if row is None:
            return False
        row.next_run_at = now + timedelta(seconds=seconds)
        row.last_run_at = now
        row.lease_until = now + LEASE
    return True
