"""Products, variants and stock as GraphQL nodes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import orjson

from sandbox.shopify.goods import stock_of
from sandbox.shopify.shopfront import LOCATION, Json, amount, gid, money, stamp

Node = Json


def connection(items: list[Any], node: Callable[[Any], Node], *, paged: bool = True) -> Callable[[Json], Json]:
    """A list that is held as a whole, paged by place."""

    def give(asked: Json) -> Json:
        start = int(cursor_read(asked.get("after"))[0]) if asked.get("after") else 0
        most = asked.get("first") if paged else None
        part = items[start : start + int(most)] if most is not None else items[start:]
        end = start + len(part)
        return page_of(part, node, lambda i, _: cursor_write(start + i + 1), end < len(items))

    return give


def page_of(part: list[Any], node: Callable[[Any], Node], cursor: Callable[[int, Any], str], more: bool) -> Json:
    nodes = [node(item) for item in part]
    end = cursor(len(part) - 1, part[-1]) if part else None
    start = cursor(0, part[0]) if part else None
    return {
        "nodes": nodes,
        "edges": [{"node": n, "cursor": cursor(i, item)} for i, (n, item) in enumerate(zip(nodes, part, strict=False))],
        "pageInfo": {"hasNextPage": more, "hasPreviousPage": False, "startCursor": start, "endCursor": end},
    }


def cursor_write(*parts: float | int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode()


def cursor_read(cursor: object) -> list[Any]:
    """Raises ValueError."""
    found = orjson.loads(base64.urlsafe_b64decode(str(cursor)))
    if not isinstance(found, list) or not found:
        raise ValueError(cursor)
    return found


def product_node(product: Json) -> Node:
    tracked = [variant for variant in product["variants"] if variant["tracked"]]
    return {
        "__typename": "Product",
        "id": gid("Product", product["id"]),
        "legacyResourceId": str(product["id"]),
        "title": product["title"],
        "handle": product["handle"],
        "descriptionHtml": product["html"],
        "vendor": product["vendor"],
        "productType": product["type"],
        "status": product["status"],
        "tags": sorted(product["tags"]),
        "seo": product["seo"],
        "createdAt": stamp(product["created_at"]),
        "updatedAt": stamp(product["updated_at"]),
        "publishedAt": stamp(product["published_at"]) if product["published_at"] else None,
        "onlineStoreUrl": None,
        "isGiftCard": product["is_gift_card"],
        "tracksInventory": bool(tracked),
        "totalInventory": sum(stock_of(variant) for variant in tracked),
        "options": [_option_node(option, place) for place, option in enumerate(product["options"], 1)],
        "media": connection(product["media"], _media_node),
        "variants": connection(list(enumerate(product["variants"], 1)), lambda pair: variant_node(product, *pair)),
        "variantsCount": {"count": len(product["variants"]), "precision": "EXACT"},
        "metafield": lambda asked: _metafield(product, asked),
    }


def variant_node(product: Json, place: int, variant: Json) -> Node:
    names = [option["name"] for option in product["options"]]
    media = [kept for kept in product["media"] if kept["id"] == variant["media_id"]]
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", variant["id"]),
        "legacyResourceId": str(variant["id"]),
        "title": " / ".join(variant["values"]),
        "displayName": f"{product['title']} - {' / '.join(variant['values'])}",
        "sku": variant["sku"],
        "barcode": variant["barcode"],
        "price": "twelve" if product.get("is_broken") else money(variant["price"]),
        "compareAtPrice": None if variant["compare_at"] is None else money(variant["compare_at"]),
        "position": place,
        "taxable": True,
        "inventoryPolicy": variant["policy"],
        "inventoryQuantity": stock_of(variant),
        "selectedOptions": [{"name": n, "value": v} for n, v in zip(names, variant["values"], strict=False)],
        "media": connection(media, _media_node),
        "product": {"id": gid("Product", product["id"]), "title": product["title"], "handle": product["handle"]},
        "inventoryItem": item_node(variant),
    }


def item_node(variant: Json) -> Node:
    levels = [(int(location), available) for location, available in variant["stock"].items()]
    return {
        "__typename": "InventoryItem",
        "id": gid("InventoryItem", variant["item_id"]),
        "sku": variant["sku"],
        "tracked": variant["tracked"],
        "requiresShipping": True,
        "duplicateSkuCount": 0,
        "unitCost": None if variant["cost"] is None else amount(variant["cost"]),
        "measurement": {"weight": {"value": float(variant["grams"]), "unit": "GRAMS"} if variant["grams"] else None},
        "inventoryLevels": connection(levels, _level_node),
    }


def location_node(number: int) -> Node:
    return {
        "__typename": "Location",
        "id": gid("Location", number),
        "name": "Main" if number == LOCATION else f"Location {number}",
        "isActive": True,
        "fulfillsOnlineOrders": True,
        "shipsInventory": True,
    }


def _level_node(level: tuple[int, int]) -> Node:
    location, available = level
    return {
        "__typename": "InventoryLevel",
        "id": gid("InventoryLevel", location),
        "location": location_node(location),
        "quantities": lambda asked: [{"name": name, "quantity": available} for name in asked["names"]],
    }


def _option_node(option: Json, place: int) -> Node:
    return {
        "id": gid("ProductOption", option["id"]),
        "name": option["name"],
        "position": place,
        "optionValues": [{"id": gid("ProductOptionValue", v["id"]), "name": v["name"]} for v in option["values"]],
        "values": [v["name"] for v in option["values"]],
    }


def _media_node(media: Json) -> Node:
    return {
        "__typename": "MediaImage",
        "id": gid("MediaImage", media["id"]),
        "alt": media["alt"],
        "mediaContentType": "IMAGE",
        "fileStatus": "READY",
        "image": {"url": media["url"], "width": 1200, "height": 1200},
    }


def _metafield(product: Json, asked: Json) -> Node | None:
    name = f"{asked.get('namespace')}.{asked.get('key')}"
    value = product["metafields"].get(name)
    return None if value is None else {"id": gid("Metafield", abs(hash(name)) % 10**9), "value": value}
