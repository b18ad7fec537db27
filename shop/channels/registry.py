"""Every platform there is a connector for, and what a connection of it can do: the one list.

    registry.products(connection)        a connector that pulls products, or NotOffered in words for the merchant

A connector is made for a connection and kept while that connection's row does not change.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TypeVar, cast

from shop.channels.connector import (
    AcceptsOrders,
    ChecksDiscounts,
    Connector,
    HoldsGiftCards,
    PublishesListings,
    PullsProducts,
    ReportsOrders,
    SendsWebhooks,
    SyncsCustomers,
    TakesRefunds,
    TakesStock,
    TakesTracking,
)
from shop.channels.models import Connection
from shop.core.scope import current_store
from shop.errors import NotFound, ShopError

R = TypeVar("R")

_classes: dict[str, type[Connector]] = {}
_made: dict[tuple[str, int], tuple[int, Connector]] = {}
MOST_KEPT = 500
_is_loaded = False  # at first use: a process that never speaks to a platform pays nothing

#: a role in the merchant's words
WORDS: dict[type, str] = {
    PullsProducts: "read its products",
    PublishesListings: "list our products there",
    TakesStock: "be told of stock",
    ReportsOrders: "read its orders",
    AcceptsOrders: "take orders made here",
    TakesTracking: "be told of parcels",
    TakesRefunds: "be told of refunds",
    SyncsCustomers: "share customers",
    ChecksDiscounts: "check its discount codes here",
    HoldsGiftCards: "take its gift cards here",
    SendsWebhooks: "tell us at once",
}


class NotOffered(ShopError):
    """This platform has no such thing; said plainly, no failure."""

    status = 409
    title = "This platform does not offer that."


def register(connector: type[Connector]) -> type[Connector]:
    """As a decorator of each connector class. A repeat replaces it."""
    _classes[connector.spec.key] = connector
    return connector


def load() -> None:
    """Import every `shop/channels/<platform>/connector.py`, which registers itself. A repeat does nothing."""
    for found in sorted(Path(__file__).parent.glob("*/connector.py")):
        importlib.import_module(f"shop.channels.{found.parent.name}.connector")


def _known() -> dict[str, type[Connector]]:
    global _is_loaded
    if not _is_loaded:
        _is_loaded = True
        load()
    return _classes


def list_connectors() -> list[type[Connector]]:
    """All of them, by name."""
    return sorted(_known().values(), key=lambda found: found.spec.name.lower())


def class_of(channel: str) -> type[Connector]:
    """Raises NotFound."""
    try:
        return _known()[channel]
    except KeyError:
        raise NotFound("There is no connector for this platform.") from None


def can(channel: str, role: type) -> bool:
    return channel in _known() and issubclass(_classes[channel], role)


def roles_of(channel: str) -> list[type]:
    """What a platform's connector can do, in a fixed order."""
    return [role for role in WORDS if can(channel, role)]


def connector_of(connection: Connection) -> Connector:
    """The connector that speaks for this connection. Raises NotFound for an unknown platform."""
    key = (current_store(), connection.id)
    held = _made.get(key)
    if held is not None and held[0] == connection.version:
        return held[1]
    found = class_of(connection.channel)(connection)
    if len(_made) >= MOST_KEPT:
        _made.clear()
    _made[key] = (connection.version, found)
    return found


def in_role(connection: Connection, role: type[R]) -> R:
    """The connector, where it plays this role. Raises NotOffered with a sentence, NotFound."""
    if not can(connection.channel, role):
        name = class_of(connection.channel).spec.name
        raise NotOffered(f"{name} does not offer that: it cannot {WORDS.get(role, 'do this')}.")
    return cast(R, connector_of(connection))


def products(connection: Connection) -> PullsProducts:
    return in_role(connection, PullsProducts)  # type: ignore[type-abstract]


def orders(connection: Connection) -> ReportsOrders:
    return in_role(connection, ReportsOrders)  # type: ignore[type-abstract]


def customers(connection: Connection) -> SyncsCustomers:
    return in_role(connection, SyncsCustomers)  # type: ignore[type-abstract]


def discounts(connection: Connection) -> ChecksDiscounts:
    return in_role(connection, ChecksDiscounts)  # type: ignore[type-abstract]


def gift_cards(connection: Connection) -> HoldsGiftCards:
    return in_role(connection, HoldsGiftCards)  # type: ignore[type-abstract]
