"""What is typed and secret about a connection: kept encrypted, merged name by name, never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.channels.models import Connection
from shop.channels.tokens import Held
from shop.core import clock

#: which secret signs a platform's webhooks: the first of these that there is
SIGNING = ("webhook_secret", "client_secret")
#: after a change, calls that were signed with the one before still come (Shopify: up to an hour)
OVERLAP = timedelta(hours=24)


def secrets_of(session: Session, connection_id: int) -> dict[str, str]:
    """By the names of the connector's settings; {} for an unknown connection."""
    return read_secrets(session.execute(select(Connection.secrets).where(Connection.id == connection_id)).scalar())


def keep_secrets(session: Session, connection_id: int, given: Mapping[str, str]) -> None:
    """Each in the place of the one before; "" leaves it as it is. A signing secret that is replaced still fits
    for a day. The caller commits."""
    row = session.execute(select(Connection).where(Connection.id == connection_id).with_for_update()).scalar_one()
    held = read_secrets(row.secrets)
    merged = held | {name: value for name, value in given.items() if value}
    for name in SIGNING:
        if held.get(name) and held[name] != merged[name]:
            merged[f"old_{name}"] = held[name]
            merged[f"old_{name}_until"] = (clock.now() + OVERLAP).isoformat()
    row.secrets = orjson.dumps(merged).decode()


def signing_secrets(secrets: Mapping[str, str], now: datetime) -> list[str]:
    """What a webhook may be signed with: the secret, and for a day after a change the one before. [] without any."""
    for name in SIGNING:
        if secrets.get(name):
            until = secrets.get(f"old_{name}_until", "")
            is_good = bool(until) and datetime.fromisoformat(until) > now
            return [secrets[name], *([secrets[f"old_{name}"]] if is_good else [])]
    return []


def secrets_held(held: Held) -> dict[str, str]:
    """For a token provider."""
    return read_secrets(held.secrets)


def read_secrets(stored: str | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in orjson.loads(stored).items()} if stored else {}
