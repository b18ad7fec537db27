"""What a platform's class inherits is what it can do; what it lacks is said in words, never by an AttributeError."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask

from shop.channels import registry
from shop.channels.connector import ChannelAccount, Connector, ConnectorSpec, Page, PullsProducts
from shop.channels.models import Connection
from shop.channels.records import ProductRecord
from shop.errors import NotFound

SPEC = ConnectorSpec(key="stall", name="Market Stall", auth=(), token_kinds=(), settings=())


class Stall(Connector, PullsProducts):
    spec = SPEC

    def check(self) -> ChannelAccount:
        return ChannelAccount("1", "Stall", "EUR")

    def pull_products(self, since: datetime | None, cursor: str) -> Page[ProductRecord]:
        return Page([], "", True)

    def get_product(self, external_id: str) -> ProductRecord | None:
        return None


@pytest.fixture
def stall(app: Flask) -> Iterator[Connection]:
    registry.register(Stall)
    yield Connection(id=7, channel="stall", settings={}, store_url="", version=1)
    registry._classes.pop("stall")
    registry._made.clear()


def test_a_role_it_has_is_the_connector(stall: Connection) -> None:
    assert registry.products(stall).pull_products(None, "").is_last
    assert registry.roles_of("stall") == [PullsProducts]


@pytest.mark.parametrize("role", [registry.orders, registry.customers, registry.discounts, registry.gift_cards])
def test_a_role_it_lacks_is_answered_plainly(stall: Connection, role: object) -> None:
    with pytest.raises(registry.NotOffered, match="Market Stall does not offer that"):
        role(stall)  # type: ignore[operator]


def test_it_is_made_once_until_the_connection_changes(stall: Connection) -> None:
    first = registry.connector_of(stall)
    assert registry.connector_of(stall) is first
    stall.version = 2
    assert registry.connector_of(stall) is not first


def test_an_unknown_platform_is_not_found(app: Flask) -> None:
    with pytest.raises(NotFound):
        registry.products(Connection(id=1, channel="nowhere", settings={}, store_url="", version=1))
