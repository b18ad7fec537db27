"""/prestashop/<shop>/api/…: one blueprint for every resource, pictures beside them, and the shop's public pictures."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request
from PIL import Image, UnidentifiedImageError

from sandbox.prestashop import goods, people, stall, trade, wire
from sandbox.prestashop.asking import Wrong, pick, read_display
from sandbox.prestashop.checking import whole_row
from sandbox.prestashop.door import base, check_right, enter, languages, leave, method, refused, wants_json
from sandbox.prestashop.schema import RESOURCES, Resource
from sandbox.prestashop.seeding import attach
from sandbox.prestashop.tables import Row, Shop, shop_of
from sandbox.world import current_world

__all__ = ["attach", "bp", "stall"]

bp = Blueprint("prestashop", __name__, url_prefix="/prestashop/<shop>")
bp.before_request(enter)
bp.after_request(leave)
bp.register_error_handler(Wrong, refused)

Saver = Callable[[Shop, Row, Row | None], Row]
_SAVERS: dict[str, Saver] = {
    "products": goods.save_product, "combinations": goods.save_combination, "stock_availables": goods.save_stock,
    "customers": people.save_customer, "addresses": people.save_address, "carts": trade.save_cart,
    "orders": trade.order_from_cart, "order_histories": trade.save_history,
    "order_carriers": trade.save_order_carrier,
}  # fmt: skip


@bp.get("/api/")
def list_resources(shop: str) -> Response:
    """What the key may do: always XML."""
    told = {name: sorted(RESOURCES[name].methods & set(g.methods) | {"HEAD"}) for name in g.allowed}
    told["images"] = list(g.methods)
    return Response(wire.resources_as_xml(base(), told, g.shop.setting("PS_SHOP_NAME")), mimetype="text/xml")


@bp.route("/api/<resource>", methods=["GET", "POST", "PUT", "DELETE"])
def collection(shop: str, resource: str) -> Response:
    check_right(resource)
    if method() == "POST":
        return _write(RESOURCES[resource], None)
    if method() not in ("GET", "HEAD"):
        raise Wrong(400, 90, "id is required when modifying a resource")
    found = RESOURCES[resource]
    rows = pick(g.shop[resource], request.args)
    shown = read_display(request.args, found)
    return _told(found, [_dressed(resource, row) if shown is None else row for row in rows], shown)


@bp.route("/api/<resource>/<int:row_id>", methods=["GET", "PUT", "PATCH", "DELETE"])
def one(shop: str, resource: str, row_id: int) -> Response:
    check_right(resource)
    found = RESOURCES[resource]
    row = g.shop[resource].get(row_id)
    if row is None:
        raise Wrong(404, 131 if method() != "PUT" else 87, f"{found.item} {row_id} does not exist")
    if method() in ("PUT", "PATCH"):
        return _write(found, row)
    if method() == "DELETE":
        _remove(resource, row_id)
        return Response(status=200)
    row = _dressed(resource, row)
    if "display" in request.args:
        return _told(found, [row], read_display(request.args, found))
    if wants_json():
        return Response(wire.one_as_json(found, row, languages()), mimetype="application/json")
    return Response(wire.one_as_xml(found, row, languages(), base()), mimetype="text/xml")


def _told(resource: Resource, rows: list[Row], shown: tuple[str, ...] | None) -> Response:
    if wants_json():
        return Response(wire.list_as_json(resource, rows, shown, languages()), mimetype="application/json")
    return Response(wire.list_as_xml(resource, rows, shown, languages(), base()), mimetype="text/xml")


def _dressed(resource: str, row: Row) -> Row:
    return goods.shown(g.shop, row) if resource == "products" else row


def _write(resource: Resource, before: Row | None) -> Response:
    world = current_world()
    with world.store.lock:
        sent = wire.read_body(request.get_data(), resource)
        row = whole_row(resource, sent, before, is_patch=method() == "PATCH")
        saver = _SAVERS.get(resource.name)
        saved = saver(g.shop, row, before) if saver else g.shop.save(resource.name, row)
    world.store.next_number("ps:writes")
    if g.shop.moods.get("debug_notices"):  # §11: printed into the answer, although the row was written
        raise Wrong(500, 1, "[PHP Notice #8] Undefined index: id_supplier (classes/Product.php, line 812)")
    saved = _dressed(resource.name, saved)
    status = 201 if before is None else 200
    if wants_json():
        return Response(wire.one_as_json(resource, saved, languages()), status, mimetype="application/json")
    return Response(wire.one_as_xml(resource, saved, languages(), base()), status, mimetype="text/xml")


def _remove(resource: str, row_id: int) -> None:
    if resource == "products":
        goods.remove_product(g.shop, row_id)
    elif resource == "combinations":
        goods.remove_combination(g.shop, row_id)
    else:
        g.shop[resource].delete(row_id)
    current_world().store.next_number("ps:writes")


# -- pictures


@bp.route("/api/images/products/<int:product_id>", methods=["GET", "POST"])
def pictures(shop: str, product_id: int) -> Response:
    """Multipart, field `image`; the answer is XML whatever was asked."""
    check_right("images")
    product = g.shop["products"].get(product_id)
    if product is None:
        raise Wrong(404, 87, f"product {product_id} does not exist")
    if method() == "GET":
        inner = "".join(f'<declination id="{i["id"]}"/>' for i in product.get("associations", {}).get("images", []))
        return _xml(f'<image id="{product_id}">{inner}</image>')
    sent = request.files.get("image")
    content = sent.read() if sent is not None else b""
    try:
        kind = Image.open(io.BytesIO(content)).format
    except (UnidentifiedImageError, OSError):
        kind = None
    if kind not in ("JPEG", "PNG", "GIF"):
        raise Wrong(400, 66, "This image format is not recognized: please use GIF, JPG or PNG.")
    picture_id = goods.add_picture(g.shop, product_id, content)
    current_world().store.next_number("ps:writes")
    return _xml(f"<image><id><![CDATA[{picture_id}]]></id><id_product><![CDATA[{product_id}]]></id_product></image>")


@bp.route("/api/images/products/<int:product_id>/<int:picture_id>", methods=["GET", "DELETE"])
def one_picture(shop: str, product_id: int, picture_id: int) -> Response:
    check_right("images")
    if g.shop["products"].get(product_id) is None:
        raise Wrong(404, 87, f"product {product_id} does not exist")
    if method() == "DELETE":
        goods.remove_picture(g.shop, product_id, picture_id)
        current_world().store.next_number("ps:writes")
        return Response(status=200)
    return public_picture(shop, picture_id, "")


@bp.get("/<int:picture_id>-large_default/<slug>.jpg")
def public_picture(shop: str, picture_id: int, slug: str) -> Response:
    content = goods.picture(g.shop, picture_id)
    if content is None:
        return Response("Not found", 404)
    return Response(content, mimetype=Image.MIME[str(Image.open(io.BytesIO(content)).format)])


@bp.post("/moods")
def set_moods(shop: str) -> dict[str, Any]:
    """For tests and the demo, outside the webservice: {"off" | "garbage" | "debug_notices" | …: bool}."""
    found = shop_of(current_world(), shop)
    found.set_moods(**(request.get_json(silent=True) or {}))
    return found.moods


def _xml(inner: str) -> Response:
    return Response(f"{wire.HEAD}{inner}</prestashop>", mimetype="text/xml")
