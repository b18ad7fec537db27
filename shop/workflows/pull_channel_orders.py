"""Read the orders of every connection that is switched on, over and over. Hooks make it fast, this makes it right.

A page is written down, then the cursor; a worker that dies goes on from there. How far all was read is the newest time
of change that was seen, never our own clock's: what is written there meanwhile comes with the next reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.connector import ReportsOrders
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelPull
from shop.channels.ordering.storing import newest_of, park_unreadable, store_order
from shop.channels.records import OrderRecord, Unreadable
from shop.channels.syncing.models import SyncSetting
from shop.core import clock, durable, log
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import NeedsReconnect, Refused, Unavailable

logger = log.get_logger("channel orders")
LOOK_LATER = timedelta(minutes=5)
LEASE_SECONDS = 300


def run() -> int:
    """Begin reading where it was switched on, end where it was switched off. Returns how many are read."""
    registry.load()
    with transaction() as session:
        on = session.execute(
            select(SyncSetting.connection_id, Connection.channel)
            .join(Connection, Connection.id == SyncSetting.connection_id)
            .where(SyncSetting.entity == "orders", SyncSetting.is_on, Connection.status != "disconnected")
        ).all()
        ids = [row.connection_id for row in on if registry.can(row.channel, ReportsOrders)]
        gone = session.execute(
            delete(ChannelPull).where(ChannelPull.connection_id.not_in(ids)).returning(ChannelPull.connection_id)
        ).scalars()
        if stopped := list(gone):
            session.execute(
                update(SyncSetting)
                .where(SyncSetting.entity == "orders", SyncSetting.connection_id.in_(stopped))
                .values(watermark=None)
            )
        known = set(session.execute(select(ChannelPull.connection_id)).scalars())
        for connection_id in set(ids) - known:
            begin_reading(session, connection_id)
    return len(ids)


def begin_reading(session: Session, connection_id: int) -> None:
    """From now on: what was placed there before is left alone. A repeat changes nothing. The caller commits."""
    session.execute(
        insert(ChannelPull)
        .values(connection_id=connection_id, begins_at=clock.now())
        .on_conflict_do_nothing(index_elements=["connection_id"])
    )
    enqueue_after_commit(session, JobName.PULL_CHANNEL_ORDERS)


def pull_soon(session: Session, connection_id: int) -> bool:
    """Somebody pressed the button. False where nothing is read from there. The caller commits."""
    found = session.execute(
        update(ChannelPull)
        .where(ChannelPull.connection_id == connection_id, ChannelPull.work_state.in_(["due", "parked", "done"]))
        .values(due_at=clock.now(), work_state="due", attempts=0)
        .returning(ChannelPull.id)
    ).first()
    enqueue_after_commit(session, JobName.PULL_CHANNEL_ORDERS)
    return found is not None


@dataclass(frozen=True)
class _Reading:
    connection_id: int
    since: datetime
    cursor: str


def read_on(held: Claim) -> None:
    """Read to the end, a page at a time. Raises OutsideError kinds; what was read stays read."""
    registry.load()
    begun = run_in_transaction(lambda session: _begin(session, held))
    if begun is None:
        return
    reading, reader = begun
    cursor = reading.cursor
    while True:
        release_connection()
        try:
            page = reader.pull_orders(reading.since, cursor)
        except NeedsReconnect as error:  # the merchant was told; it goes on by itself once there is a key again
            with transaction() as session:
                durable.postpone(session, ChannelPull, held, why=str(error), until=clock.now() + LOOK_LATER)
            return
        except Refused as error:
            if not cursor:
                raise
            _begin_anew(held)  # a cursor may be too old for them
            raise Unavailable(error.user_message, service="channel orders", detail=error.detail) from error
        run_in_transaction(lambda session, page=page: _keep(session, held, reading, page.records, page.cursor))  # type: ignore[misc]
        if page.is_last or not page.cursor:
            break
        cursor = page.cursor
    run_in_transaction(lambda session: _end(session, held, reading))


def _begin(session: Session, held: Claim) -> tuple[_Reading, ReportsOrders] | None:
    durable.hold(session, ChannelPull, held)
    row = _row(session, held)
    connection = session.get_one(Connection, row.connection_id)
    setting = _setting(session, row.connection_id)
    if connection.status != "active" or setting is None or not setting.is_on:
        durable.step_on(session, ChannelPull, held, due_at=clock.now() + LOOK_LATER)
        return None
    if row.began_at is None:
        overlap = registry.class_of(connection.channel).spec.overlap
        row.began_at, row.cursor, row.newest_at = clock.now(), "", None
        row.since = (setting.watermark or row.begins_at) - overlap
    assert row.since is not None
    return _Reading(connection.id, row.since, row.cursor), registry.orders(connection)


def _keep(session: Session, held: Claim, reading: _Reading, found: list[OrderRecord | Unreadable], cursor: str) -> None:
    durable.hold(session, ChannelPull, held)
    row = _row(session, held)
    records = [one for one in found if not isinstance(one, Unreadable)]
    park_unreadable(session, reading.connection_id, [one for one in found if isinstance(one, Unreadable)])
    for record in sorted(records, key=lambda one: one.external_id):  # two readers lock in one order
        if record.external_id:
            store_order(session, reading.connection_id, record)
    row.read += len(found)
    row.cursor, row.newest_at = cursor, newest_of(records, row.newest_at)
    session.flush()
    durable.renew(session, ChannelPull, [held], LEASE_SECONDS)


def _end(session: Session, held: Claim, reading: _Reading) -> None:
    durable.hold(session, ChannelPull, held)
    row = _row(session, held)
    setting = _setting(session, reading.connection_id)
    minutes = setting.every_minutes if setting is not None else 15
    if setting is not None and row.newest_at is not None and row.began_at is not None:
        seen = min(row.newest_at, row.began_at)  # a clock of theirs that runs ahead must not skip what is to come
        setting.watermark = max(setting.watermark or row.begins_at, seen)
    session.flush()
    due_at = clock.now() + timedelta(minutes=max(1, minutes))
    durable.step_on(
        session, ChannelPull, held, due_at=due_at, began_at=None, cursor="", newest_at=None, last_at=clock.now()
    )


def _begin_anew(held: Claim) -> None:
    with transaction() as session:
        durable.hold(session, ChannelPull, held)
        row = _row(session, held)
        row.began_at, row.cursor = None, ""


def _row(session: Session, held: Claim) -> ChannelPull:
    query = select(ChannelPull).where(ChannelPull.id == held.id).execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def _setting(session: Session, connection_id: int) -> SyncSetting | None:
    return session.execute(
        select(SyncSetting).where(SyncSetting.connection_id == connection_id, SyncSetting.entity == "orders")
    ).scalar_one_or_none()
