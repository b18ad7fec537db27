"""Orders as a platform's connector would read them, and what becomes of them here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelOrder, ChannelOrderLine
from shop.channels.ordering.storing import store_order
from shop.channels.records import AddressRecord, FulfilmentState, OrderLineRecord, OrderRecord, PaymentState
from shop.channels.syncing.models import SyncSetting
from shop.core import clock
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.extensions import db
from shop.workflows import pull_channel_orders
from tests.town import Town

HOME = AddressRecord("Ada Lovelace", "", "Main 1", "", "Berlin", "", "10115", "DE", "+49301234")
STEP = (JobName.DRAIN_CHANNEL_ORDERS,)


def connected(channel: str = "woocommerce", **options: Any) -> int:
    """A connection whose orders are read, without anybody behind it."""
    with transaction() as session:
        row = Connection(channel=channel, name="Corner", status="active", store_url="https://corner.example")
        session.add(row)
        session.flush()
        switch_on(session, row.id, **options)
        return row.id


def switch_on(session: Any, connection_id: int, **options: Any) -> None:
    session.add(SyncSetting(connection_id=connection_id, entity="orders", is_on=True, options=options))
    session.flush()
    pull_channel_orders.begin_reading(session, connection_id)


def line(sku: str = "", quantity: int = 1, unit_minor: int = 2500, **more: Any) -> OrderLineRecord:
    given = {"external_id": f"l-{sku or 'x'}-{unit_minor}", "variant_external_id": f"v-{sku}", **more}
    return OrderLineRecord(
        title=given.pop("title", f"Thing {sku}"), quantity=quantity, unit_minor=unit_minor, sku=sku, **given
    )


def sale(*lines: OrderLineRecord, external_id: str = "1001", currency: str = "USD", **more: Any) -> OrderRecord:
    """Adds up, unless a total is given."""
    now = clock.now() + timedelta(seconds=1)
    order = OrderRecord(
        external_id=external_id,
        number=f"#{external_id}",
        currency=currency,
        lines=lines,
        total_minor=0,
        placed_at=now,
        payment=PaymentState.PAID,
        fulfilment=FulfilmentState.UNFULFILLED,
        email="ada@example.com",
        ship_to=HOME,
        bill_to=HOME,
        shipping_minor=490,
        shipping_label="Parcel",
        taxes_included=True,
        updated_at=now,
        raw={"id": external_id},
    )
    order = replace(order, **{name: value for name, value in more.items() if name != "total_minor"})
    parts = sum(one.quantity * one.unit_minor for one in order.lines) + order.shipping_minor - order.discount_minor
    parts += 0 if order.taxes_included else order.tax_minor
    return replace(order, total_minor=more.get("total_minor", parts + order.rounding_minor))


def later(record: OrderRecord, **changes: Any) -> OrderRecord:
    """The same order as it stands a while later."""
    return replace(record, updated_at=(record.updated_at or datetime.now(UTC)) + timedelta(minutes=1), **changes)


def comes(town: Town, connection_id: int, record: OrderRecord, *also: JobName) -> ChannelOrder:
    """It is read, and taken on its way."""
    with transaction() as session:
        row_id, _ = store_order(session, connection_id, record)
    town.work(*STEP, *also)
    return channel_order(row_id)


def channel_order(row_id: int) -> ChannelOrder:
    db.session.remove()
    return db.session.get_one(ChannelOrder, row_id)


def lines_of(row: ChannelOrder) -> list[ChannelOrderLine]:
    query = select(ChannelOrderLine).where(ChannelOrderLine.channel_order_id == row.id)
    return list(db.session.execute(query.order_by(ChannelOrderLine.position)).scalars())
