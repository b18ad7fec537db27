"""Orders: what is asked, what it costs, and the object that comes back (contracts/printify.md §5.6 to §5.8)."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.printify.blanks import Blank, find_blank
from sandbox.printify.catalogue import shipping_cost, variants_of
from sandbox.printify.door import refuse, stop, whole
from sandbox.printify.products import PRODUCT, new_id
from sandbox.world import World

ORDER = "printify_order"
EXTERNAL = "printify_external_id"
METHOD_NAMES = {1: "standard", 2: "priority", 3: "express", 4: "economy"}
CANCELABLE = ("on-hold", "payment-not-received")
STATUSES = (
    "pending",
    "on-hold",
    "cost-calculation",
    "payment-not-received",
    "sending-to-production",
    "in-production",
    "partially-fulfilled",
    "fulfilled",
    "canceled",
    "has-issues",
    "unfulfillable",
    "source-check-failed",
    "sending_to_production_delegate",
    "sending_to_production_delegate_sync",
)
_ADDRESS = ("first_name", "last_name", "country", "address1", "city", "zip")


def existing_order(world: World, shop_id: int, external_id: str) -> dict[str, Any] | None:
    """The order that already holds this ``external_id`` in this shop, or None."""
    key = world.store.get(EXTERNAL, f"{shop_id}:{external_id}")
    return world.store.get(ORDER, str(key["order_id"])) if key else None


def check_order(body: dict[str, Any]) -> None:
    """Refuse what Printify's validation would (8103 for addresses, 8150 for fields)."""
    external_id = body.get("external_id")
    if not isinstance(external_id, str) or not external_id.strip() or len(external_id) > 200:
        stop(refuse({"external_id": ["The external id field is required."]}))
    if body.get("shipping_method") not in METHOD_NAMES or isinstance(body.get("shipping_method"), bool):
        stop(refuse({"shipping_method": ["The selected shipping method is invalid."]}))
    address = body.get("address_to")
    if not isinstance(address, dict):
        stop(refuse({"address_to": ["The address to field is required."]}))
        return
    missing = {
        field: [f"The {field} field is required."] for field in _ADDRESS if not str(address.get(field) or "").strip()
    }
    if missing:
        stop(refuse(missing, 8103))
    country = address["country"]
    if not (isinstance(country, str) and len(country) == 2 and country.isalpha() and country.isupper()):
        stop(refuse({"country": ["The country must be an ISO 3166-1 alpha-2 code."]}, 8103))
    express = body["shipping_method"] == 3 or body.get("is_printify_express")
    if express and not (address.get("email") and address.get("phone")):
        stop(refuse({"email": ["Email and phone are required for Printify Express."]}, 8103))


def resolved_lines(world: World, entries: Any) -> list[dict[str, Any]]:
    """Each asked line with its blank, variant and product; refuses the unknown and the unavailable."""
    if not isinstance(entries, list) or not entries:
        stop(refuse({"line_items": ["The line items field is required."]}))
    return [_resolve(world, number, entry) for number, entry in enumerate(entries)]


def quote(lines: list[dict[str, Any]], country: str, method: str) -> int | None:
    """What sending these lines costs in US cents; None when the method cannot take all of them.

    Per print provider the dearest first item is charged once and everything else as additional items.
    """
    total = 0
    by_provider: dict[int, list[tuple[int, int, int]]] = {}
    for line in lines:
        blank: Blank = line["blank"]
        price = shipping_cost(blank, country, method)
        if price is None:
            return None
        by_provider.setdefault(blank.provider_id, []).append((*price, line["quantity"]))
    for prices in by_provider.values():
        dearest = max(prices)
        total += dearest[0] - dearest[1] + sum(more * quantity for _, more, quantity in prices)
    return total


