"""An account is given back: its webhooks there are removed, its keys deleted; links and orders stay."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from shop.channels import registry
from shop.channels.connector import SendsWebhooks
from shop.channels.models import Connection, ConnectionToken, ConsentRequest
from shop.channels.syncing.models import SyncSetting
from shop.core import log
from shop.core.transaction import release_connection, transaction
from shop.errors import NotFound, ShopError
from shop.workflows.channel_hooks import remove_webhooks

logger = log.get_logger("channels")


def disconnect_channel(connection_id: int) -> str:
    """A sentence about what could not be done there, "" when all was. A repeat does nothing. Raises NotFound."""
    registry.load()
    with transaction() as session:
        row = session.get(Connection, connection_id)
        if row is None:
            raise NotFound("There is no such connection.")
        sends, name = registry.can(row.channel, SendsWebhooks) and row.status != "disconnected", row.channel
    release_connection()
    left = ""
    if sends:
        try:
            is_told = remove_webhooks(connection_id)
        except ShopError as error:  # it is given back all the same: a shop that is gone cannot be asked
            logger.warning("webhooks stay there", channel=name, connection=connection_id, why=error.user_message)
            is_told = False
        left = "" if is_told else "Its webhooks could not be removed there; they are refused here from now on."
    with transaction() as session:
        row = session.execute(select(Connection).where(Connection.id == connection_id).with_for_update()).scalar_one()
        row.status, row.problem, row.secrets = "disconnected", "", None
        row.version += 1
        row.fence += 1
        row.refreshing_until = row.refresh_not_before = None
        for table in (ConnectionToken, ConsentRequest):
            session.execute(delete(table).where(table.connection_id == connection_id))
        off = update(SyncSetting).where(SyncSetting.connection_id == connection_id)
        session.execute(off.values(is_on=False, next_at=None))
    return left
