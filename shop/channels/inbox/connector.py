"""An incoming webhook: any system may post orders, signed by the rules of Standard Webhooks (specification 1.0).

There is nobody to ask: what is told is all there is, so it is kept until it is applied, and an order that is looked at
again is the one that was told last.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from shop.channels.connector import (
    AuthKind,
    ChannelAccount,
    Connector,
    ConnectorSpec,
    HookCall,
    Page,
    ReportsOrders,
    SendsWebhooks,
    Setting,
    TokenKind,
)
from shop.channels.inbox.reading import read_message, stored
from shop.channels.ordering.keeping import from_json
from shop.channels.ordering.models import ChannelOrder
from shop.channels.records import OrderRecord
from shop.channels.registry import register
from shop.core import clock
from shop.core.transaction import transaction
from shop.inbound.verifying import Forged
from shop.tenancy.profile import current_profile

TOLERANCE = timedelta(minutes=5)
_SECRET = Setting(
    "webhook_secret",
    "Secret",
    "Make one up, of 24 signs at least (or whsec_ and base64), and give the same to your system: it signs with it.",
    "secret",
)


@register
class Inbox(Connector, ReportsOrders, SendsWebhooks):
    spec = ConnectorSpec(
        key="inbox",
        name="Incoming webhook",
        auth=(AuthKind.KEYS,),
        token_kinds=(TokenKind.API_KEY,),
        settings=(_SECRET,),
        summary="Any system of yours posts its orders here, signed: a till, a form, a shop that has no connector.",
        docs="standardwebhooks.com, specification 1.0",
    )
    tells_all = True

    def check(self) -> ChannelAccount:
        return ChannelAccount(f"inbox-{self.connection_id}", "Incoming webhook", current_profile().currency)

    def pull_orders(self, since: datetime | None, cursor: str) -> Page[OrderRecord]:
        return Page([], "", True)

    def get_order(self, external_id: str) -> OrderRecord | None:
        """As it was told last."""
        with transaction() as session:
            kept = session.execute(
                select(ChannelOrder.record).where(
                    ChannelOrder.connection_id == self.connection_id, ChannelOrder.external_id == external_id
                )
            ).scalar()
        return from_json(kept) if kept else None

    def ensure_webhooks(self, url: str, secret: str) -> dict[str, str]:
        return {}

    def remove_webhooks(self) -> None:
        return None

    @classmethod
    def read_webhook(cls, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> list[HookCall]:
        """Raises Forged; Misunderstood with what is wrong, and where."""
        given = {name.lower(): value for name, value in headers.items()}
        key, at = given.get("webhook-id", ""), _moment(given.get("webhook-timestamp", ""))
        verify(key, given.get("webhook-timestamp", ""), body, given.get("webhook-signature", ""), secrets)
        message = read_message(body)
        told_at = message.timestamp or at
        return [HookCall("order.changed", message.data.id, key, told_at, stored(message, told_at))]


def verify(key: str, timestamp: str, body: bytes, signatures: str, secrets: Sequence[str]) -> None:
    """v1,<base64 of HMAC-SHA256 over "id.timestamp.body">; one of them must fit, for one of the secrets."""
    if not key or len(key) > 255 or len(signatures) > 2000:
        raise Forged
    signed = f"{key}.{timestamp}.".encode() + body
    for secret in secrets:
        wanted = b"v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256))
        if any(hmac.compare_digest(wanted, one.encode("utf-8", "replace")) for one in signatures.split(" ")):
            return
    raise Forged


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            pass
    return secret.encode()


def _moment(timestamp: str) -> datetime:
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 11:
        raise Forged
    at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs(clock.now() - at) > TOLERANCE:
        raise Forged
    return at
