"""The merchant's products in the back office: made, changed and told in the words of sandbox/channels/stall.py."""

from __future__ import annotations

import io
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from PIL import Image

from sandbox.channels.stall import Json
from sandbox.prestashop import goods
from sandbox.prestashop.seeding import TAX_PERCENT
from sandbox.prestashop.tables import Row, Shop

_RATE = Decimal(TAX_PERCENT) / 100


def add(shop: Shop, products: list[Json]) -> list[str]:
    return [str(_add_one(shop, product)) for product in products]


def _add_one(shop: Shop, told: Json) -> int:
    variants = told.get("variants") or [{"sku": "", "price_minor": 0}]
    has_options = any(variant.get("options") for variant in variants)
    title = str(told.get("title", ""))
    base = goods.net_text(int(variants[0]["price_minor"]), _RATE)
    row = shop.save(
        "products",
        {
            **_texts(shop, {"description_html": "", "status": "active", "tags": [], "vendor": "", **told}, {}),
            "link_rewrite": {"1": slug(title), "2": slug(title)}, "price": base, "state": "1",
            "available_for_order": "1",
            "show_price": "1", "id_tax_rules_group": "1", "id_category_default": "2",
            "product_type": "combinations" if has_options else "standard",
            "reference": "" if has_options else variants[0].get("sku", ""),
            "ean13": "" if has_options else variants[0].get("barcode") or "",
            "weight": _weight(None if has_options else variants[0].get("weight_grams")),
        },
    )  # fmt: skip
    _link(shop, row, told)
    if not has_options:
        _set_stock(shop, goods.add_stock(shop, row["id"], 0), variants[0].get("stock"))
        return int(row["id"])
    goods.add_stock(shop, row["id"], 0)
    for number, variant in enumerate(variants):
        _add_variant(shop, row, variant, is_default=not number)
    return int(row["id"])


def _add_variant(shop: Shop, product: Row, variant: Json, *, is_default: bool = False) -> None:
    impact = Decimal(goods.net_text(int(variant["price_minor"]), _RATE)) - Decimal(product["price"])
    values = [{"id": value_id(shop, option, value)} for option, value in (variant.get("options") or {}).items()]
    row = shop.save(
        "combinations",
        {"id_product": str(product["id"]), "reference": variant.get("sku", ""), "ean13": variant.get("barcode") or "",
         "price": f"{impact:.6f}", "weight": _weight(variant.get("weight_grams")), "minimal_quantity": "1",
         "default_on": "1" if is_default else "0", "associations": {"product_option_values": values}},
    )  # fmt: skip
    _set_stock(shop, goods.add_stock(shop, product["id"], row["id"]), variant.get("stock"))


def change(shop: Shop, product_id: int, changes: Json) -> None:
    """The back office saves the whole product, so its date moves with whatever was changed."""
    row = shop["products"].need(product_id)
    row = shop.save("products", {**row, **_texts(shop, changes, row)})
    _link(shop, row, changes)
    for variant in changes.get("variants", []):
        try:
            product, combination = find_sku(shop, variant["sku"], product_id)
        except KeyError:
            _add_variant(shop, shop["products"].need(product_id), variant)
            continue
        _change_variant(shop, product, combination, variant)
    shop.touch("products", product_id)


def _change_variant(shop: Shop, product: Row, combination: Row | None, told: Json) -> None:
    row = dict(combination or product)
    if "price_minor" in told:
        net = Decimal(goods.net_text(int(told["price_minor"]), _RATE))
        row["price"] = f"{net - (Decimal(product['price']) if combination else 0):.6f}"
    if "barcode" in told:
        row["ean13"] = told["barcode"] or ""
    if "weight_grams" in told:
        row["weight"] = _weight(told["weight_grams"])
    shop.save("combinations" if combination else "products", row)
    stock = goods.stock_of(shop, product["id"], combination["id"] if combination else 0)
    if "stock" in told and stock is not None:
        _set_stock(shop, stock, told["stock"])


def told(shop: Shop, row: Row, base_url: str) -> Json:
    row = goods.shown(shop, row)
    combinations = shop["combinations"].find("id_product", row["id"])
    options: dict[str, None] = {}
    variants = []
    each: list[Row | None] = [*combinations] or [None]
    for combination in each:
        values = options_of(shop, combination) if combination else {}
        options |= dict.fromkeys(values)
        variants.append(_told_variant(shop, row, combination, values))
    tags = [shop["tags"].need(item["id"])["name"] for item in row["associations"].get("tags", [])]
    name = row["link_rewrite"].get("1", "") or "p"
    return {
        "title": row["name"].get("1", ""), "description_html": row["description"].get("1", ""),
        "status": "active" if row["active"] == "1" else "draft", "tags": tags, "vendor": row["manufacturer_name"],
        "options": list(options), "variants": variants,
        "images": [f"{base_url}/{i['id']}-large_default/{name}.jpg" for i in row["associations"].get("images", [])],
    }  # fmt: skip


