"""/control/api/printify: what a merchant, a printer and a postman would do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from sandbox.control.replying import done, said, wrong
from sandbox.printify import progress
from sandbox.printify.notices import BLOCK, HOOK, tell
from sandbox.printify.order_routes import QUOTE_KEYS
from sandbox.printify.orders import ORDER
from sandbox.printify.product_routes import start_publishing
from sandbox.printify.products import PRODUCT, STOCK, mockups, new_id, shown, sku_of
from sandbox.printify.shops import disconnect_shop
from sandbox.world import World, current_world

bp = Blueprint("control_printify", __name__, url_prefix="/control/api/printify")


@bp.get("/orders")
def list_orders() -> Response:
    """Every order with its history, newest first."""
    return jsonify({"orders": list(reversed(current_world().store.all(ORDER)))})


@bp.post("/orders/<order_id>/ship")
def ship(order_id: str) -> Response:
    """``{carrier?, number?, line_items?: [position or SKU]}``: a parcel; without line_items everything left."""
    asked = said()
    try:
        chosen = _positions(current_world(), order_id, asked.get("line_items"))
        order = progress.ship(
            current_world(), order_id, str(asked.get("carrier") or "usps"), str(asked.get("number") or ""), chosen
        )
    except (LookupError, progress.NotPossible) as problem:
        return _sorry(problem)
    return done(order, anchor="printify")


@bp.post("/orders/<order_id>/deliver")
def deliver(order_id: str) -> Response:
    """``{number?}``: one parcel, or all on their way."""
    try:
        order = progress.deliver(current_world(), order_id, str(said().get("number") or ""))
    except (LookupError, progress.NotPossible) as problem:
        return _sorry(problem)
    return done(order, anchor="printify")


@bp.post("/orders/<order_id>/produce")
def produce(order_id: str) -> Response:
    """Straight into production."""
    try:
        order = progress.start_production(current_world(), order_id)
    except (LookupError, progress.NotPossible) as problem:
        return _sorry(problem)
    return done(order, anchor="printify")


@bp.post("/orders/<order_id>/cancel")
def cancel(order_id: str) -> Response:
    try:
        order = progress.cancel(current_world(), order_id)
    except (LookupError, progress.NotPossible) as problem:
        return _sorry(problem)
    return done(order, anchor="printify")


@bp.post("/orders/<order_id>/status")
def set_status(order_id: str) -> Response:
    """``{status}``: any of Printify's statuses."""
    try:
        order = progress.set_status(current_world(), order_id, str(said().get("status", "")))
    except (LookupError, progress.NotPossible) as problem:
        return _sorry(problem)
    return done(order, anchor="printify")


@bp.get("/products")
def list_products() -> Response:
    return jsonify({"products": [shown(product) for product in reversed(current_world().store.all(PRODUCT))]})


@bp.post("/products/<product_id>")
def edit_product(product_id: str) -> Response:
    """What a merchant changes in Printify's own pages.

    ``{title?, description?, visible?, tags?, variants?: {variant id: {price?, cost?, is_enabled?, is_available?}}}``
    """
    world, asked = current_world(), said()
    with world.store.lock:
        product = world.store.get(PRODUCT, product_id)
        if product is None:
            return wrong("there is no such product", 404)
        product |= {key: asked[key] for key in ("title", "description", "visible", "tags") if key in asked}
        for id_, change in (asked.get("variants") or {}).items():
            for variant in product["variants"]:
                if str(variant["id"]) == str(id_):
                    variant |= {key: change[key] for key in _VARIANT_FIELDS if key in change}
        product["images"] = mockups(product)
        product["updated_at"] = world.clock.text()
        world.store.put(PRODUCT, product_id, product)
    tell(world, "product:updated", product_id, {"shop_id": product["shop_id"]}, product["shop_id"])
    return done(shown(product), anchor="products")


@bp.route("/products/<product_id>", methods=["DELETE"])
@bp.route("/products/<product_id>/delete", methods=["POST"])
def delete_product(product_id: str) -> Response:
    world = current_world()
    product = world.store.get(PRODUCT, product_id)
    if product is None:
        return wrong("there is no such product", 404)
    world.store.delete(PRODUCT, product_id)
    tell(world, "product:deleted", product_id, {"shop_id": product["shop_id"]}, product["shop_id"])
    return done({"id": product_id}, anchor="products")


