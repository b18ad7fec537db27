"""A receiver in the sandbox, and an endpoint that points to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from jobs.webhook_delivery import drain
from sandbox.world import World
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.webhook_delivery.announcing import announce
from shop.webhook_delivery.endpoints import add_endpoint
from shop.webhook_delivery.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Post:
    """The shop's side and the receivers' side of it."""

    def __init__(self, world: World, sandbox_url: str) -> None:
        self.world, self.url = world, sandbox_url

    def endpoint(self, name: str = "demo", events: Sequence[str] = ("order.paid",), **columns: Any) -> WebhookEndpoint:
        with transaction() as session:
            row = add_endpoint(session, url=f"{self.url}/receiver/{name}", events=events)
            for column, value in columns.items():
                setattr(row, column, value)
        self.answer(name, "ok", secret=row.secret)
        return row

    def answer(self, name: str, mode: str, seconds: float = 1, secret: str = "") -> None:
        from sandbox.receiver.routes import RECEIVER, receiver_of

        kept = receiver_of(self.world, name)
        self.world.store.put(
            RECEIVER, name, {**kept, "mode": mode, "seconds": seconds, "secret": secret or kept["secret"]}
        )

    def came(self, name: str = "demo") -> list[dict[str, Any]]:
        return [one for one in self.world.store.all("received") if one["receiver"] == name]

    def say(self, event: str = "order.paid", **data: Any) -> int:
        with transaction() as session:
            return announce(session, event, data or {"order": {"id": 1}}, "order:TEST")

    def send(self) -> None:
        drain()
        db.session.remove()

    def delivery(self) -> WebhookDelivery:
        db.session.remove()
        return db.session.execute(select(WebhookDelivery).order_by(WebhookDelivery.id.desc()).limit(1)).scalar_one()

    def deliveries(self) -> list[WebhookDelivery]:
        db.session.remove()
        return list(db.session.execute(select(WebhookDelivery).order_by(WebhookDelivery.id)).scalars())

    def attempts(self) -> list[WebhookAttempt]:
        db.session.remove()
        return list(db.session.execute(select(WebhookAttempt).order_by(WebhookAttempt.id)).scalars())

    def again(self, endpoint_id: int) -> WebhookEndpoint:
        db.session.remove()
        return db.session.execute(select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)).scalar_one()


@pytest.fixture
def post(app: Flask, sandbox: World, _sandbox: tuple[World, str, str]) -> Post:
    return Post(sandbox, _sandbox[1])


@pytest.fixture
def noon() -> Iterator[datetime]:
    clock.fix(NOON)
    yield NOON
    clock.fix(None)