def _told_variant(shop: Shop, product: Row, combination: Row | None, values: dict[str, str]) -> Json:
    stock = goods.stock_of(shop, product["id"], combination["id"] if combination else 0)
    row = combination or product
    is_endless = stock is None or stock["out_of_stock"] == goods.ALLOW
    weight = Decimal(product["weight"]) + (Decimal(combination["weight"]) if combination else 0)
    return {
        "id": f"{product['id']}:{combination['id'] if combination else 0}",
        "sku": row["reference"], "price_minor": goods.gross_minor(product, combination), "options": values,
        "stock": None if is_endless or stock is None else int(Decimal(stock["quantity"])), "barcode": row["ean13"],
        "weight_grams": int(weight * 1000),
    }  # fmt: skip


def find_sku(shop: Shop, sku: str, product_id: int | None = None) -> tuple[Row, Row | None]:
    """(product, combination or None). Raises KeyError."""
    for combination in shop["combinations"].find("reference", sku):
        if product_id in (None, int(combination["id_product"])):
            return shop["products"].need(combination["id_product"]), combination
    for product in shop["products"].find("reference", sku):
        if product_id in (None, product["id"]):
            return product, None
    raise KeyError(sku)


def options_of(shop: Shop, combination: Row) -> dict[str, str]:
    found = {}
    for item in combination["associations"].get("product_option_values", []):
        value = shop["product_option_values"].need(item["id"])
        found[shop["product_options"].need(value["id_attribute_group"])["public_name"]["1"]] = value["name"]["1"]
    return found


def value_id(shop: Shop, option: str, value: str) -> str:
    """The dictionaries are the whole shop's: made when they are not there."""
    known = shop.world.store.get(f"ps:{shop.name}:words", f"{option}\n{value}")
    if known is not None and shop["product_option_values"].get(known["id"]) is not None:
        return str(known["id"])
    groups = [
        g for g in shop["product_options"].rows(shop["product_options"].ids()) if g["public_name"].get("1") == option
    ]
    names = {"1": option, "2": option}
    group = (
        groups[0]
        if groups
        else shop.save("product_options", {"name": names, "public_name": names, "group_type": "select"})
    )
    values = shop["product_option_values"].find("id_attribute_group", group["id"])
    found = next((v for v in values if v["name"].get("1") == value), None)
    if found is None:
        found = shop.save(
            "product_option_values", {"id_attribute_group": str(group["id"]), "name": {"1": value, "2": value}}
        )
    shop.world.store.put(f"ps:{shop.name}:words", f"{option}\n{value}", {"id": str(found["id"])})
    return str(found["id"])


def slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:120] or "product"


def _texts(shop: Shop, changes: Json, row: Row) -> Row:
    """Fields of the product itself. The shop's own language is written; German keeps what it has, or gets the same."""
    found: Row = {}
    for ours, theirs in (("title", "name"), ("description_html", "description")):
        if ours in changes:
            before = row.get(theirs) or {}
            found[theirs] = {"1": str(changes[ours]), "2": before.get("2") or str(changes[ours])}
    if "status" in changes:
        found["active"] = "1" if changes["status"] == "active" else "0"
    if "vendor" in changes:
        found["id_manufacturer"] = _named(shop, "manufacturers", changes["vendor"]) if changes["vendor"] else "0"
    return found


def _link(shop: Shop, row: Row, changes: Json) -> None:
    lists = dict(row.get("associations") or {}) or {"categories": [{"id": "2"}]}
    if "tags" in changes:
        lists["tags"] = [{"id": _named(shop, "tags", tag)} for tag in changes["tags"]]
    if "images" in changes:
        lists["images"] = []
    shop.save("products", {**shop["products"].need(row["id"]), "associations": lists})
    for number, _ in enumerate(changes.get("images", [])):
        goods.add_picture(shop, row["id"], _drawn(number))


def _named(shop: Shop, resource: str, name: str) -> str:
    found = shop[resource].find("name", name)
    more = {"id_lang": "1"} if resource == "tags" else {"active": "1"}
    return str(found[0]["id"] if found else shop.save(resource, {"name": name, **more})["id"])


def _set_stock(shop: Shop, row: Row, quantity: int | None) -> None:
    told = (
        {"quantity": "0", "out_of_stock": goods.ALLOW}
        if quantity is None
        else {"quantity": str(quantity), "out_of_stock": goods.DENY}
    )
    goods.save_stock(shop, {**row, **told}, row)


def _weight(grams: int | None) -> str:
    return f"{Decimal(grams or 0) / 1000:.6f}"


@lru_cache(maxsize=32)
def _drawn(number: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (48, 48), (40 * number % 255, 90, 160)).save(out, "PNG")
    return out.getvalue()