@bp.post("/products/<product_id>/recreate")
def recreate_product(product_id: str) -> Response:
    """Delete and make again: another id, other SKUs, the same blueprint, provider, title and print."""
    world = current_world()
    product = world.store.get(PRODUCT, product_id)
    if product is None:
        return wrong("there is no such product", 404)
    fresh = {**product, "id": new_id(), "created_at": world.clock.text(), "updated_at": world.clock.text()}
    fresh.pop("external", None)
    for variant in fresh["variants"]:
        variant["sku"] = sku_of(fresh["id"], variant["id"])
    world.store.delete(PRODUCT, product_id)
    world.store.put(PRODUCT, fresh["id"], fresh)
    tell(world, "product:deleted", product_id, {"shop_id": product["shop_id"]}, product["shop_id"])
    tell(world, "product:created", fresh["id"], {"shop_id": product["shop_id"]}, product["shop_id"])
    return done(shown(fresh), anchor="products")


@bp.post("/products/<product_id>/publish")
def publish_product(product_id: str) -> Response:
    """The merchant's Publish button in Printify's own pages."""
    world = current_world()
    product = world.store.get(PRODUCT, product_id)
    if product is None:
        return wrong("there is no such product", 404)
    try:
        start_publishing(world, product["shop_id"], product_id, {})
    except HTTPException:
        return wrong("the product is locked already, or the shop is disconnected", 409)
    return done({"id": product_id}, anchor="products")


@bp.post("/stock")
def set_stock() -> Response:
    """``{variant_id, in_stock}``: a blank runs out (or comes back) for every product printed on it."""
    world, asked = current_world(), said()
    variant_id = str(asked.get("variant_id", ""))
    if not variant_id.isdigit():
        return wrong("variant_id must be a whole number")
    in_stock = asked.get("in_stock") in (True, 1, "1", "true", "on", "yes")
    world.store.put(STOCK, variant_id, {"variant_id": int(variant_id), "in_stock": in_stock})
    touched = 0
    with world.store.lock:
        for product in world.store.all(PRODUCT):
            for variant in product["variants"]:
                if variant["id"] == int(variant_id) and variant["is_available"] != in_stock:
                    variant["is_available"] = in_stock
                    product["updated_at"] = world.clock.text()
                    world.store.put(PRODUCT, product["id"], product)
                    touched += 1
    return done({"products": touched}, anchor="products")


@bp.post("/knobs")
def set_knobs() -> Response:
    """``{quote_keys: today|announced|transitional}``: under which names a shipping quote comes."""
    value = str(said().get("quote_keys", ""))
    if value not in QUOTE_KEYS:
        return wrong(f"quote_keys must be one of {', '.join(QUOTE_KEYS)}")
    current_world().store.put("printify_knob", "quote_keys", {"value": value})
    return done(anchor="printify")


@bp.get("/webhooks")
def list_webhooks() -> Response:
    """Subscriptions and blocked addresses."""
    store = current_world().store
    hooks = [{key: value for key, value in hook.items() if key != "secret"} for hook in store.all(HOOK)]
    return jsonify({"webhooks": hooks, "blocked": store.all(BLOCK)})


@bp.route("/blocks", methods=["DELETE"])
@bp.route("/blocks/clear", methods=["POST"])
def unblock() -> Response:
    """Lift the one-hour blocks of webhook addresses."""
    current_world().store.reset(BLOCK)
    return done(anchor="hooks")


@bp.post("/shops/<int:shop_id>/disconnect")
def disconnect(shop_id: int) -> Response:
    disconnect_shop(current_world(), shop_id)
    return done(anchor="printify")


_VARIANT_FIELDS = ("price", "cost", "is_enabled", "is_available", "sku")


def _positions(world: World, order_id: str, asked: Any) -> list[int] | None:
    """Positions in the order from positions or SKUs; a form sends them with commas."""
    if asked in (None, "", []):
        return None
    order = world.store.get(ORDER, order_id)
    if order is None:
        raise LookupError(order_id)
    wishes = asked.split(",") if isinstance(asked, str) else list(asked)
    skus = [item["metadata"]["sku"] for item in order["line_items"]]
    found = []
    for wish in (str(wish).strip() for wish in wishes):
        if wish in skus:
            found.append(skus.index(wish))
        elif wish.isdigit() and int(wish) < len(skus):
            found.append(int(wish))
        else:
            raise progress.NotPossible(f"{wish!r} is neither a position nor a SKU of this order.")
    return found


def _sorry(problem: Exception) -> Response:
    if isinstance(problem, LookupError):
        return wrong("there is no such order", 404)
    return wrong(str(problem), 409)
