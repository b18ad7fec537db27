"""A platform of our own making, for what no real one has to be asked: it signs as Shopify does, and remembers calls."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import pytest
from flask import Flask

from shop.channels import registry
from shop.channels.connector import (
    ChannelAccount,
    Connector,
    ConnectorSpec,
    HookCall,
    Page,
    PullsProducts,
    SendsWebhooks,
)
from shop.channels.keeping import keep_secrets
from shop.channels.models import Connection
from shop.channels.records import ProductRecord
from shop.core.transaction import transaction
from shop.errors import Misunderstood
from shop.inbound.verifying import Forged

SECRET = "fair-secret"


class Fair(Connector, PullsProducts, SendsWebhooks):
    """`there`: the subscriptions as the platform has them; `changed`: what its merchant changed lately."""

    spec = ConnectorSpec(key="fair", name="The Fair", auth=(), token_kinds=(), settings=())
    topics = ("products/update", "app/uninstalled")
    there: ClassVar[dict[str, str]] = {}
    changed: ClassVar[list[ProductRecord]] = []
    made: ClassVar[int] = 0
    refuses: ClassVar[Exception | None] = None

    def check(self) -> ChannelAccount:
        return ChannelAccount("1", "Fair", "EUR")

    def pull_products(self, since: datetime | None, cursor: str) -> Page[ProductRecord]:
        return Page(list(self.changed), "", True)

    def get_product(self, external_id: str) -> ProductRecord | None:
        return None

    def ensure_webhooks(self, url: str, secret: str) -> dict[str, str]:
        if Fair.refuses is not None:
            raise Fair.refuses
        for topic in self.topics:
            if topic not in Fair.there:
                Fair.made += 1
                Fair.there[topic] = f"sub-{Fair.made}"
        return dict(Fair.there)

    def remove_webhooks(self) -> None:
        Fair.there.clear()

    @classmethod
    def read_webhook(cls, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> list[HookCall]:
        given = headers.get("X-Fair-Signature", "")
        if not any(hmac.compare_digest(sign(body, secret), given) for secret in secrets):
            raise Forged
        try:
            told = json.loads(body)
            return [HookCall(told["topic"], str(told["id"]), headers.get("X-Fair-Delivery", ""), record=told)]
        except (ValueError, KeyError, TypeError) as error:
            raise Misunderstood("no sense in it", service="fair") from error


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def hook(
    topic: str = "product.changed", about: str = "7", delivery: str = "d-1", secret: str = SECRET
) -> dict[str, Any]:
    """Keyword arguments of a request that the fair sends."""
    body = json.dumps({"topic": topic, "id": about}).encode()
    return {"data": body, "headers": {"X-Fair-Signature": sign(body, secret), "X-Fair-Delivery": delivery}}


def connect(**more: Any) -> int:
    with transaction() as session:
        row = Connection(channel="fair", name="Fair", store_url="https://fair.example", status="active", **more)
        session.add(row)
        session.flush()
        keep_secrets(session, row.id, {"webhook_secret": SECRET})
        return row.id


def set_status(connection_id: int, status: str) -> None:
    with transaction() as session:
        session.get_one(Connection, connection_id).status = status


@pytest.fixture
def fair(app: Flask) -> Iterator[int]:
    """A connection to it."""
    registry.register(Fair)
    Fair.there, Fair.changed, Fair.made, Fair.refuses = {}, [], 0, None
    yield connect()
    registry._classes.pop("fair")
    registry._made.clear()
