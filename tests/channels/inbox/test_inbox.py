"""Any system of a merchant's own posts orders: signed ones are placed once, wrong ones are told what is wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from jobs.channel_hooks import drain
from shop.channels import registry
from shop.channels.hooking.models import ChannelEvent
from shop.channels.inbox.reading import read_message, read_order, stored
from shop.channels.keeping import keep_secrets
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelOrder
from shop.channels.syncing.models import SyncSetting
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Misunderstood
from shop.extensions import db
from shop.webhook_delivery.signing import headers_for, new_secret

SECRET = new_secret()
ORDER: dict[str, Any] = {
    "id": "till-77", "currency": "USD", "email": "ada@example.com", "shipping_minor": 499,
    "ship_to": {"name": "Ada", "line1": "1 Main St", "city": "Portland", "postal_code": "97209", "country": "US"},
    "lines": [{"title": "Heron tee", "sku": "HERON-S", "quantity": 2, "unit_minor": 2500}],
}  # fmt: skip


@pytest.fixture
def inbox(app: Flask) -> int:
    registry.load()
    with transaction() as session:
        row = Connection(channel="inbox", name="Till", status="active")
        session.add(row)
        session.flush()
        keep_secrets(session, row.id, {"webhook_secret": SECRET})
        session.add(SyncSetting(connection_id=row.id, entity="orders", is_on=True))
        return row.id


def post(client: FlaskClient, inbox: int, data: Any = None, key: str = "m-1", secret: str = SECRET, **more: Any) -> Any:
    body = json.dumps({"type": "order", "data": {**ORDER, **(data or {})}, **more}).encode()
    at = clock.now() - timedelta(seconds=more.pop("late", 0))
    return client.post(f"/webhooks/inbox/{inbox}", data=body, headers=headers_for([secret], key, at, body))


def orders() -> list[ChannelOrder]:
    db.session.remove()
    return list(db.session.execute(select(ChannelOrder)).scalars())


def test_an_order_is_taken_once_and_its_words_are_let_go(client: FlaskClient, inbox: int) -> None:
    for _ in range(2):
        assert post(client, inbox).status_code == 200
    drain()
    (order,) = orders()
    assert order.external_id == "till-77" and order.record["total_minor"] == 5499
    assert order.record["lines"][0]["sku"] == "HERON-S"
    (event,) = db.session.execute(select(ChannelEvent)).scalars()
    assert (event.outcome, event.payload) == ("stored", None)
    post(client, inbox, key="m-2")
    drain()
    assert len(orders()) == 1


def test_forged_replayed_and_stale_ones_are_refused(client: FlaskClient, inbox: int) -> None:
    assert post(client, inbox, secret=new_secret()).status_code == 401
    assert post(client, inbox, late=400).status_code == 401
    assert post(client, inbox, late=-400).status_code == 401
    assert client.post(f"/webhooks/inbox/{inbox}", data=b"{}", headers={"webhook-id": "x"}).status_code == 401
    assert db.session.execute(select(ChannelEvent)).first() is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"lines": []}, "$.data.lines"),
        ({"lines": [{"title": "x", "quantity": -1, "unit_minor": 1}]}, "quantity"),
        ({"currency": "usd"}, "currency"),
        ({"id": ""}, "$.data.id"),
        ({"lines": [{"title": "x", "quantity": 1, "unit_minor": "12.50"}]}, "unit_minor"),
        ({"placed_at": "yesterday"}, "placed_at"),
        ({"ship_to": {"country": "Germany"}}, "country"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(client: FlaskClient, inbox: int, data: Any, said: str) -> None:
    answer = post(client, inbox, data)
    assert answer.status_code == 422 and said in answer.json["error"]
    assert db.session.execute(select(ChannelEvent)).first() is None


def test_the_newest_word_about_an_order_counts_whatever_the_order_of_arrival(client: FlaskClient, inbox: int) -> None:
    later = (clock.now() + timedelta(seconds=30)).isoformat()
    assert post(client, inbox, {"note": "new"}, "m-2", timestamp=later).status_code == 200
    assert post(client, inbox, {"note": "old"}, "m-1").status_code == 200
    drain()
    assert orders()[0].record["note"] == "new"


def test_orders_that_are_switched_off_are_not_taken(client: FlaskClient, inbox: int) -> None:
    with transaction() as session:
        session.execute(select(SyncSetting)).scalar_one().is_on = False
    assert post(client, inbox).status_code == 200
    drain()
    assert orders() == []


def test_the_total_is_the_sum_of_its_parts_or_what_was_said() -> None:
    def read(**more: Any) -> Any:
        body = json.dumps({"type": "order", "data": {**ORDER, **more}}).encode()
        return read_order(stored(read_message(body), clock.now()))

    assert read(tax_minor=300).total_minor == 5499
    assert read(tax_minor=300, taxes_included=False, discount_minor=100).total_minor == 5699
    assert (read(total_minor=5500).total_minor, read(total_minor=5500).rounding_minor) == (5500, 1)
    with pytest.raises(Misunderstood):
        read_message(b'{"type": "product", "data": {}}')
