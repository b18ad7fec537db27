"""/v1/shops/{s}/orders/{id}/support-requests…: reprints, refunds and changes of address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from sandbox.printify.door import answer, not_found, posted, refuse
from sandbox.printify.notices import tell
from sandbox.printify.order_routes import find_order
from sandbox.printify.orders import CANCELABLE, ORDER
from sandbox.printify.products import new_id
from sandbox.world import World, current_world

SUPPORT = "printify_support"
REASONS = ("image_quality", "incorrect_item", "shipping_issues", "stained_or_damaged_item", "wrong_color_or_size",
           "wrong_design")  # fmt: skip
bp = Blueprint(
    "printify_support", __name__, url_prefix="/printify/v1/shops/<int:shop_id>/orders/<order_id>/support-requests"
)


@bp.post("/<any(reprint,refund):wish>")
def open_case(shop_id: int, order_id: str, wish: str) -> Response:
    """201 with the case."""
    world = current_world()
    find_order(world, shop_id, order_id)
    body = posted()
    if body.get("reason") not in REASONS:
        return refuse({"reason": ["The selected reason is invalid."]})
    description = body.get("description")
    if not isinstance(description, str) or not description.strip() or len(description) > 400:
        return refuse({"description": ["The description must be 1 to 400 characters."]})
    return answer(_open(world, shop_id, order_id, f"order_{wish}"), 201)


@bp.post("/address-change")
def change_address(shop_id: int, order_id: str) -> Response:
    """200 when it could still be changed, 201 when a case was opened instead."""
    world = current_world()
    order = find_order(world, shop_id, order_id)
    body = posted()
    if order["status"] in CANCELABLE:
        with world.store.lock:
            order = find_order(world, shop_id, order_id)
            order["address_to"] |= {key: str(value) for key, value in body.items()}
            world.store.put(ORDER, order_id, order)
        return answer({"id": order_id, "address_to": order["address_to"]})
    return answer(_open(world, shop_id, order_id, "order_address_editing"), 201)


@bp.get("")
def list_cases(shop_id: int, order_id: str) -> Response:
    world = current_world()
    find_order(world, shop_id, order_id)
    return answer({"data": [case for case in world.store.all(SUPPORT) if case["order_id"] == order_id]})


@bp.get("/<case_id>")
def read_case(shop_id: int, order_id: str, case_id: str) -> Response:
    world = current_world()
    find_order(world, shop_id, order_id)
    case = world.store.get(SUPPORT, case_id)
    if case is None or case["order_id"] != order_id:
        not_found()
    return answer({"data": case})


def _open(world: World, shop_id: int, order_id: str, kind: str) -> dict[str, Any]:
    case: dict[str, Any] = {
        "id": new_id(),
        "order_id": order_id,
        "type": kind,
        "status": "open",
        "status_details": None,
        "outcome": "",
        "line_item_ids": [],
        "created_at": world.clock.text(),
        "updated_at": world.clock.text(),
    }
    world.store.put(SUPPORT, str(case["id"]), case)
    tell(world, "support-request:updated", str(case["id"]), {"shop_id": shop_id, "order_id": order_id}, shop_id)
    return case
