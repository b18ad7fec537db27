"""A platform calls us: prove that it is that platform, keep what it says once, and be done in milliseconds.

Two statements on one connection and no session: the connection's row by its id, then the events. Decrypting the
signing secret is the slow part, so its result is kept by the encrypted text itself: a changed secret is another text.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import cast

import orjson
from sqlalchemy.engine import Connection as Wire
from sqlalchemy.exc import DataError

from shop.channels import registry
from shop.channels.connector import HookCall, PullsProducts, ReportsOrders, SendsWebhooks, SyncsCustomers
from shop.channels.keeping import read_secrets, signing_secrets
from shop.core import clock, log
from shop.core.queue import JobName, kick
from shop.core.secrets import decrypt
from shop.errors import InvalidInput, Misunderstood
from shop.extensions import db
from shop.inbound.verifying import Forged

logger = log.get_logger("channels.hooks")
UNREADABLE = "unreadable"
#: what a topic begins with → who can be asked what the thing is now
_ASKED: dict[str, type] = {"product": PullsProducts, "order": ReportsOrders, "customer": SyncsCustomers}
_FIND = "SELECT channel, status, secrets FROM connections WHERE id = %s"
_STORE = """
INSERT INTO channel_events (connection_id, external_id, topic, subject_id, occurred_at, payload)
SELECT %(connection)s, e.key, e.topic, e.subject, e.at, e.payload
  FROM jsonb_to_recordset(%(events)s::jsonb) AS e(key text, topic text, subject text, at timestamptz, payload jsonb)
ON CONFLICT (connection_id, external_id) DO NOTHING RETURNING id"""


def receive(channel: str, connection_id: int, headers: Mapping[str, str], raw: bytes) -> int:
    """Store one call, committed when this returns. The number of new events: 0 for a repeat, and for what says nothing.

    Raises Forged for whatever does not prove itself: an unknown or disconnected connection, one of another platform, a
    signature that does not fit the bytes. A call that is theirs and makes no sense is kept as `unreadable`: refusing it
    would make the platform drop the subscription, and the next pull reads what it was about. Where nobody can be asked
    it raises InvalidInput instead, with what is wrong.
    """
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as wire:
        row = wire.exec_driver_sql(_FIND, (connection_id,)).first()
        if row is None or row.channel != channel or row.status == "disconnected":
            raise Forged
        connector = _class_of(channel)
        try:
            calls = connector.read_webhook(headers, raw, _secrets(row.secrets))
        except Misunderstood as error:
            if connector.tells_all:
                raise InvalidInput(error.detail or error.user_message) from error
            logger.warning("hook not understood", channel=channel, connection=connection_id, why=str(error)[:300])
            calls = [HookCall(UNREADABLE, "", "body:" + hashlib.sha256(raw).hexdigest())]
        except (ValueError, LookupError, TypeError, AttributeError) as error:  # perhaps before anything was proven
            logger.error("hook could not be read", channel=channel, connection=connection_id, exc_info=error)
            raise Forged from error
        stored = _store(wire, connector, connection_id, calls)
    if stored:
        kick(JobName.DRAIN_CHANNEL_EVENTS)
    return stored


def _class_of(channel: str) -> type[SendsWebhooks]:
    if not registry.can(channel, SendsWebhooks):
        _load_connectors()
    if not registry.can(channel, SendsWebhooks):
        raise Forged
    return cast(type[SendsWebhooks], registry.class_of(channel))


@functools.cache
def _load_connectors() -> None:
    registry.load()


@functools.lru_cache(maxsize=512)
def _opened(stored: str) -> Mapping[str, str]:
    return read_secrets(decrypt(stored))


def _secrets(stored: str | None) -> list[str]:
    return signing_secrets(_opened(stored), clock.now()) if stored else []


def _store(wire: Wire, connector: type[SendsWebhooks], connection_id: int, calls: Sequence[HookCall]) -> int:
    if not calls:
        return 0
    events = orjson.dumps([_row(connector, call) for call in calls]).decode()
    try:
        return len(wire.exec_driver_sql(_STORE, {"connection": connection_id, "events": events}).all())
    except DataError as error:
        logger.warning("hook not kept", connection=connection_id, why=str(error.orig)[:200])
        return 0


def _row(connector: type[SendsWebhooks], call: HookCall) -> dict[str, object]:
    key = _clean(call.dedupe_key) or f"{call.topic}:{call.external_id}:{call.occurred_at}"
    asked = _ASKED.get(call.topic.partition(".")[0])
    is_told_only = connector.tells_all or asked is None or not issubclass(connector, asked)
    return {
        "key": key if len(key) <= 255 else "sha256:" + hashlib.sha256(key.encode()).hexdigest(),
        "topic": _clean(call.topic)[:40],
        "subject": _clean(call.external_id)[:160],
        "at": call.occurred_at,
        "payload": call.record if is_told_only else None,
    }


def _clean(text: str) -> str:
    return text.replace("\0", "")
