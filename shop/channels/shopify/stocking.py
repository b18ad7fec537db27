"""How many there are, at the one location that this connection speaks for (contracts/shopify.md §4, Inventory)."""

from __future__ import annotations

import uuid
from typing import Any

from shop.channels.shopify import documents
from shop.channels.shopify.client import Client
from shop.errors import Refused

_SPACE = uuid.UUID("6f6b9a5e-5a52-4d0b-9a3c-6c1f0a0f2b11")
TRIES = 3


def set_stock(client: Client, variant_id: str, quantity: int, key: str, location: str = "") -> None:
    """Absolute, by compare and swap: what a sale there took meanwhile is read again, not overwritten unseen.

    `location`: its id; "": the first that ships online orders. Elsewhere nothing is touched.
    """
    place = location or first_location(client)
    for number in range(1, TRIES + 1):
        item = _item(client, variant_id)
        levels = {level["location"]["id"]: level for level in item["inventoryLevels"]["nodes"]}
        if not item["tracked"]:
            client.write(documents.TRACK, {"id": item["id"], "input": {"tracked": True}}, repeatable=True)
        if place not in levels:
            asked = {"item": item["id"], "location": place, "available": quantity, "key": key_of(key, "stock here")}
            client.write(documents.ACTIVATE, asked, repeatable=True, subject=f"stock:{variant_id}")
            return
        now = next((int(q["quantity"]) for q in levels[place]["quantities"] if q["name"] == "available"), None)
        if now == quantity:
            return
        try:
            _write(client, item["id"], place, quantity, now, key)
            return
        except Refused as error:
            if "CHANGE_FROM_QUANTITY_STALE" not in (error.facts.get("codes") or ()) or number == TRIES:  # type: ignore[operator]
                raise


def _write(client: Client, item: str, place: str, quantity: int, now: int | None, key: str) -> None:
    one = {"inventoryItemId": item, "locationId": place, "quantity": quantity, "changeFromQuantity": now}
    given = {"name": "available", "reason": "correction", "referenceDocumentUri": f"imprint://stock/{key}"[:255]}
    asked = {"input": {**given, "quantities": [one]}, "key": key_of(key, f"{item} {place} {now} {quantity}")}
    client.write(documents.SET_STOCK, asked, repeatable=True, subject=f"stock:{item}")


def first_location(client: Client) -> str:
    found = client.read(documents.LOCATIONS)["locations"]["nodes"]
    active = [one for one in found if one["isActive"]]
    online = [one for one in active if one["fulfillsOnlineOrders"]]
    if not active:
        raise Refused("This Shopify shop has no active location that could hold stock.", service="shopify")
    return str((online or active)[0]["id"])


def _item(client: Client, variant_id: str) -> dict[str, Any]:
    variant = client.read(documents.STOCK, {"id": variant_id})["productVariant"]
    if variant is None:
        raise Refused("This variant is not in the Shopify shop any more.", service="shopify", status=404)
    found: dict[str, Any] = variant["inventoryItem"]
    return found


def key_of(key: str, what: str) -> str:
    """An idempotency key: the same work with the same numbers, the same key."""
    return str(uuid.uuid5(_SPACE, f"{key} {what}"))
