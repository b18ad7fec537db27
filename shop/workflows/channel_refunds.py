"""Money that was paid on another platform goes back there, by its merchant's hand: a gateway of ours never has it, and
a platform that is told of a refund moves none. What was given back there is noted here by itself."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelOrder
from shop.errors import Conflict
from shop.orders.models import Order
from shop.payments.models import Payment
from shop.payments.summing import CHANNEL
from shop.workflows.push_to_channels import platform_name


def refuse_refund(session: Session, order: Order) -> None:
    """Raises Conflict that says where to give it back instead."""
    raise Conflict(refund_hint(session, order) or "This was paid elsewhere: refund it there.")


def refund_hint(session: Session, order: Order) -> str:
    """Where the money goes back; "" for what was paid here."""
    paid_there = select(Payment.id).where(Payment.order_id == order.id, Payment.gateway == CHANNEL)
    if session.execute(paid_there.limit(1)).first() is None:
        return ""
    channel = session.execute(
        select(Connection.channel)
        .join(ChannelOrder, ChannelOrder.connection_id == Connection.id)
        .where(ChannelOrder.order_id == order.id)
    ).scalar()
    name = platform_name(channel or order.channel)
    return f"This was paid at {name}: refund it in {name}’s own admin. It is noted here by itself."
