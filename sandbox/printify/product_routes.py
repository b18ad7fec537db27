"""/v1/shops/{s}/products…: list, create, read, update, delete and the publish life cycle."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from sandbox.printify.door import answer, not_found, page_of, posted, refuse, stop
from sandbox.printify.notices import tell
from sandbox.printify.products import PRODUCT, build_product, check_create, merge, mockups, shown
from sandbox.printify.shops import find_shop
from sandbox.world import World, current_world

bp = Blueprint("printify_products", __name__, url_prefix="/printify/v1/shops/<int:shop_id>")


@bp.get("/products.json")
def list_products(shop_id: int) -> Response:
    """Newest first, 10 by default and 50 at most; filters are ignored (measured)."""
    world = current_world()
    find_shop(world, shop_id)
    ids, envelope = page_of(product_ids(world, shop_id), most=50)
    envelope["data"] = [shown(product) for product in world.store.get_many(PRODUCT, ids)]
    return answer(envelope)


@bp.post("/products.json")
def create_product(shop_id: int) -> Response:
    """200 with the whole product; a repeated call makes a second one."""
    world = current_world()
    find_shop(world, shop_id)
    body = posted()
    check_create(world, body)
    product = build_product(world, body, shop_id)
    # Mock-ups are drawn later: the first answer holds one, the next read all of them.
    product["images"] = mockups(product, only_first=True)
    world.store.put(PRODUCT, product["id"], {**product, "_drawing": True})
    tell(world, "product:created", product["id"], {"shop_id": shop_id}, shop_id)
    return answer(shown(product))


@bp.get("/products/<product_id>.json")
def read_product(shop_id: int, product_id: str) -> Response:
    world = current_world()
    with world.store.lock:
        product = find_product(world, shop_id, product_id)
        if product.pop("_drawing", False):
            product["images"] = mockups(product)
            world.store.put(PRODUCT, product_id, product)
    return answer(shown(product))


@bp.put("/products/<product_id>.json")
def update_product(shop_id: int, product_id: str) -> Response:
    world = current_world()
    with world.store.lock:
        product = find_product(world, shop_id, product_id)
        refuse_locked(product)
        product = merge(world, product, posted())
        world.store.put(PRODUCT, product_id, product)
    tell(world, "product:updated", product_id, {"shop_id": shop_id}, shop_id)
    return answer(shown(product))


@bp.delete("/products/<product_id>.json")
def delete_product(shop_id: int, product_id: str) -> Response:
    world = current_world()
    find_product(world, shop_id, product_id)
    world.store.delete(PRODUCT, product_id)
    tell(world, "product:deleted", product_id, {"shop_id": shop_id}, shop_id)
    return answer({})


@bp.get("/products/<product_id>/gpsr.json")
def read_safety(shop_id: int, product_id: str) -> Response:
    product = find_product(current_world(), shop_id, product_id)
    text = product["safety_information"] or "Keep away from open flame. Follow the care label."
    return answer([{"title": "EU representative", "text": "Sandbox Compliance, Leipzig, DE"},
                   {"title": "Product information", "text": text}])  # fmt: skip


@bp.post("/products/<product_id>/publish.json")
def publish(shop_id: int, product_id: str) -> Response:
    """Lock, and tell the shop to take the product over; nobody answering leaves it locked for ever."""
    world = current_world()
    start_publishing(world, shop_id, product_id, posted())
    return answer({})


@bp.post("/products/<product_id>/publishing_succeeded.json")
def publishing_succeeded(shop_id: int, product_id: str) -> Response:
    world = current_world()
    external = posted().get("external")
    if not isinstance(external, dict) or not external.get("id") or not external.get("handle"):
        return refuse("external: The external field is required.")
    with world.store.lock:
        product = find_product(world, shop_id, product_id)
        product["is_locked"] = False
        product["external"] = {"id": str(external["id"]), "handle": str(external["handle"])}
        product.pop("_publishing_error", None)
        world.store.put(PRODUCT, product_id, product)
    return answer({"product_id": product_id})


@bp.post("/products/<product_id>/publishing_failed.json")
def publishing_failed(shop_id: int, product_id: str) -> Response:
    world = current_world()
    reason = posted().get("reason")
    if not reason:
        return refuse("reason: The reason field is required.")
    with world.store.lock:
        product = find_product(world, shop_id, product_id)
        product["is_locked"] = False
        product["_publishing_error"] = str(reason)[:500]
        world.store.put(PRODUCT, product_id, product)
    return answer({"product_id": product_id})


@bp.post("/products/<product_id>/unpublish.json")
def unpublish(shop_id: int, product_id: str) -> Response:
    world = current_world()
    with world.store.lock:
        product = find_product(world, shop_id, product_id)
        product.pop("external", None)
        world.store.put(PRODUCT, product_id, product)
    return answer({})


@bp.route("/products/<product_id>/personalization_options.json", methods=["GET"])
@bp.route("/products/<product_id>/personalization.json", methods=["POST"])
@bp.route("/products/<product_id>/personalization_previews.json", methods=["POST"])
@bp.route("/products/<product_id>/personalization_previews/tasks/<task_id>.json", methods=["GET"])
def personalization(shop_id: int, product_id: str, task_id: str = "") -> Response:
    """Not enabled for this shop, as for most."""
    find_product(current_world(), shop_id, product_id)
    return answer({"status": "error", "code": 403, "message": "Personalization is not enabled for this shop."}, 403)


def product_ids(world: World, shop_id: int) -> list[str]:
    """Ids of a shop's products, newest first."""
    if shop_id == world.settings.printify_shop_id:
        return list(reversed(world.store.ids(PRODUCT)))
    # The second shop is there for its refusals only and has no goods.
    return []


def find_product(world: World, shop_id: int, product_id: str) -> dict[str, Any]:
    """The product, or leave with 404 (also for another shop's product)."""
    find_shop(world, shop_id)
    product = world.store.get(PRODUCT, product_id)
    if product is None or product["shop_id"] != shop_id:
        not_found()
    return product or {}


def refuse_locked(product: dict[str, Any]) -> None:
    if product["is_locked"]:
        stop(refuse("Product is disabled for editing.", 8252))


def start_publishing(world: World, shop_id: int, product_id: str, flags: dict[str, Any]) -> None:
    """Lock the product and send ``product:publish:started``."""
    shop = find_shop(world, shop_id)
    if shop["sales_channel"] == "disconnected":
        stop(refuse("Shop is not connected to a sales channel.", 8254))
    with world.store.lock:
        product = find_product(world, shop_id, product_id)
        refuse_locked(product)
        product["is_locked"] = True
        world.store.put(PRODUCT, product_id, product)
    details = {name: bool(flags.get(name, True)) for name in ("title", "description", "images", "variants", "tags")}
    details["key_features"] = bool(flags.get("keyFeatures", True))
    details["shipping_template"] = bool(flags.get("shipping_template", True))
    action = "update" if product.get("external") else "create"
    data = {"shop_id": shop_id, "action": action, "publish_details": details}
    tell(world, "product:publish:started", product_id, data, shop_id)
