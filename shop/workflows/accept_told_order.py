"""An order that a merchant's own system posted is written down, as one that was read elsewhere."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.connector import SendsWebhooks
from shop.channels.hooking.models import ChannelEvent
from shop.channels.inbox.reading import read_order
from shop.channels.models import Connection
from shop.channels.ordering.storing import store_order
from shop.core.transaction import run_in_transaction, transaction
from shop.errors import NotFound
from shop.workflows.channel_orders import pull_order, takes_orders


def read_told_order(connection_id: int, external_id: str) -> str:
    """What came of it. A platform that can be asked is (pull_order); else the newest call about this order is all
    there is. A repeat changes nothing. Raises NotFound, and as pull_order."""
    registry.load()
    with transaction() as session:
        channel = session.execute(select(Connection.channel).where(Connection.id == connection_id)).scalar()
    if channel is None:
        raise NotFound("This connection does not exist any more.")
    connector = registry.class_of(channel)
    if not (issubclass(connector, SendsWebhooks) and connector.tells_all):
        return pull_order(connection_id, external_id)
    return run_in_transaction(lambda session: _accept(session, connection_id, external_id))


def _accept(session: Session, connection_id: int, external_id: str) -> str:
    if not takes_orders(session, session.get_one(Connection, connection_id)):
        return "off: orders are not taken from there"
    told = session.execute(
        select(ChannelEvent.payload)
        .where(
            ChannelEvent.connection_id == connection_id,
            ChannelEvent.subject_id == external_id,
            ChannelEvent.payload.is_not(None),
        )
        .order_by(func.coalesce(ChannelEvent.occurred_at, ChannelEvent.received_at).desc(), ChannelEvent.id.desc())
        .limit(1)
    ).scalar()
    if told is None:
        return "nothing was told"
    _, is_news = store_order(session, connection_id, read_order(told))
    return "stored" if is_news else "unchanged"
