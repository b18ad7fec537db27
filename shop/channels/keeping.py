"""What is typed and secret about a connection: kept encrypted, merged name by name, never shown again."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.channels.models import Connection
from shop.channels.tokens import Held


def secrets_of(session: Session, connection_id: int) -> dict[str, str]:
    """By the names of the connector's settings; {} for an unknown connection."""
    return read_secrets(session.execute(select(Connection.secrets).where(Connection.id == connection_id)).scalar())


def keep_secrets(session: Session, connection_id: int, given: Mapping[str, str]) -> None:
    """Each in the place of the one before; "" leaves it as it is. The caller commits."""
    row = session.execute(select(Connection).where(Connection.id == connection_id).with_for_update()).scalar_one()
    merged = read_secrets(row.secrets) | {name: value for name, value in given.items() if value}
    row.secrets = orjson.dumps(merged).decode()


def secrets_held(held: Held) -> dict[str, str]:
    """For a token provider."""
    return read_secrets(held.secrets)


def read_secrets(stored: str | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in orjson.loads(stored).items()} if stored else {}
