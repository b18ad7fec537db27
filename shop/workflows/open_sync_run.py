"""A run is opened by each of its stages anew: the row, how it goes about its things, and who speaks for it."""

from __future__ import annotations

from sqlalchemy import select

from shop.channels import registry
from shop.channels.connector import Connector
from shop.channels.models import Connection
from shop.channels.syncing.models import SyncRun
from shop.channels.syncing.plan_pairs import Way
from shop.channels.syncing.settings import way_of
from shop.core.transaction import transaction
from shop.errors import Conflict, NotFound


class NotInService(Conflict):
    """The connection is paused or disconnected: nobody calls there."""


def open_run(run_id: int) -> tuple[SyncRun, Way, Connector]:
    """The run, how it goes about its things, and who speaks for it. Raises NotFound, and
    NotInService for a connection that must not be called."""
    with transaction() as session:
        row = session.execute(select(SyncRun).where(SyncRun.id == run_id)).scalar_one()
        connection = session.get(Connection, row.connection_id)
        if connection is None:
            raise NotFound("This connection does not exist any more.")
        if connection.status in ("paused", "disconnected"):
            raise NotInService(f"{connection.name or connection.channel} is {connection.status}.")
        way = way_of(session, row, connection)
        session.expunge(row)
        return row, way, registry.connector_of(connection)
