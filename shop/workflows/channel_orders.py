"""Orders of other platforms: read one (a hook), and take each on its way: judged, placed, then followed.

Whatever is read is a committed row first; the job then works on the row. So nothing is lost between the two, and an
order that comes by hook and by pull at once is one row, and one order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.connector import ReportsOrders
from shop.channels.models import Connection
from shop.channels.ordering.judging import Judged, judge
from shop.channels.ordering.keeping import from_json
from shop.channels.ordering.models import ChannelOrder, ChannelPull, ChannelPush
from shop.channels.ordering.storing import lock_row, park_unreadable, store_order, write_record
from shop.channels.records import OrderRecord, Unreadable
from shop.channels.syncing.models import SyncSetting
from shop.core import clock, durable, log
from shop.core.durable import Claim
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import Conflict, NotFound, Refused
from shop.extensions import db
from shop.orders.models import Order
from shop.orders.statuses import lock_order
from shop.workflows.follow_channel_order import cancel_here, follow
from shop.workflows.place_channel_order import place

logger = log.get_logger("channel orders")
LOOK_AGAIN = timedelta(hours=1)  # at what nobody paid yet; a hook or a pull is usually earlier
FRESH = timedelta(minutes=5)


class NeedsPerson(Conflict):
    """The order waits for a decision: which of ours a line is, or whether it is to be made at all."""


@dataclass(frozen=True)
class Next:
    """What is left to do outside the transaction: `ask` a person, or `cancel` the order here."""

    ask: str = ""
    cancel: int | None = None
    why: str = ""


def pull_order(connection_id: int, external_id: str) -> str:
    """Read one order there, and write it down: stored | unchanged | gone | off (orders are not taken from there) |
    unreadable. For hooks; a repeat changes nothing. Raises OutsideError kinds, NotFound."""
    registry.load()
    with transaction() as session:
        connection = session.get(Connection, connection_id)
        if connection is None:
            raise NotFound("This connection does not exist any more.")
        known = session.execute(
            select(ChannelOrder.id).where(
                ChannelOrder.connection_id == connection_id, ChannelOrder.external_id == external_id
            )
        ).scalar()
        if known is None and not takes_orders(session, connection):
            return "off"
        reader = registry.orders(connection)
    release_connection()
    record = _read(reader, external_id)
    return run_in_transaction(lambda session: _write_down(session, connection_id, external_id, record))


def _read(reader: ReportsOrders, external_id: str) -> OrderRecord | Unreadable | None:
    """A record that does not fit comes as itself, to be set aside, however the connector says so."""
    try:
        return reader.get_order(external_id)
    except Refused as error:
        found = error.facts.get("unreadable")
        if isinstance(found, Unreadable):
            return found
        raise


def _write_down(session: Session, connection_id: int, external_id: str, record: OrderRecord | Unreadable | None) -> str:
    if isinstance(record, Unreadable):
        park_unreadable(session, connection_id, [record])
        return "unreadable"
    if record is None:
        _mark_gone(session, connection_id, external_id)
        return "gone"
    _, is_news = store_order(session, connection_id, record)
    return "stored" if is_news else "unchanged"


def _mark_gone(session: Session, connection_id: int, external_id: str) -> None:
    """It is not there any more: never placed then; of one that is placed, a person should know."""
    found = session.execute(
        select(ChannelOrder.id).where(
            ChannelOrder.connection_id == connection_id, ChannelOrder.external_id == external_id
        )
    ).scalar()
    if found is None:
        return
    row = lock_row(session, connection_id, external_id)
    if row.order_id is None and row.state in ("new", "waiting", "unmatched", "held"):
        row.state, row.why = "cancelled", "It is not there any more."
        row.work_state, row.finished_at, row.error_kind, row.error_text = "done", clock.now(), None, None
        row.fence += 1
    elif row.order_id is not None and not row.attention:
        row.attention = "The order is not there any more: it was deleted."


def takes_orders(session: Session, connection: Connection) -> bool:
    """Is it switched on, and can this platform tell?"""
    is_on = session.execute(
        select(SyncSetting.is_on).where(SyncSetting.connection_id == connection.id, SyncSetting.entity == "orders")
    ).scalar()
    return bool(is_on) and registry.can(connection.channel, ReportsOrders)


def advance(held: Claim) -> None:
    """Take the row as far as it goes. What needs a person raises NeedsPerson, and is parked with the reason."""
    registry.load()
    row = db.session.execute(select(ChannelOrder).where(ChannelOrder.id == held.id)).scalar_one()
    log.bind(connection=row.connection_id, channel_order=row.number)
    if row.state == "waiting" and row.looked_at < clock.now() - FRESH:
        _look_again(held, row.connection_id, row.external_id)
    done = run_in_transaction(lambda session: _step(session, held))
    if done.cancel is not None:
        cancel_here(held, done.cancel, done.why)
    if done.ask:
        raise NeedsPerson(done.ask)


def _look_again(held: Claim, connection_id: int, external_id: str) -> None:
    with transaction() as session:
        connection = session.get_one(Connection, connection_id)
        if connection.status != "active":
            return
        reader = registry.orders(connection)
    release_connection()
    record = reader.get_order(external_id)
    with transaction() as session:
        durable.hold(session, ChannelOrder, held)
        row = lock_row(session, connection_id, external_id)
        if record is not None:
            write_record(session, row, record)
        else:
            row.is_cancelled, row.record = True, {**row.record, "is_cancelled": True}


def _step(session: Session, held: Claim) -> Next:
    order_id = session.execute(select(ChannelOrder.order_id).where(ChannelOrder.id == held.id)).scalar()
    order = lock_order(session, order_id) if order_id is not None else None  # the order first, as everywhere
    durable.hold(session, ChannelOrder, held)
    row = session.execute(
        select(ChannelOrder).where(ChannelOrder.id == held.id).execution_options(populate_existing=True)
    ).scalar_one()
    connection = session.get_one(Connection, row.connection_id)
    name = name_of(connection)
    record = from_json(row.record)
    if order is not None:
        cancel = follow(session, row, order, record, name)
        if cancel:
            return Next(cancel=order.id, why=f"Cancelled at {name}")
        durable.finish(session, ChannelOrder, held)
        return Next()
    return _decide(session, held, row, record, connection, name)


def _decide(
    session: Session, held: Claim, row: ChannelOrder, record: OrderRecord, connection: Connection, name: str
) -> Next:
    if is_ours(session, row, record):
        row.state, row.why = "ours", "Sent there from here."
        durable.finish(session, ChannelOrder, held)
        return Next()
    options = options_of(session, connection.id)
    judged = judge_row(session, row, record, name, options)
    row.state, row.why = judged.state, judged.why
    if judged.state == "waiting":
        durable.step_on(session, ChannelOrder, held, due_at=clock.now() + LOOK_AGAIN)
        return Next()
    if judged.state == "held":
        return Next(ask=judged.why)
    if judged.state == "place":
        why = place(session, row, record, connection, name, options)
        if why:
            return Next(ask=why)
        row.told = {}
        logger.info("channel order placed", order_id=row.order_id)
        order = session.get_one(Order, row.order_id)
        follow(session, row, order, record, name)  # what was given back there before it came
    durable.finish(session, ChannelOrder, held)
    return Next()


def options_of(session: Session, connection_id: int) -> dict[str, Any]:
    """{"place_authorised", "letters", "invoices", "send_orders": bool, "send_since": ISO time}, each optional."""
    setting = find_setting(session, connection_id)
    return dict(setting.options) if setting is not None else {}


def judge_row(
    session: Session, row: ChannelOrder, record: OrderRecord, name: str, options: Mapping[str, Any]
) -> Judged:
    """May it be placed, by what is known of it now?"""
    begins_at = session.execute(
        select(ChannelPull.begins_at).where(ChannelPull.connection_id == row.connection_id)
    ).scalar()
    return judge(
        record,
        name=name,
        now=clock.now(),
        begins_at=begins_at or row.received_at - timedelta(days=1),
        allowed=row.allowed,
        place_authorised=bool(options.get("place_authorised")),
    )


def is_ours(session: Session, row: ChannelOrder, record: OrderRecord) -> bool:
    """We made it there ourselves: by their id, or by our reference when their news are faster than their answer."""
    sent = select(ChannelPush.id).where(ChannelPush.connection_id == row.connection_id, ChannelPush.kind == "order")
    if session.execute(sent.where(ChannelPush.external_id == row.external_id).limit(1)).first():
        return True
    if not record.our_reference:
        return False
    by_number = sent.join(Order, Order.id == ChannelPush.order_id).where(Order.number == record.our_reference)
    return session.execute(by_number.limit(1)).first() is not None


def find_setting(session: Session, connection_id: int, entity: str = "orders") -> SyncSetting | None:
    return session.execute(
        select(SyncSetting).where(SyncSetting.connection_id == connection_id, SyncSetting.entity == entity)
    ).scalar_one_or_none()


def name_of(connection: Connection) -> str:
    """The platform's name; its key where there is no connector for it any more."""
    try:
        return registry.class_of(connection.channel).spec.name
    except NotFound:
        return connection.channel.capitalize()
