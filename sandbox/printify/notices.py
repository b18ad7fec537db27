"""Printify's webhooks: signed envelopes, three retries, and a URL blocked for an hour after that (§7)."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import Any

import orjson

from sandbox.world import World

TOPICS = frozenset({
    "shop:disconnected", "product:created", "product:updated", "product:deleted", "product:publish:started",
    "order:created", "order:updated", "order:sent-to-production", "order:shipment:created",
    "order:shipment:delivered", "personalization-preview-task:processed", "support-request:updated",
})  # fmt: skip
WAITS = (5.0, 30.0, 120.0)
BLOCK_SECONDS = 3600.0
HOOK = "printify_webhook"
BLOCK = "printify_block"


def sign(secret: str, body: bytes) -> dict[str, str]:
    """``X-Pfy-Signature`` over the raw bytes; nothing without a secret."""
    if not secret:
        return {}
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Pfy-Signature": f"sha256={digest}"}


def envelope(world: World, topic: str, resource: dict[str, Any]) -> dict[str, Any]:
    """One event as it is delivered."""
    return {"id": str(uuid.uuid4()), "type": topic, "created_at": world.clock.text(), "resource": resource}


def tell(world: World, topic: str, resource_id: str | int, data: dict[str, Any] | None, shop_id: int) -> None:
    """Deliver an event to whoever subscribed to its topic in this shop."""
    resource = {"id": resource_id, "type": topic.split(":", 1)[0], "data": data}
    event = envelope(world, topic, resource)
    for hook in world.store.all(HOOK):
        if hook["topic"] == topic and hook["shop_id"] == shop_id:
            deliver(world, hook, event)


def deliver(world: World, hook: dict[str, Any], event: dict[str, Any]) -> None:
    """Send one event to one subscription, unless its URL is blocked (then the event is lost)."""
    body, url, topic = orjson.dumps(event), str(hook["url"]), str(event["type"])
    if blocked_until(world, url) > world.clock.now():
        world.hooks.skip("printify", url, body, str(event["id"]), topic, "the URL is blocked for an hour")
        return
    secret = str(hook.get("secret") or "")

    def outcome(delivered: bool) -> None:
        if not delivered:
            world.store.put(BLOCK, url, {"url": url, "until": world.clock.now() + BLOCK_SECONDS})

    world.hooks.send(
        "printify",
        url,
        body,
        lambda raw, at: sign(secret, raw),
        str(event["id"]),
        list(WAITS),
        topic,
        outcome,
    )


def blocked_until(world: World, url: str) -> float:
    """Unix seconds until which nothing is sent to this URL; 0 when it is free."""
    block = world.store.get(BLOCK, url)
    return float(block["until"]) if block else 0.0
