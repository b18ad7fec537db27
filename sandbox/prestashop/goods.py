"""Products, their combinations, stock rows and pictures: what the shop makes of a write, and how a product is shown."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from sandbox.prestashop.asking import Wrong
from sandbox.prestashop.seeding import TAX_PERCENT
from sandbox.prestashop.tables import Row, Shop

DENY, ALLOW, AS_THE_SHOP = "0", "1", "2"
_MICRO = Decimal("0.000001")


def shown(shop: Shop, row: Row) -> Row:
    """A product as the webservice tells it: lists of other tables, and what is counted from them."""
    product_id = row["id"]
    combinations = shop["combinations"].find("id_product", product_id)
    stocks = shop["stock_availables"].find("id_product", product_id)
    values = {v["id"]: v for c in combinations for v in _list(c, "product_option_values")}
    images = _list(row, "images")
    maker = shop["manufacturers"].get(row["id_manufacturer"]) if row["id_manufacturer"] not in ("", "0") else None
    default = next((c for c in combinations if c["default_on"] == "1"), None)
    lists = {
        **row.get("associations", {}),
        "combinations": [{"id": str(c["id"])} for c in combinations],
        "product_option_values": [{"id": value_id} for value_id in values],
        "stock_availables": [{"id": str(s["id"]), "id_product_attribute": s["id_product_attribute"]} for s in stocks],
    }
    return {
        **row,
        "manufacturer_name": maker["name"] if maker else "",
        "quantity": "0",
        "type": "simple",
        "id_default_image": images[0]["id"] if images else "",
        "id_default_combination": str(default["id"]) if default else "0",
        "associations": lists,
    }


def save_product(shop: Shop, row: Row, before: Row | None) -> Row:
    """A new product gets its stock row; a changed one loses the combinations and pictures that were not sent."""
    links = dict(row.get("associations") or {})
    sent = {item["id"] for item in links.pop("combinations", [])}
    for name in ("product_option_values", "stock_availables"):
        links.pop(name, None)
    for link in links.get("tags", []):
        if shop["tags"].get(link["id"]) is None:
            raise Wrong(400, 85, f"There is no tag {link['id']}.")
    known = {item["id"] for item in _list(before or {}, "images")}
    links["images"] = [item for item in links.get("images", []) if item["id"] in known]
    if not links.get("categories") and before is None:
        links["categories"] = [{"id": row.get("id_category_default") or "2"}]
    saved = shop.save("products", {**row, "associations": links})
    if before is None:
        add_stock(shop, saved["id"], 0)
    else:
        for combination in shop["combinations"].find("id_product", saved["id"]):
            if str(combination["id"]) not in sent:
                remove_combination(shop, combination["id"])
    return saved


def save_combination(shop: Shop, row: Row, before: Row | None) -> Row:
    if shop["products"].get(row["id_product"]) is None:
        raise Wrong(400, 85, f"There is no product {row['id_product']}.")
    for link in (row.get("associations") or {}).get("product_option_values", []):
        if shop["product_option_values"].get(link["id"]) is None:
            raise Wrong(400, 85, f"There is no product option value {link['id']}.")
    saved = shop.save("combinations", row)
    if before is None:
        add_stock(shop, int(row["id_product"]), saved["id"])
    return saved


def remove_combination(shop: Shop, combination_id: int) -> None:
    found = shop["combinations"].get(combination_id)
    if found is None:
        return
    shop["combinations"].delete(combination_id)
    for stock in shop["stock_availables"].find("id_product", found["id_product"]):
        if stock["id_product_attribute"] == str(combination_id):
            shop["stock_availables"].delete(stock["id"])


def remove_product(shop: Shop, product_id: int) -> None:
    for combination in shop["combinations"].find("id_product", product_id):
        shop["combinations"].delete(combination["id"])
    for stock in shop["stock_availables"].find("id_product", product_id):
        shop["stock_availables"].delete(stock["id"])
    shop["products"].delete(product_id)


def add_stock(shop: Shop, product_id: int, combination_id: int) -> Row:
    return shop.save(
        "stock_availables",
        {"id_product": str(product_id), "id_product_attribute": str(combination_id), "id_shop": "1",
         "quantity": "0", "depends_on_stock": "0", "out_of_stock": AS_THE_SHOP},
    )  # fmt: skip


def save_stock(shop: Shop, row: Row, before: Row | None) -> Row:
    """One row; the product's own row (combination 0) is the sum of the others (StockAvailable::postSave)."""
    saved = shop.save("stock_availables", row)
    if saved["id_product_attribute"] == "0":
        return saved
    rows = shop["stock_availables"].find("id_product", saved["id_product"])
    total = sum(int(Decimal(r["quantity"])) for r in rows if r["id_product_attribute"] != "0")
    for whole in rows:
        if whole["id_product_attribute"] == "0":
            shop.save("stock_availables", {**whole, "quantity": str(total)})
    return saved


def stock_of(shop: Shop, product_id: object, combination_id: object) -> Row | None:
    rows = shop["stock_availables"].find("id_product", product_id)
    return next((row for row in rows if row["id_product_attribute"] == str(combination_id)), None)


def move_stock(shop: Shop, product_id: object, combination_id: object, by: int) -> None:
    row = stock_of(shop, product_id, combination_id)
    if row is not None:
        save_stock(shop, {**row, "quantity": str(int(Decimal(row["quantity"])) + by)}, row)


# -- pictures


def add_picture(shop: Shop, product_id: int, content: bytes) -> int:
    product = shop["products"].need(product_id)
    picture_id = shop.world.store.next_number(f"ps:{shop.name}:pictures")
    shop.world.store.put(f"ps:{shop.name}:pictures", str(picture_id), {"bytes": base64.b64encode(content).decode()})
    lists = dict(product.get("associations") or {})
    lists["images"] = [*lists.get("images", []), {"id": str(picture_id)}]
    shop.save("products", {**product, "associations": lists})
    return picture_id


def picture(shop: Shop, picture_id: int) -> bytes | None:
    found = shop.world.store.get(f"ps:{shop.name}:pictures", str(picture_id))
    return base64.b64decode(found["bytes"]) if found else None


def remove_picture(shop: Shop, product_id: int, picture_id: int) -> None:
    product = shop["products"].need(product_id)
    lists = dict(product.get("associations") or {})
    lists["images"] = [item for item in lists.get("images", []) if item["id"] != str(picture_id)]
    shop.save("products", {**product, "associations": lists})


# -- money: the catalogue is net, combinations are impacts (§3)


def tax_rate(row: Row) -> Decimal:
    return Decimal(TAX_PERCENT) / 100 if row.get("id_tax_rules_group", "0") not in ("", "0") else Decimal(0)


def net_price(product: Row, combination: Row | None) -> Decimal:
    return Decimal(product["price"]) + (Decimal(combination["price"] or "0") if combination else 0)


def gross_minor(product: Row, combination: Row | None) -> int:
    return int((net_price(product, combination) * (1 + tax_rate(product)) * 100).quantize(Decimal(1), "ROUND_HALF_UP"))


def net_text(minor: int, rate: Decimal) -> str:
    return str((Decimal(minor) / 100 / (1 + rate)).quantize(_MICRO, "ROUND_HALF_UP"))


def _list(row: Row, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (row.get("associations") or {}).get(name, [])
    return found
