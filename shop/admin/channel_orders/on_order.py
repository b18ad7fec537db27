"""A part of an order's page: where it came from, and what was told elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.admin.channel_orders.words import KINDS, state_of_push
from shop.channels import registry
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelOrder, ChannelPush
from shop.orders.models import Order
from shop.workflows.channel_refunds import refund_hint
from shop.workflows.push_orders import MADE_HERE
from shop.workflows.push_to_channels import platform_name

#: (the push, what it is, (word, tone), the platform)
Told = tuple[ChannelPush, str, tuple[str, str], str]


@dataclass(frozen=True)
class ChannelPart:
    """`hint`: where its money goes back; "" for what was paid here."""

    row: ChannelOrder | None
    platform: str
    hint: str
    pushes: list[Told]
    other_minor: int = 0  # what their total differs by from its parts


def channel_part(session: Session, order: Order) -> ChannelPart:
    """One statement, three for an order that came from a platform."""
    registry.load()
    found = None
    if order.channel not in MADE_HERE:
        found = session.execute(
            select(ChannelOrder, Connection.channel)
            .join(Connection, Connection.id == ChannelOrder.connection_id)
            .where(ChannelOrder.order_id == order.id)
        ).first()
    pushes = session.execute(
        select(ChannelPush, Connection.channel)
        .join(Connection, Connection.id == ChannelPush.connection_id)
        .where(ChannelPush.order_id == order.id)
        .order_by(ChannelPush.id.desc())
        .limit(50)
    )
    told = [
        (push, KINDS.get(push.kind, push.kind), state_of_push(push), platform_name(channel)) for push, channel in pushes
    ]
    row = found[0] if found is not None else None
    name = platform_name(found[1]) if found is not None else ""
    gap = order.subtotal_minor - order.discount_minor + order.shipping_minor
    gap += 0 if order.tax_included else order.tax_minor
    hint = refund_hint(session, order) if found is not None else ""
    return ChannelPart(row, name, hint, told, order.total_minor - gap if found is not None else 0)
