"""/v1/shops/{s}/orders…: submit, read, produce, cancel, quote."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from sandbox.printify.door import answer, not_found, page_of, posted, refuse
from sandbox.printify.orders import ORDER, check_order, existing_order, place, quote, resolved_lines
from sandbox.printify.progress import NotPossible, announce_new, cancel, send_to_production, shown_order
from sandbox.printify.shops import find_shop
from sandbox.world import World, current_world

bp = Blueprint("printify_orders", __name__, url_prefix="/printify/v1/shops/<int:shop_id>")

# Names in transition (§5.9): our method → the keys under which each generation of the answer shows it.
QUOTE_KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "today": {"standard": ("standard",), "priority": ("express",), "express": ("printify_express",),
              "economy": ("economy",)},
    "announced": {"standard": ("standard",), "priority": ("priority",), "express": ("express",),
                  "economy": ("economy",)},
    "transitional": {"standard": ("standard",), "priority": ("express", "priority"),
                     "express": ("printify_express",), "economy": ("economy",)},
}  # fmt: skip


@bp.get("/orders.json")
def list_orders(shop_id: int) -> Response:
    """Newest first, 10 at most; filters ``status`` and ``sku``."""
    world = current_world()
    find_shop(world, shop_id)
    status, sku = request.args.get("status"), request.args.get("sku")
    found = [order["id"] for order in world.store.all(ORDER) if _wanted(order, shop_id, status, sku)]
    ids, envelope = page_of(list(reversed(found)), most=10)
    envelope["data"] = [shown_order(order) for order in world.store.get_many(ORDER, ids)]
    return answer(envelope)


@bp.post("/orders.json")
def submit_order(shop_id: int) -> Response:
    """Save an order, not yet produced; a repeated ``external_id`` answers 409 with the order that holds it."""
    world = current_world()
    find_shop(world, shop_id)
    body = posted()
    check_order(body)
    with world.store.lock:
        before = existing_order(world, shop_id, body["external_id"])
        if before is not None:
            return _already(before, body["external_id"])
        order = place(world, shop_id, body)
    announce_new(world, order)
    return answer({"id": order["id"]})


@bp.post("/orders/express.json")
def submit_express(shop_id: int) -> Response:
    """Split what Printify Express can take from the rest; each part becomes an order."""
    world = current_world()
    find_shop(world, shop_id)
    body = {**posted(), "is_printify_express": True}
    check_order(body)
    parts: list[tuple[str, dict[str, Any]]] = []
    with world.store.lock:
        before = existing_order(world, shop_id, body["external_id"])
        if before is not None:
            return _already(before, body["external_id"])
        country = body["address_to"]["country"]
        lines = list(zip(body["line_items"], resolved_lines(world, body["line_items"]), strict=True))
        fast = [entry for entry, line in lines if quote([line], country, "express") is not None]
        slow = [entry for entry, line in lines if quote([line], country, "express") is None]
        if fast:
            wish = {**body, "line_items": fast, "shipping_method": 3}
            parts.append(("express", place(world, shop_id, wish)))
        if slow:
            wish = {**body, "line_items": slow, "shipping_method": 1, "is_printify_express": False}
            parts.append(("ordinary", place(world, shop_id, wish, suffix="-ordinary" if fast else "")))
    for _, order in parts:
        announce_new(world, order)
    return answer({"data": [_express_row(kind, order) for kind, order in parts]})


@bp.post("/orders/shipping.json")
def quote_shipping(shop_id: int) -> Response:
    """Cents per method; a method that cannot take everything is left out."""
    world = current_world()
    find_shop(world, shop_id)
    body = posted()
    address = body.get("address_to")
    country = address.get("country") if isinstance(address, dict) else None
    if not isinstance(country, str) or len(country) != 2 or not country.isalpha():
        return refuse({"country": ["The country field is required."]}, 8103)
    lines = resolved_lines(world, body.get("line_items"))
    names = QUOTE_KEYS[(world.store.get("printify_knob", "quote_keys") or {"value": "transitional"})["value"]]
    found = {method: quote(lines, country.upper(), method) for method in names}
    return answer({key: cost for method, cost in found.items() if cost is not None for key in names[method]})


@bp.get("/orders/<order_id>.json")
def read_order(shop_id: int, order_id: str) -> Response:
    return answer(shown_order(find_order(current_world(), shop_id, order_id)))


@bp.post("/orders/<order_id>/send_to_production.json")
def produce(shop_id: int, order_id: str) -> Response:
    """Charges the merchant."""
    world = current_world()
    find_order(world, shop_id, order_id)
    try:
        return answer({"id": send_to_production(world, order_id)["id"]})
    except NotPossible as problem:
        return refuse(str(problem), 8103)


@bp.post("/orders/<order_id>/cancel.json")
def cancel_order(shop_id: int, order_id: str) -> Response:
    world = current_world()
    find_order(world, shop_id, order_id)
    try:
        return answer(shown_order(cancel(world, order_id)))
    except NotPossible as problem:
        return refuse(str(problem), 8103)


def find_order(world: World, shop_id: int, order_id: str) -> dict[str, Any]:
    """The order, or leave with 404."""
    find_shop(world, shop_id)
    order = world.store.get(ORDER, order_id)
    if order is None or order["_shop_id"] != shop_id:
        not_found()
    return order or {}


def _already(order: dict[str, Any], external_id: str) -> Response:
    reason = "Order already exists for the given external_id."
    return refuse(reason, 8503, 409, order={"id": order["id"], "external_id": external_id})


def _wanted(order: dict[str, Any], shop_id: int, status: str | None, sku: str | None) -> bool:
    if order["_shop_id"] != shop_id or status not in (None, "", order["status"]):
        return False
    return not sku or any(item["metadata"]["sku"] == sku for item in order["line_items"])


def _express_row(kind: str, order: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        "app_order_id": order["app_order_id"],
        "fulfilment_type": kind,
        "line_items": order["line_items"],
    }
    return {"type": "order", "id": order["id"], "attributes": attributes}
