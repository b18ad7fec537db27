"""Their webhooks: verified on the raw bytes, then said in our words (contracts/shopify.md §9). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

import orjson

from shop.channels.connector import HookCall
from shop.channels.shopify.reading import read_time
from shop.inbound.verifying import Forged

TOPICS = (
    "PRODUCTS_CREATE", "PRODUCTS_UPDATE", "PRODUCTS_DELETE", "ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_PAID",
    "ORDERS_CANCELLED", "CUSTOMERS_CREATE", "CUSTOMERS_UPDATE", "CUSTOMERS_DELETE", "INVENTORY_LEVELS_UPDATE",
    "REFUNDS_CREATE", "APP_UNINSTALLED",
)  # fmt: skip
#: topic → (ours, the kind of its id, where the id stands in the body)
_MEANING = {
    "products/create": ("product.changed", "Product", "id"),
    "products/update": ("product.changed", "Product", "id"),
    "products/delete": ("product.deleted", "Product", "id"),
    "orders/create": ("order.changed", "Order", "id"),
    "orders/updated": ("order.changed", "Order", "id"),
    "orders/paid": ("order.changed", "Order", "id"),
    "orders/cancelled": ("order.changed", "Order", "id"),
    "orders/fulfilled": ("order.changed", "Order", "id"),
    "refunds/create": ("order.changed", "Order", "order_id"),
    "fulfillments/create": ("order.changed", "Order", "order_id"),
    "fulfillments/update": ("order.changed", "Order", "order_id"),
    "customers/create": ("customer.changed", "Customer", "id"),
    "customers/update": ("customer.changed", "Customer", "id"),
    "customers/delete": ("customer.changed", "Customer", "id"),
    "inventory_levels/update": ("stock.changed", "InventoryItem", "inventory_item_id"),
}


def read(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> list[HookCall]:
    """[] for a topic that means nothing to us. Raises Forged."""
    given = {name.lower(): value for name, value in headers.items()}
    verify(body, given.get("x-shopify-hmac-sha256", ""), secrets)
    topic, one = given.get("x-shopify-topic", "").lower(), given.get("x-shopify-webhook-id", "")
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(told, dict) or not one:
        return []
    at = read_time(given.get("x-shopify-triggered-at"))
    if topic == "app/uninstalled":
        return [HookCall("disconnected", str(told.get("myshopify_domain") or told.get("id") or ""), one, at, told)]
    if topic not in _MEANING:
        return []
    meaning, kind, where = _MEANING[topic]
    number = told.get(where)
    if not isinstance(number, int | str) or not str(number).isdigit():
        return []
    return [HookCall(meaning, f"gid://shopify/{kind}/{number}", one, at, told)]


def verify(body: bytes, given: str, secrets: Sequence[str]) -> None:
    """base64(HMAC-SHA256(client secret, raw body)); any of the secrets may fit, as after a rotation. Raises Forged."""
    for secret in secrets:
        if not secret or not given:
            continue
        expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
        if hmac.compare_digest(expected, given.encode("utf-8", "replace")):
            return
    raise Forged
