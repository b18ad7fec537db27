"""/orders: lists, notes, refunds, fulfilments and the Shipment Tracking plugin (contracts/woocommerce.md §4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request

from sandbox.woocommerce.door import CHANGE, Listed, Wrong, choose, page_of, route, said
from sandbox.woocommerce.sales import money, new_order, save_order, shown, write_order
from sandbox.woocommerce.shop import Json, Shop


@route("/wc/v3/orders", "GET")
def list_orders(shop: Shop) -> Listed:
    chosen = choose(shop, "order")
    search, status = request.args.get("search", ""), request.args.get("status", "any")
    if search or status != "any":
        rows = shop.many("order", chosen)
        chosen = [r["id"] for r in rows if (status in ("any", r["status"])) and _is_found(r, search)]
    numbers, total, per_page = page_of(chosen)
    return Listed([shown(row) for row in shop.many("order", numbers)], total, per_page)


def _is_found(order: Json, search: str) -> bool:
    """Their search looks at people and numbers; not at our reference."""
    return not search or search.lower() in " ".join((*map(str, order["billing"].values()), order["number"])).lower()


@route("/wc/v3/orders", "POST")
def make_order(shop: Shop) -> tuple[Json, int]:
    return write_order(shop, new_order(shop, "rest-api"), said(), is_new=True), 201


@route("/wc/v3/orders/<number>", "GET")
def read_order(shop: Shop, number: int) -> Json:
    return shown(_order(shop, number))


@route("/wc/v3/orders/<number>", *CHANGE)
def change_order(shop: Shop, number: int) -> Json:
    with shop.world.store.lock:
        return write_order(shop, _order(shop, number), said())


@route("/wc/v3/orders/<number>/notes", "GET")
def list_notes(shop: Shop, number: int) -> list[Json]:
    _order(shop, number)
    wanted = request.args.get("type", "any")
    notes = [note for note in shop.all("note") if note["order_id"] == number]
    return [note for note in notes if wanted == "any" or note["customer_note"] == (wanted == "customer")]


@route("/wc/v3/orders/<number>/notes", "POST")
def make_note(shop: Shop, number: int) -> tuple[Json, int]:
    _order(shop, number)
    body = said()
    note: Json = {
        "id": shop.number(), "order_id": number, "author": "WooCommerce", "note": str(body.get("note") or ""),
        "customer_note": bool(body.get("customer_note")),
    }  # fmt: skip
    shop.stamp(note, "date_created")
    return shop.put("note", note), 201


@route("/wc/v3/orders/<number>/refunds", "GET")
def list_refunds(shop: Shop, number: int) -> Listed:
    _order(shop, number)
    ids = [refund["id"] for refund in shop.all("refund") if refund["parent_id"] == number]
    numbers, total, per_page = page_of(ids)
    return Listed(shop.many("refund", numbers), total, per_page)


@route("/wc/v3/orders/<number>/refunds", "POST")
def make_refund(shop: Shop, number: int) -> tuple[Json, int]:
    """`api_refund` true would send money back by the gateway: noted, so that a test can see it."""
    body = said()
    with shop.world.store.lock:
        order = _order(shop, number)
        amount = Decimal(str(body.get("amount") or "0"))
        before = sum((-Decimal(entry["total"]) for entry in order["refunds"]), Decimal(0))
        if amount <= 0 or before + amount > Decimal(order["total"]):
            raise Wrong("woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", 400)
        refund: Json = {
            "id": shop.number(), "parent_id": number, "amount": money(amount, shop), "reason": body.get("reason", ""),
            "refunded_payment": body.get("api_refund", True), "meta_data": body.get("meta_data") or [],
            "line_items": [],
        }  # fmt: skip
        shop.stamp(refund, "date_created")
        shop.put("refund", refund)
        order["refunds"].append({"id": refund["id"], "reason": refund["reason"], "total": f"-{refund['amount']}"})
        if before + amount == Decimal(order["total"]):
            order["status"] = "refunded"
        save_order(shop, order)
    return refund, 201


# -- the core's own fulfilments, where their switch is on


@route("/wc/v3/orders/<number>/fulfillments", "GET", needs="fulfillments")
def list_fulfilments(shop: Shop, number: int) -> list[Json]:
    _order(shop, number)
    return [found for found in shop.all("fulfillment") if found["entity_id"] == str(number)]


@route("/wc/v3/orders/<number>/fulfillments", "POST", needs="fulfillments")
def make_fulfilment(shop: Shop, number: int) -> tuple[Json, int]:
    with shop.world.store.lock:
        order, body = _order(shop, number), said()
        meta = {entry.get("key"): entry.get("value") for entry in body.get("meta_data") or []}
        items = meta.get("_items")
        if not isinstance(items, list) or not items:
            raise Wrong("woocommerce_rest_fulfillment_invalid", "Fulfillment must contain at least one item.")
        left = {line["id"]: line["quantity"] for line in order["line_items"]}
        for known in list_fulfilments(shop, number):
            _take(left, next((m["value"] for m in known["meta_data"] if m["key"] == "_items"), []))
        _take(left, items)
        fulfilment: Json = {
            "id": shop.number(), "entity_type": "WC_Order", "entity_id": str(number),
            "status": body.get("status", "unfulfilled"), "is_fulfilled": bool(body.get("is_fulfilled")),
            "meta_data": [{"id": shop.number(), **entry} for entry in body["meta_data"]],
        }  # fmt: skip
        shop.put("fulfillment", fulfilment)
        save_order(shop, order)
    return fulfilment, 201


def _take(left: dict[int, int], items: list[Any]) -> None:
    for item in items:
        line = int(item.get("item_id") or 0)
        if line not in left or left[line] < int(item.get("qty") or 0):
            raise Wrong("woocommerce_rest_fulfillment_invalid", f"Item {line} is not (or no longer) in this order.")
        left[line] -= int(item["qty"])


# -- the plugin


@route("/wc-shipment-tracking/v3/orders/<number>/shipment-trackings", "GET", needs="shipment_tracking")
def list_trackings(shop: Shop, number: int) -> list[Json]:
    _order(shop, number)
    return [_told(found) for found in shop.all("tracking") if found["order_id"] == number]


@route("/wc-shipment-tracking/v3/orders/<number>/shipment-trackings", "POST", needs="shipment_tracking")
def make_tracking(shop: Shop, number: int) -> tuple[Json, int]:
    body = said()
    _order(shop, number)
    if not body.get("tracking_number"):
        raise Wrong("rest_missing_callback_param", "Missing parameter(s): tracking_number", params=["tracking_number"])
    key = shop.number()
    tracking: Json = {
        "id": key, "order_id": number, "tracking_id": f"{key:032x}", "tracking_number": body["tracking_number"],
        "tracking_provider": body.get("custom_tracking_provider") or body.get("tracking_provider", ""),
        "tracking_link": body.get("custom_tracking_link", ""), "date_shipped": body.get("date_shipped", ""),
    }  # fmt: skip
    return _told(shop.put("tracking", tracking)), 201


def _told(tracking: Json) -> Json:
    return {name: value for name, value in tracking.items() if name not in ("id", "order_id")}


def _order(shop: Shop, number: int) -> Json:
    found = shop.get("order", number)
    if found is None:
        raise Wrong("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", 404)
    return found
