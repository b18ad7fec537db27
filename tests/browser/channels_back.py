"""Channels in full use, for the pages that a back office shows."""

from __future__ import annotations

from datetime import timedelta

from shop.channels import registry
from shop.channels.models import Connection
from shop.core import clock
from shop.core.transaction import transaction
from tests.channels.market import Fair, Market


def stock_channels() -> int:
    """Two accounts of a market, one that must be connected again; the first one's id."""
    registry.load()
    for found in (Market, Fair):
        registry.register(found)
    account = {"name": "Fern & Fable at the market", "currency": "EUR", "time_zone": "Europe/Vienna", "taxes_included": True}
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
        return int(first.id)
