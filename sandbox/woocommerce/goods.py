"""Products and variations: what they hold, what is refused, and what follows a change (contracts/woocommerce.md §3)."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from sandbox.woocommerce.door import Wrong
from sandbox.woocommerce.notices import notify
from sandbox.woocommerce.shop import Json, Shop

STATUSES = ("draft", "pending", "private", "publish", "future")
_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp")
_TEXTS = (
    "name", "slug", "description", "short_description", "sku", "regular_price", "sale_price", "weight", "tax_class",
    "global_unique_id", "type", "status", "stock_status", "backorders",
)  # fmt: skip


def new_product(shop: Shop) -> Json:
    product: Json = {
        "id": shop.number(), "name": "", "slug": "", "permalink": "", "type": "simple", "status": "publish",
        "featured": False, "catalog_visibility": "visible", "description": "", "short_description": "", "sku": "",
        "global_unique_id": "", "price": "", "regular_price": "", "sale_price": "", "on_sale": False,
        "tax_status": "taxable", "tax_class": "", "manage_stock": False, "stock_quantity": None,
        "stock_status": "instock", "backorders": "no", "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""}, "parent_id": 0, "categories": [], "tags": [],
        "brands": [], "images": [], "attributes": [], "default_attributes": [], "variations": [], "meta_data": [],
    }  # fmt: skip
    shop.stamp(product, "date_created")
    return product


def new_variation(shop: Shop, parent: Json) -> Json:
    variation: Json = {
        "id": shop.number(), "type": "variation", "parent_id": parent["id"], "name": "", "status": "publish",
        "description": "", "permalink": parent["permalink"], "sku": "", "global_unique_id": "", "price": "",
        "regular_price": "", "sale_price": "", "on_sale": False, "tax_status": "taxable", "tax_class": "",
        "manage_stock": False, "stock_quantity": None, "stock_status": "instock", "backorders": "no", "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""}, "image": None, "attributes": [], "meta_data": [],
    }  # fmt: skip
    shop.stamp(variation, "date_created")
    return variation


def write_product(shop: Shop, product: Json, body: Json, *, is_new: bool = False) -> Json:
    """Change it by a request's body, save it, tell who listens. Raises Wrong, and then nothing was changed."""
    before = str(product.get("sku") or "")
    _check(body)
    _apply_plain(shop, "product", product, body)
    if "name" in body or is_new:
        product["name"] = body.get("name", product["name"]) or "Product"
    if not product["slug"]:
        product["slug"] = re.sub(r"[^a-z0-9]+", "-", product["name"].lower()).strip("-") or f"product-{product['id']}"
    product["permalink"] = f"{shop.url}/product/{product['slug']}/"
    if "images" in body:
        product["images"] = [_image(shop, entry) for entry in body["images"]]
    if "attributes" in body:
        product["attributes"] = [_attribute(place, entry) for place, entry in enumerate(body["attributes"])]
    for kind in ("tags", "brands", "categories"):
        if kind in body:
            product[kind] = [_term(shop, kind, entry) for entry in body[kind]]
    if product["type"] == "variable":
        product["regular_price"] = product["sale_price"] = ""
    _settle(shop, product)
    shop.claim_sku("product", product, before)
    return save_product(shop, product, "product.created" if is_new else "product.updated")


def save_product(shop: Shop, product: Json, topic: str = "product.updated") -> Json:
    shop.stamp(product, "date_modified")
    shop.put("product", product)
    notify(shop, topic, product)
    return product


def write_variation(shop: Shop, parent: Json, variation: Json, body: Json, *, is_new: bool = False) -> Json:
    """The parent is saved with it, as its prices and stock follow: so its time of change moves too."""
    before = str(variation.get("sku") or "")
    _check(body)
    _apply_plain(shop, "variation", variation, body)
    if "attributes" in body:
        known = {entry["name"]: entry for entry in parent["attributes"]}
        variation["attributes"] = [
            {
                "id": known.get(entry.get("name"), {}).get("id", 0),
                "name": entry.get("name"),
                "option": entry.get("option"),
            }
            for entry in body["attributes"]
            if entry.get("name") in known  # what the parent does not know is left out, silently
        ]
    if body.get("image"):
        variation["image"] = _image(shop, body["image"])
    _settle(shop, variation)
    variation["name"] = ", ".join(str(entry["option"]) for entry in variation["attributes"])
    shop.claim_sku("variation", variation, before)
    shop.stamp(variation, "date_modified")
    shop.put("variation", variation)
    if is_new:
        parent["variations"].append(variation["id"])
    notify(shop, "product.created" if is_new else "product.updated", variation)
    return variation


def settle_parent(shop: Shop, parent: Json) -> None:
    """Its price is the lowest of its variations'."""
    prices = [v["price"] for v in shop.many("variation", parent["variations"]) if v["price"]]
    parent["price"] = min(prices, key=Decimal) if prices and all(map(_is_number, prices)) else parent["price"]
    save_product(shop, parent)


