"""Queries and mutations of webhook subscriptions (contracts/shopify.md §9)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.shopify.executing import Call
from sandbox.shopify.hooking import HOOK, hook_node, hooks_of
from sandbox.shopify.product_nodes import connection
from sandbox.shopify.shelf import shelf_of
from sandbox.shopify.shopfront import Json, gid, number_of


def list_hooks(call: Call, asked: Json) -> Any:
    topics, uri = asked.get("topics"), asked.get("uri")
    hooks = [h for h in hooks_of(call.world) if (not topics or h["topic"] in topics) and uri in (None, h["uri"])]
    return connection(hooks, hook_node)


def create_hook(call: Call, asked: Json) -> Json:
    shelf, told = shelf_of(call.world), asked["webhookSubscription"]
    uri, topic = str(told.get("uri") or ""), asked["topic"]
    parts = urlsplit(uri)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
        return _no(["webhookSubscription", "uri"], "Address protocol http:// is not supported")
    with shelf.lock:
        if any(hook["uri"] == uri and hook["topic"] == topic for hook in hooks_of(call.world)):
            return _no(["webhookSubscription", "uri"], "Address for this topic has already been taken")
        hook = {"id": shelf.number("hook"), "topic": topic, "uri": uri, "at": shelf.now()}
        call.world.store.put(HOOK, str(hook["id"]), hook)
    return {"webhookSubscription": hook_node(hook), "userErrors": []}


def delete_hook(call: Call, asked: Json) -> Json:
    number = number_of(asked["id"], "WebhookSubscription")
    if not call.world.store.delete(HOOK, str(number)):
        error = {"field": ["id"], "message": "Webhook subscription does not exist"}
        return {"deletedWebhookSubscriptionId": None, "userErrors": [error]}
    return {"deletedWebhookSubscriptionId": gid("WebhookSubscription", number), "userErrors": []}


def _no(field: list[str], message: str) -> Json:
    return {"webhookSubscription": None, "userErrors": [{"field": field, "message": message}]}


QUERIES = {"webhookSubscriptions": list_hooks}
MUTATIONS = {"webhookSubscriptionCreate": create_hook, "webhookSubscriptionDelete": delete_hook}
