"""Locations and stock: the mandatory @idempotent and changeFromQuantity (contracts/shopify.md §4, Inventory)."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from sandbox.shopify import goods
from sandbox.shopify.executing import Call, Wrong
from sandbox.shopify.product_nodes import connection, location_node
from sandbox.shopify.shelf import shelf_of
from sandbox.shopify.shopfront import LOCATION, Json, gid, number_of


def needs_key(call: Call) -> str:
    """The key of @idempotent. Raises Wrong without."""
    key = str((call.directives.get("idempotent") or {}).get("key") or "")
    if not key:
        raise Wrong("The @idempotent directive is required for this mutation but was not provided.")
    return key


def done_before(call: Call, key: str, asked: Json) -> tuple[Json | None, str]:
    """(the answer of the same call, "") or (None, an error's code)."""
    print_ = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()
    kept = call.world.store.get("shopify_key", key)
    if kept is None:
        return None, ""
    return (kept["answer"], "") if kept["print"] == print_ else (None, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")


def keep_answer(call: Call, key: str, asked: Json, answer: Json) -> None:
    print_ = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()
    call.world.store.put("shopify_key", key, {"print": print_, "answer": answer})


def set_quantities(call: Call, asked: Json) -> Json:
    shelf, told, key = shelf_of(call.world), asked["input"], needs_key(call)
    answer, code = done_before(call, key, asked)
    if answer is not None:
        return answer
    if code:
        return _no(["input"], "The same idempotency key was used with other arguments", code)
    with shelf.lock:
        changes: list[Json] = []
        for place, one in enumerate(told["quantities"]):
            where = ["input", "quantities", str(place)]
            if "changeFromQuantity" not in one:
                raise Wrong("changeFromQuantity is required", "INVALID_FIELD_ARGUMENTS")
            item, location = number_of(one["inventoryItemId"], "InventoryItem"), one["locationId"]
            product = shelf.products.get(shelf.items.get(item, 0))
            variant = next((v for v in product["variants"] if v["item_id"] == item), None) if product else None
            if variant is None:
                return _no(where, "The specified inventory item could not be found.", "INVALID_INVENTORY_ITEM")
            spot = str(number_of(location, "Location"))
            if spot != str(LOCATION):
                return _no(where, "The specified location could not be found.", "INVALID_LOCATION")
            if spot not in variant["stock"]:
                return _no(where, "The item is not stocked at the location.", "ITEM_NOT_STOCKED_AT_LOCATION")
            before = variant["stock"][spot]
            if one["changeFromQuantity"] is not None and one["changeFromQuantity"] != before:
                return _no(where, "The quantity has changed meanwhile.", "CHANGE_FROM_QUANTITY_STALE")
            goods.change_stock(shelf, item, int(spot), int(one["quantity"]))
            changes.append({"name": told["name"], "delta": int(one["quantity"]) - before})
        group = {"reason": told["reason"], "changes": changes}
        answer = {"inventoryAdjustmentGroup": group, "userErrors": []}
        keep_answer(call, key, asked, answer)
    shelf.note_write()
    return answer


def activate(call: Call, asked: Json) -> Json:
    """Stocked at a location from now on."""
    shelf = shelf_of(call.world)
    needs_key(call)
    item = number_of(asked["inventoryItemId"], "InventoryItem")
    if item not in shelf.items:
        return {"inventoryLevel": None, "userErrors": [{"field": ["inventoryItemId"], "message": "Not found"}]}
    goods.change_stock(shelf, item, number_of(asked["locationId"], "Location"), int(asked.get("available") or 0))
    shelf.note_write()
    return {"inventoryLevel": {"id": gid("InventoryLevel", item)}, "userErrors": []}


def update_item(call: Call, asked: Json) -> Json:
    """Only whether it is counted."""
    shelf, item = shelf_of(call.world), number_of(asked["id"], "InventoryItem")
    with shelf.lock:
        product = shelf.products.get(shelf.items.get(item, 0))
        if product is None:
            return {"inventoryItem": None, "userErrors": [{"field": ["id"], "message": "Not found"}]}
        for variant in product["variants"]:
            if variant["item_id"] == item and "tracked" in asked["input"]:
                variant["tracked"] = bool(asked["input"]["tracked"])
        goods.save(shelf, [product])
    shelf.note_write()
    return {"inventoryItem": {"id": asked["id"]}, "userErrors": []}


def list_locations(call: Call, asked: Json) -> Any:
    return connection([LOCATION], location_node)


def _no(field: list[str], message: str, code: str) -> Json:
    return {"inventoryAdjustmentGroup": None, "userErrors": [{"field": field, "message": message, "code": code}]}


QUERIES = {"locations": list_locations}
MUTATIONS = {
    "inventorySetQuantities": set_quantities,
    "inventoryActivate": activate,
    "inventoryItemUpdate": update_item,
}
