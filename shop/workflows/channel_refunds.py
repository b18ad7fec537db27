"""Give money back that was paid on another platform: there, by a durable step; never by a gateway of ours."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.connector import TakesRefunds
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelOrder
from shop.core import clock
from shop.errors import Conflict
from shop.orders.models import Order
from shop.payments.models import Refund
from shop.workflows.push_to_channels import add_push, platform_name


def refund_there(session: Session, order: Order, refund: Refund) -> None:
    """Ask the platform to give it back. The refund itself is done being worked on: the push is the work. The caller
    holds the order's lock and commits. Raises Conflict where the platform cannot be asked."""
    row = session.execute(select(ChannelOrder).where(ChannelOrder.order_id == order.id)).scalar_one_or_none()
    if row is None:
        raise Conflict("This order was paid elsewhere, and is not tied to a connection any more. Refund it there.")
    registry.load()
    connection = session.get_one(Connection, row.connection_id)
    if not registry.can(connection.channel, TakesRefunds) or connection.status == "disconnected":
        raise Conflict(refund_hint(connection.channel))
    refund.work_state, refund.finished_at = "done", clock.now()
    add_push(
        session,
        f"refund:{connection.id}:{refund.id}",
        connection.id,
        "refund",
        channel_order_id=row.id,
        order_id=order.id,
        refund_id=refund.id,
    )


def refund_hint(channel: str) -> str:
    """What to do where we cannot."""
    name = platform_name(channel)
    return f"This was paid at {name}: refund it in {name}’s own admin. It is noted here by itself."
