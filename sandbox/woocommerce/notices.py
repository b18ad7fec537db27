"""Webhooks as WooCommerce sends them: signed, in the background, never repeated, switched off after more than five
failures in a row (contracts/woocommerce.md §8)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

import orjson

from sandbox.woocommerce.shop import Json, Shop

MOST_FAILURES = 5
_EVENTS = ("created", "updated", "deleted", "restored")
TOPICS = tuple(
    f"{what}.{event}"
    for what in ("order", "product", "customer", "coupon")
    for event in _EVENTS
    if (what, event) != ("customer", "restored")
)


def notify(shop: Shop, topic: str, thing: Json) -> None:
    """To every active subscription. A deleted thing is told by its id alone; a product without its variations."""
    hooks = [hook for hook in shop.all("hook") if hook["topic"] == topic and hook["status"] == "active"]
    if not hooks:
        return
    body = orjson.dumps({"id": thing["id"]} if topic.endswith(".deleted") else thing)
    for hook in hooks:
        _send(shop, hook, topic, body)


def ping(shop: Shop, hook: Json) -> None:
    """Of a new subscription: a form, unsigned."""
    body = f"webhook_id={hook['id']}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    shop.world.hooks.send(
        "woocommerce", hook["delivery_url"], body, lambda raw, at: headers, f"ping-{hook['id']}", topic="ping"
    )


def _send(shop: Shop, hook: Json, topic: str, body: bytes) -> None:
    what, _, event = topic.partition(".")
    # the hash of the subscription and this second: two in one second share it
    delivery = hashlib.md5(f"{hook['id']}{shop.gmt()}".encode(), usedforsecurity=False).hexdigest()
    headers = {
        "X-WC-Webhook-Source": f"{shop.url}/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": what,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": sign(body, hook["secret"]),
        "X-WC-Webhook-ID": str(hook["id"]),
        "X-WC-Webhook-Delivery-ID": delivery,
        "User-Agent": "WooCommerce/11.0.0 Hookshot (WordPress/6.9)",
    }
    shop.world.hooks.send(
        "woocommerce", hook["delivery_url"], body, lambda raw, at: headers, delivery, topic=topic,
        on_outcome=_counter(shop, int(hook["id"])),
    )  # fmt: skip


def sign(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _counter(shop: Shop, number: int) -> Callable[[bool], None]:
    def count(good: bool) -> None:
        with shop.world.store.lock:
            hook = shop.get("hook", number)
            if hook is None:
                return
            hook["failure_count"] = 0 if good else hook["failure_count"] + 1
            if hook["failure_count"] > MOST_FAILURES:
                hook["status"] = "disabled"
            shop.put("hook", hook)

    return count
