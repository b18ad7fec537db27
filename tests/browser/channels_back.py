"""Channels in full use, for the pages that a back office shows."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from shop.channels import registry
from shop.channels.models import Connection
from shop.channels.records import Unreadable
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.outbound.tallies import count_call
from shop.workflows import run_sync, sync_channel
from tests.channels.market import Fair, Market
from tests.channels.syncing.toy import connect


def stock_channels() -> int:
    """Two accounts of a market, one that must be connected again; the first one's id."""
    registry.load()
    for found in (Market, Fair):
        registry.register(found)
    account = {
        "name": "Fern & Fable at the market",
        "currency": "EUR",
        "time_zone": "Europe/Vienna",
        "taxes_included": True,
    }
    with transaction() as session:
        first = Connection(
            channel="market", name="", store_url="https://market.example.com", account_id="77", status="active",
            account={**account, "missing": ["read_tags"]}, settings={"region": "eu"},
            checked_at=clock.now() - timedelta(minutes=12),
        )  # fmt: skip
        session.add(first)
        session.add(
            Connection(
                channel="fair", name="Autumn fair in Graz", store_url="https://fair.example.com", account={}, settings={},
                status="reconnect", problem="Autumn Fair does not accept the key any more.",
            )
        )  # fmt: skip
        session.flush()
        connection_id = int(first.id)
    stock_sync()
    return connection_id


def stock_sync() -> None:
    """A platform with a plan that waits, a run that is done, a conflict, and something that could not be read."""
    connection_id, world = connect(apply="review")
    shirt = world.add("Fern Tee", ["FT-S", "FT-M"], 2490, tags=("summer",), description_html="<p>Soft as moss.</p>")
    world.add("Tide mug", ["TM"], 1800)
    first = _run(connection_id)
    sync_channel.approve_run(first, "admin@example.com")
    run_sync.run_now(first)
    with transaction() as session:
        session.execute(text("UPDATE products SET title = 'Fern Shirt', updated_at = now() WHERE title = 'Fern Tee'"))
    world.change(shirt, title="Fern T-shirt", tags=("summer", "organic"))
    world.price(shirt, 2690)
    world.add("Grove print", ["GP-30", "GP-50"], 3900)
    world.bad["p9"] = Unreadable("p9", "Its price is not a number.", {"id": 9, "price": "ask us"})
    _run(connection_id)
    for outcome in ("ok", "ok", "unavailable"):
        count_call("toy", str(connection_id), "GET /products", outcome, 1.2)
    db.session.remove()


def _run(connection_id: int) -> int:
    with transaction() as session:
        run_id = sync_channel.request_sync(
            session, connection_id, "products", mode="full", cause="button", who="admin@example.com"
        )
    run_sync.run_now(run_id)
    return run_id