def place(world: World, shop_id: int, body: dict[str, Any], suffix: str = "") -> dict[str, Any]:
    """Save a new order, ``on-hold``. The caller holds the store's lock and has checked the body."""
    lines = resolved_lines(world, body["line_items"])
    address = {key: str(value) for key, value in body["address_to"].items() if value is not None}
    method = METHOD_NAMES[body["shipping_method"]]
    shipping = quote(lines, address["country"], method)
    if shipping is None:
        stop(refuse({"shipping_method": [f"The {method} shipping method is not available for this order."]}, 8103))
        raise AssertionError("refused above")
    number = world.store.next_number("printify_order", 101)
    items = [_item(line, address["country"]) for line in lines]
    items[0]["shipping_cost"] = shipping
    order_id = new_id()
    order: dict[str, Any] = {
        "id": order_id,
        "app_order_id": f"{world.settings.printify_shop_id % 1_000_000}.{number}",
        "address_to": address,
        "line_items": items,
        "metadata": {
            "order_type": "api",
            "shop_order_id": body["external_id"] + suffix,
            "shop_order_label": str(body.get("label") or body["external_id"]),
            "shop_fulfilled_at": "1970-01-01 00:00:00+00:00",
        },
        "total_price": sum(item["cost"] * item["quantity"] for item in items),
        "total_shipping": shipping,
        "total_tax": 0,
        "status": "on-hold",
        "shipping_method": body["shipping_method"],
        "is_printify_express": bool(body.get("is_printify_express", False)),
        "is_economy_shipping": bool(body.get("is_economy_shipping", body["shipping_method"] == 4)),
        "shipments": [],
        "created_at": world.clock.text(),
        "sent_to_production_at": None,
        "fulfilled_at": None,
        "printify_connect": {
            "url": f"http://{world.settings.host}:{world.settings.port}/track/order/{order_id}",
            "id": uuid.uuid4().hex,
        },
        "_shop_id": shop_id,
        "_history": [{"status": "on-hold", "at": world.clock.text()}],
    }
    world.store.put(ORDER, order_id, order)
    world.store.put(EXTERNAL, f"{shop_id}:{body['external_id']}{suffix}", {"order_id": order_id})
    return order


def _item(line: dict[str, Any], country: str) -> dict[str, Any]:
    variant, product = line["variant"], line["product"]
    metadata = {
        "title": product["title"],
        "price": variant["price"],
        "variant_label": variant["title"],
        "sku": variant["sku"],
        "country": "United States" if country == "US" else country,
    }
    if line["external_id"]:
        metadata["external_id"] = line["external_id"]
    return {
        "product_id": product["id"],
        "variant_id": variant["id"],
        "print_provider_id": line["blank"].provider_id,
        "quantity": line["quantity"],
        "cost": variant["cost"],
        "shipping_cost": 0,
        "status": "on-hold",
        "metadata": metadata,
        "sent_to_production_at": None,
        "fulfilled_at": None,
    }


def _resolve(world: World, number: int, entry: Any) -> dict[str, Any]:
    where = f"line_items.{number}"
    if not isinstance(entry, dict):
        stop(refuse({where: ["The line item must be an object."]}))
    quantity = whole(entry.get("quantity"))
    if quantity is None or not 1 <= quantity <= 10_000:
        stop(refuse({f"{where}.quantity": ["The quantity must be between 1 and 10000."]}))
    product, variant = _find_variant(world, entry)
    if product is None or variant is None:
        stop(refuse({where: ["The selected product or variant does not exist."]}, 8103))
        raise AssertionError("refused above")
    if not (variant["is_enabled"] and variant["is_available"]):
        stop(refuse({where: [f"The variant {variant['title']} is not available."]}, 8103))
    blank = find_blank(product["blueprint_id"], product["print_provider_id"])
    return {
        "product": product,
        "variant": variant,
        "blank": blank,
        "quantity": quantity,
        "external_id": entry.get("external_id"),
    }


def _find_variant(world: World, entry: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    if "product_id" in entry:
        product = world.store.get(PRODUCT, str(entry["product_id"]))
        rows = product["variants"] if product else []
        return product, next((row for row in rows if row["id"] == entry.get("variant_id")), None)
    if "sku" in entry:
        for product in world.store.all(PRODUCT):
            for row in product["variants"]:
                if row["sku"] == entry["sku"]:
                    return product, row
        return None, None
    return _made_on_the_fly(entry)


def _made_on_the_fly(entry: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    blank = find_blank(whole(entry.get("blueprint_id")) or 0, whole(entry.get("print_provider_id")) or 0)
    cells = variants_of(blank) if blank else ()
    cell = next((cell for cell in cells if cell.id == entry.get("variant_id")), None)
    if blank is None or cell is None:
        return None, None
    product = {
        "id": new_id(),
        "title": blank.title,
        "blueprint_id": blank.blueprint_id,
        "print_provider_id": blank.provider_id,
    }
    variant = {
        "id": cell.id,
        "title": cell.title,
        "sku": f"fly-{cell.id}",
        "cost": cell.cost,
        "price": cell.cost,
        "is_enabled": True,
        "is_available": cell.in_stock,
    }
    return product, variant
