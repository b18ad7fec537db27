"""What happened here that a platform is to be told: a row for each, in the transaction of what happened."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.connector import TakesRefunds, TakesTracking
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelOrder, ChannelPush
from shop.core.queue import JobName, enqueue_after_commit
from shop.fulfilment.models import Shipment
from shop.orders.models import Order
from shop.orders.statuses import tell
from shop.payments.models import Refund

CANCELLED_HERE = "Cancelled here."


def push_parcel(session: Session, order: Order, shipment: Shipment) -> int:
    """Tell the platform the order came from, and those it was sent to, of a new parcel. Returns how many are told; a
    repeat adds none. The caller commits."""
    registry.load()
    targets = [
        (row.id, row.connection_id, row.channel)
        for row in session.execute(
            select(ChannelOrder.id, ChannelOrder.connection_id, Connection.channel)
            .join(Connection, Connection.id == ChannelOrder.connection_id)
            .where(ChannelOrder.order_id == order.id)
        )
    ] + [
        (None, row.connection_id, row.channel)
        for row in session.execute(
            select(ChannelPush.connection_id, Connection.channel)
            .join(Connection, Connection.id == ChannelPush.connection_id)
            .where(ChannelPush.order_id == order.id, ChannelPush.kind == "order", ChannelPush.external_id != "")
        )
    ]
    told = 0
    for channel_order_id, connection_id, channel in targets:
        if registry.can(channel, TakesTracking):
            key = f"tracking:{connection_id}:{shipment.id}"
            told += add_push(
                session,
                key,
                connection_id,
                "tracking",
                channel_order_id=channel_order_id,
                order_id=order.id,
                shipment_id=shipment.id,
            )
    return told


def push_refund(session: Session, order: Order, refund: Refund) -> int:
    """Money went back here: the platforms that have this order of ours note it. How many; a repeat adds none."""
    registry.load()
    rows = session.execute(
        select(ChannelPush.connection_id, Connection.channel)
        .join(Connection, Connection.id == ChannelPush.connection_id)
        .where(ChannelPush.order_id == order.id, ChannelPush.kind == "order", ChannelPush.work_state != "parked")
    ).all()
    return sum(
        add_push(
            session,
            f"refund:{row.connection_id}:{refund.id}",
            row.connection_id,
            "refund",
            order_id=order.id,
            refund_id=refund.id,
        )
        for row in rows
        if registry.can(row.channel, TakesRefunds)
    )


def add_push(session: Session, key: str, connection_id: int, kind: str, **more: object) -> bool:
    """One row of work, unique by its key. False when it is there already. The caller commits."""
    new = session.execute(
        insert(ChannelPush)
        .values(key=key, connection_id=connection_id, kind=kind, **more)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(ChannelPush.id)
    ).first()
    if new:
        enqueue_after_commit(session, JobName.DRAIN_CHANNEL_PUSHES)
    return new is not None


def tell_of_cancel(session: Session, order: Order) -> None:
    """Cancelled here, and not there: no platform is asked to cancel, so a person must. The caller commits."""
    row = session.execute(select(ChannelOrder).where(ChannelOrder.order_id == order.id)).scalar_one_or_none()
    if row is None or row.is_cancelled:
        return
    connection = session.get_one(Connection, row.connection_id)
    why = f"{CANCELLED_HERE} Cancel and refund it in {platform_name(connection.channel)}’s own admin too."
    row.attention = why
    tell(session, order, "channel", why=why)


def platform_name(channel: str) -> str:
    """As people say it."""
    known = {found.spec.key: found.spec.name for found in registry.list_connectors()}
    return known.get(channel, channel.capitalize())
