"""/v1/shops/{s}/webhooks…: subscribe, change, remove, simulate (contracts/printify.md §7)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from sandbox.printify.door import answer, not_found, posted, refuse, stop
from sandbox.printify.notices import HOOK, TOPICS, deliver, envelope
from sandbox.printify.products import new_id
from sandbox.printify.shops import find_shop
from sandbox.world import World, current_world

bp = Blueprint("printify_webhooks", __name__, url_prefix="/printify/v1/shops/<int:shop_id>")


@bp.get("/webhooks.json")
def list_webhooks(shop_id: int) -> Response:
    world = current_world()
    find_shop(world, shop_id)
    return answer([_shown(hook) for hook in world.store.all(HOOK) if hook["shop_id"] == shop_id])


@bp.post("/webhooks.json")
def subscribe(shop_id: int) -> Response:
    """One subscription per topic; the secret is never shown again."""
    world = current_world()
    find_shop(world, shop_id)
    body = posted()
    if body.get("topic") not in TOPICS:
        return refuse({"topic": ["The selected topic is invalid."]})
    url = _url(body.get("url"))
    with world.store.lock:
        if any(hook["topic"] == body["topic"] and hook["shop_id"] == shop_id for hook in world.store.all(HOOK)):
            return refuse({"topic": ["A webhook for this topic already exists."]})
        hook_id = new_id()
        hook = {"id": hook_id, "topic": body["topic"], "url": url, "shop_id": shop_id}
        world.store.put(HOOK, hook_id, {**hook, "secret": str(body.get("secret") or "")})
    return answer(hook)


@bp.put("/webhooks/<hook_id>.json")
def change(shop_id: int, hook_id: str) -> Response:
    """Only the address can change."""
    world = current_world()
    url = _url(posted().get("url"))
    with world.store.lock:
        hook = {**_find(world, shop_id, hook_id), "url": url}
        world.store.put(HOOK, hook_id, hook)
    return answer(_shown(hook))


@bp.delete("/webhooks/<hook_id>.json")
def remove(shop_id: int, hook_id: str) -> Response:
    """``host`` must be the host of the subscription's address."""
    world = current_world()
    hook = _find(world, shop_id, hook_id)
    address = urlsplit(str(hook["url"]))
    if request.args.get("host") not in (address.hostname, address.netloc):
        return refuse({"host": ["The host does not match the webhook's url."]})
    world.store.delete(HOOK, hook_id)
    return answer({"id": hook_id})


@bp.post("/webhooks/<hook_id>/simulate")
def simulate(shop_id: int, hook_id: str) -> Response:
    """Deliver the posted JSON inside ``resource``."""
    world = current_world()
    hook = _find(world, shop_id, hook_id)
    body = posted()
    kind = str(hook["topic"]).split(":", 1)[0]
    event = envelope(world, str(hook["topic"]), {"id": "simulated", "type": kind, "data": None, **body})
    deliver(world, hook, event)
    return answer(event)


def _find(world: World, shop_id: int, hook_id: str) -> dict[str, Any]:
    find_shop(world, shop_id)
    hook = world.store.get(HOOK, hook_id)
    if hook is None or hook["shop_id"] != shop_id:
        not_found()
    return hook or {}


def _shown(hook: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in hook.items() if key != "secret"}


def _url(value: Any) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        stop(refuse({"url": ["The url must be a valid http or https address."]}))
    return str(value)
