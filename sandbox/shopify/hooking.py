"""Webhooks: subscriptions, signed deliveries of REST-shaped bodies, and their end after failures (§9)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable
from typing import Any

import orjson

from sandbox.shopify.shelf import Shelf
from sandbox.shopify.shopfront import CLIENT_SECRET, CURRENCY, SHOP, VERSION, Json, gid, money, stamp

HOOK = "shopify_hook"
#: 8 retries over 4 hours, longer each time
WAITS = [10.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 3960.0, 4280.0]


def topic_name(enum: str) -> str:
    """ORDERS_CREATE -> "orders/create", INVENTORY_LEVELS_UPDATE -> "inventory_levels/update"."""
    head, _, tail = enum.lower().rpartition("_")
    return f"{head}/{tail}"


def tell(shelf: Shelf, topic: str, body: Json) -> None:
    """Send it to everybody who asked for it. Nobody asked: nothing is built or sent."""
    hooks = [hook for hook in shelf.world.store.all(HOOK) if topic_name(hook["topic"]) == topic]
    if not hooks:
        return
    raw, event = orjson.dumps(body), str(uuid.uuid4())
    for hook in hooks:
        one = str(uuid.uuid4())
        shelf.world.hooks.send(
            "shopify", hook["uri"], raw, _signer(topic, one, event, stamp(shelf.now())), one, list(WAITS), topic,
            _on_outcome(shelf, hook["id"]),
        )  # fmt: skip


def _signer(topic: str, one: str, event: str, at: str) -> Callable[[bytes, float], dict[str, str]]:
    def sign(raw: bytes, _: float) -> dict[str, str]:
        told = hmac.new(CLIENT_SECRET.encode(), raw, hashlib.sha256).digest()
        return {
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": SHOP,
            "X-Shopify-Hmac-Sha256": base64.b64encode(told).decode(),
            "X-Shopify-Webhook-Id": one,
            "X-Shopify-Event-Id": event,
            "X-Shopify-API-Version": VERSION,
            "X-Shopify-Triggered-At": at,
        }

    return sign


def _on_outcome(shelf: Shelf, number: int) -> Callable[[bool], None]:
    def note(good: bool) -> None:
        if not good:  # the ninth attempt failed as well: an API-created subscription is removed
            shelf.world.store.delete(HOOK, str(number))

    return note


def tell_product(shelf: Shelf, product: Json, topic: str) -> None:
    if _is_asked(shelf, topic):
        tell(shelf, topic, {"id": product["id"]} if topic == "products/delete" else product_body(product))


def tell_stock(shelf: Shelf, item_id: int, location: int, available: int) -> None:
    body = {
        "inventory_item_id": item_id, "location_id": location, "available": available,
        "updated_at": stamp(shelf.now()), "admin_graphql_api_id": gid("InventoryLevel", location),
    }  # fmt: skip
    tell(shelf, "inventory_levels/update", body)


def _is_asked(shelf: Shelf, topic: str) -> bool:
    return any(topic_name(hook["topic"]) == topic for hook in shelf.world.store.all(HOOK))


def product_body(product: Json) -> Json:
    """The REST resource."""
    return {
        "id": product["id"],
        "admin_graphql_api_id": gid("Product", product["id"]),
        "title": product["title"],
        "body_html": product["html"],
        "vendor": product["vendor"],
        "product_type": product["type"],
        "handle": product["handle"],
        "status": product["status"].lower(),
        "tags": ", ".join(sorted(product["tags"])),
        "created_at": stamp(product["created_at"]),
        "updated_at": stamp(product["updated_at"]),
        "published_at": stamp(product["published_at"]) if product["published_at"] else None,
        "options": [
            {"id": o["id"], "product_id": product["id"], "name": o["name"], "position": place,
             "values": [v["name"] for v in o["values"]]}
            for place, o in enumerate(product["options"], 1)
        ],
        "images": [
            {"id": m["id"], "src": m["url"], "alt": m["alt"], "position": p} for p, m in enumerate(product["media"], 1)
        ],
        "variants": [_variant_body(product, v, place) for place, v in enumerate(product["variants"], 1)],
    }  # fmt: skip


def _variant_body(product: Json, variant: Json, place: int) -> Json:
    values = variant["values"] + [None] * (3 - len(variant["values"]))
    return {
        "id": variant["id"], "product_id": product["id"], "title": " / ".join(variant["values"]),
        "price": money(variant["price"]), "sku": variant["sku"], "position": place,
        "compare_at_price": None if variant["compare_at"] is None else money(variant["compare_at"]),
        "option1": values[0], "option2": values[1], "option3": values[2], "barcode": variant["barcode"],
        "inventory_item_id": variant["item_id"], "inventory_quantity": sum(variant["stock"].values()),
        "admin_graphql_api_id": gid("ProductVariant", variant["id"]),
    }  # fmt: skip


def order_body(order: Json) -> Json:
    return {
        "id": order["id"],
        "admin_graphql_api_id": gid("Order", order["id"]),
        "name": order["name"],
        "order_number": order["number"],
        "email": order["email"],
        "currency": CURRENCY,
        "total_price": money(order["total"]),
        "financial_status": order["financial"].lower(),
        "fulfillment_status": {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}.get(order["fulfilment"]),
        "cancelled_at": stamp(order["cancelled_at"]) if order["cancelled_at"] else None,
        "created_at": stamp(order["created_at"]),
        "updated_at": stamp(order["updated_at"]),
        "source_identifier": order["reference"] or None,
        "line_items": [
            {"id": line["id"], "title": line["title"], "sku": line["sku"], "quantity": line["quantity"],
             "price": money(line["unit"]), "variant_id": line["variant_id"] or None}
            for line in order["lines"]
        ],
    }  # fmt: skip


def customer_body(customer: Json) -> Json:
    return {
        "id": customer["id"], "admin_graphql_api_id": gid("Customer", customer["id"]), "email": customer["email"],
        "first_name": customer["first_name"], "last_name": customer["last_name"], "phone": customer["phone"] or None,
        "tags": ", ".join(customer["tags"]), "created_at": stamp(customer["created_at"]),
        "updated_at": stamp(customer["updated_at"]),
    }  # fmt: skip


def hook_node(hook: Json) -> Json:
    return {
        "__typename": "WebhookSubscription", "id": gid("WebhookSubscription", hook["id"]), "topic": hook["topic"],
        "uri": hook["uri"], "format": "JSON", "createdAt": stamp(hook["at"]), "updatedAt": stamp(hook["at"]),
        "legacyResourceId": str(hook["id"]),
    }  # fmt: skip


def hooks_of(world: Any) -> list[Json]:
    found: list[Json] = world.store.all(HOOK)
    return found