def _apply_plain(shop: Shop, what: str, thing: Json, body: Json) -> None:
    sku = body.get("sku")
    if sku and sku != thing["sku"]:
        owner = shop.sku_owner(sku)
        if owner is not None and owner["id"] != thing["id"]:
            raise Wrong(
                "product_invalid_sku", "Invalid or duplicated SKU.", resource_id=owner["id"], unique_sku=f"{sku}-1"
            )
    for name in _TEXTS:
        if name in body and name in thing:
            thing[name] = body[name]
    if "manage_stock" in body:
        thing["manage_stock"] = body["manage_stock"]
    if "stock_quantity" in body and thing["manage_stock"] is True:
        thing["stock_quantity"] = int(body["stock_quantity"] or 0)
    if thing["manage_stock"] is not True:
        thing["stock_quantity"] = None
    for entry in body.get("meta_data") or []:
        same = [held for held in thing["meta_data"] if held["key"] == entry.get("key")]
        if same:
            same[0]["value"] = entry.get("value")
        else:
            thing["meta_data"].append({"id": shop.number(), "key": entry.get("key"), "value": entry.get("value")})


def _settle(shop: Shop, thing: Json) -> None:
    """What follows from the rest: the effective price, whether it is in stock."""
    regular, sale = thing["regular_price"], thing["sale_price"]
    if _is_number(sale) and _is_number(regular) and Decimal(sale) >= Decimal(regular):
        thing["sale_price"] = sale = ""
    thing["on_sale"] = bool(sale)
    thing["price"] = sale or regular or (thing["price"] if thing.get("type") == "variable" else "")
    if thing["manage_stock"] is True:
        thing["stock_status"] = "instock" if (thing["stock_quantity"] or 0) > 0 else "outofstock"


def _check(body: Json) -> None:
    """The types of their schema; what it does not know is let through, as they do."""
    for name in _TEXTS:
        if name in body and not isinstance(body[name], str):
            _invalid(name, f"{name} is not of type string.")
    for name in ("regular_price", "sale_price"):
        if body.get(name) and not _is_number(body[name]):
            _invalid(name, f"{name} is no price.")
    if body.get("status", "publish") not in STATUSES:
        _invalid("status", f"status is not one of {', '.join(STATUSES)}.")
    if body.get("type", "simple") not in ("simple", "variable", "grouped", "external"):
        _invalid("type", "type is not one of simple, grouped, external, variable.")
    if not isinstance(body.get("manage_stock", False), bool) and body.get("manage_stock") != "parent":
        _invalid("manage_stock", "manage_stock is not of type boolean.")
    quantity = body.get("stock_quantity")
    if quantity is not None and (isinstance(quantity, bool) or not isinstance(quantity, int)):
        _invalid("stock_quantity", "stock_quantity is not of type integer.")
    for name in ("images", "attributes", "tags", "brands", "categories", "meta_data"):
        value = body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            _invalid(name, f"{name} is not of type array.")


def _invalid(name: str, words: str) -> None:
    raise Wrong("rest_invalid_param", f"Invalid parameter(s): {name}", params={name: words})


def _image(shop: Shop, entry: Json) -> Json:
    """By `id` it is kept; by `src` it is loaded from there, which needs an address that ends like a picture."""
    if entry.get("id"):
        held = shop.get("media", entry["id"])
        if held is None:
            raise Wrong("woocommerce_product_invalid_image_id", f"#{entry['id']} is an invalid image ID.")
    else:
        path = urlsplit(str(entry.get("src", ""))).path
        if not path.lower().endswith(_ENDINGS):
            raise Wrong("woocommerce_product_image_upload_error", "Error getting remote image. Invalid URL provided.")
        number, name = shop.number(), path.rpartition("/")[2]
        held = {"id": number, "src": f"{shop.url}/wp-content/uploads/{number}-{name}", "name": name, "alt": ""}
        shop.stamp(held, "date_created", "date_modified")
    if "alt" in entry:
        held["alt"] = entry["alt"]
    return shop.put("media", held)


def _attribute(place: int, entry: Json) -> Json:
    return {
        "id": entry.get("id", 0), "name": str(entry.get("name", "")), "slug": str(entry.get("name", "")),
        "position": entry.get("position", place), "visible": bool(entry.get("visible", False)),
        "variation": bool(entry.get("variation", False)), "options": [str(value) for value in entry.get("options", [])],
    }  # fmt: skip


def _term(shop: Shop, kind: str, entry: Json) -> Json:
    held = shop.get(kind, entry.get("id", 0))
    if held is None:
        raise Wrong("woocommerce_rest_term_invalid", "Resource does not exist.")
    return {"id": held["id"], "name": held["name"], "slug": held["slug"]}


def _is_number(text: Any) -> bool:
    try:
        return Decimal(str(text)).is_finite()
    except InvalidOperation:
        return False
