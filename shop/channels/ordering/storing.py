"""Write down an order as a platform tells it: one row, however often and from however many sides it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.channels.ordering.keeping import MOST_LINES, hash_of, to_json
from shop.channels.ordering.models import ChannelOrder, ChannelOrderLine
from shop.channels.raw_answers import clean, raw_to_keep
from shop.channels.records import AddressRecord, OrderRecord, Unreadable
from shop.channels.syncing.parking import park, unpark
from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.orders.models import Order

_DECIDED = ("chosen", "by_hand", "ignored")  # by a person


def store_order(session: Session, connection_id: int, record: OrderRecord) -> tuple[int, bool]:
    """(its row, whether there was news). News make the row due. A repeat, and older news, change nothing. The caller
    commits."""
    row_id = session.execute(
        insert(ChannelOrder)
        .values(connection_id=connection_id, external_id=record.external_id, looked_at=clock.now())
        .on_conflict_do_nothing(index_elements=["connection_id", "external_id"])
        .returning(ChannelOrder.id)
    ).scalar()
    row = lock_row(session, connection_id, record.external_id)
    is_new = row_id is not None
    if not write_record(session, row, record) and not is_new:
        return row.id, False
    row.due_at, row.attempts, row.finished_at = clock.now(), 0, None
    row.work_state, row.error_kind, row.error_text = "due", None, None
    row.lease_until = None
    row.fence += 1  # whoever works on it looked at what was there before
    unpark(session, connection_id, "orders", [record.external_id])
    enqueue_after_commit(session, JobName.DRAIN_CHANNEL_ORDERS)
    return row.id, True


def lock_row(session: Session, connection_id: int, external_id: str) -> ChannelOrder:
    return session.execute(
        select(ChannelOrder)
        .where(ChannelOrder.connection_id == connection_id, ChannelOrder.external_id == external_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def write_record(session: Session, row: ChannelOrder, record: OrderRecord) -> bool:
    """What they say now, into a locked row. False when that is no news, or older than what is known."""
    row.looked_at = clock.now()
    if row.order_id is not None and is_erased(session, row.order_id):
        record = without_the_person(record)
    data = to_json(record)
    found = hash_of(data)
    if found == row.record_hash:
        return False
    if row.theirs_at is not None and record.updated_at is not None and record.updated_at < row.theirs_at:
        return False
    row.record, row.record_hash, row.raw = data, found, raw_to_keep(record.raw)
    row.theirs_at, row.placed_at = record.updated_at or row.theirs_at, record.placed_at
    row.payment, row.fulfilment = record.payment.value, record.fulfilment.value
    row.is_test, row.is_cancelled = record.is_test, record.is_cancelled
    row.number, row.raw_status = _cut(record.number, 80), _cut(record.raw_status, 120)
    row.currency = record.currency if len(record.currency) == 3 else ""
    row.total_minor, row.refunded_minor = _bounded(record.total_minor), _bounded(record.refunded_minor)
    row.email = _cut(record.email.strip(), 254)
    row.customer_name = _cut(record.ship_to.name or record.bill_to.name, 200)
    if row.order_id is None:
        _write_lines(session, row, record)
    return True


def is_erased(session: Session, order_id: int) -> bool:
    """Its buyer asked to be forgotten, and was."""
    asked = select(Customer.erased_at).join(Order, Order.customer_id == Customer.id).where(Order.id == order_id)
    return session.execute(asked).scalar() is not None


def without_the_person(record: OrderRecord) -> OrderRecord:
    """What may still be known of an order whose buyer was erased here: money, goods, the country."""
    return replace(
        record,
        email="",
        note="",
        raw=None,
        ship_to=AddressRecord(country=record.ship_to.country),
        bill_to=AddressRecord(country=record.bill_to.country),
    )


def _write_lines(session: Session, row: ChannelOrder, record: OrderRecord) -> None:
    """As they are there now; what a person decided about one stays with it."""
    before = session.execute(select(ChannelOrderLine).where(ChannelOrderLine.channel_order_id == row.id)).scalars()
    decided = {_key(line, n): line for n, line in enumerate(before) if line.how in _DECIDED}
    session.execute(delete(ChannelOrderLine).where(ChannelOrderLine.channel_order_id == row.id))
    for position, line in enumerate(record.lines[:MOST_LINES]):
        old = decided.get(_key(line, position))
        new = ChannelOrderLine(
            channel_order_id=row.id,
            position=position,
            external_id=_cut(line.external_id, 160),
            variant_external_id=_cut(line.variant_external_id, 160),
            title=_cut(line.title, 300),
            sku=_cut(line.sku, 120),
            quantity=_bounded(line.quantity),
            unit_minor=_bounded(line.unit_minor),
            discount_minor=_bounded(line.discount_minor),
            tax_minor=_bounded(line.tax_minor),
            properties=clean({str(k)[:200]: str(v)[:1000] for k, v in list(line.properties.items())[:50]}),
            is_gift_card=line.is_gift_card,
        )
        if old is not None:
            new.how, new.why, new.who, new.variant_id = old.how, old.why, old.who, old.variant_id
        session.add(new)
    session.flush()


def _key(line: Any, position: int) -> tuple[Any, ...]:
    return (line.external_id or position, line.variant_external_id, line.sku)


def _cut(text: str, most: int) -> str:
    return " ".join(text.replace("\x00", "").split())[:most]


def _bounded(number: int) -> int:
    return max(-(2**62), min(2**62, number))


def park_unreadable(session: Session, connection_id: int, found: Sequence[Unreadable]) -> None:
    """Orders that could not be read are kept with their own answer and the reason, until they can be."""
    for one in found:
        park(session, connection_id, "orders", one.external_id, one.why, one.raw)


def newest_of(records: Sequence[OrderRecord], before: datetime | None) -> datetime | None:
    """The latest time of change that was read so far."""
    moments = [record.updated_at for record in records if record.updated_at is not None]
    return max([*moments, *([before] if before else [])], default=None)
