"""Webhook endpoints: where events go, and with which secret. Source: contracts/stripe.md §3, §7."""

from __future__ import annotations

import os
import secrets

from sandbox.stripe import book
from sandbox.stripe.book import API_VERSION, Obj
from sandbox.stripe.ids import new_id, random_text
from sandbox.stripe.refusing import Refusal
from sandbox.stripe.wire import Params, merge_metadata, rows, text, truth, url
from sandbox.world import World

DEFAULT_ID = "we_sandbox_default"
DEFAULT_SECRET = "whsec_sandbox"


def ensure_default(world: World) -> None:
    """The endpoint of the shop itself exists from the start and again after a reset; once deleted it stays deleted."""
    with world.store.lock:
        if world.store.get("stripe.seeded", "endpoint"):
            return
        world.store.put("stripe.seeded", "endpoint", {"done": True})
        endpoint = _shape(
            world,
            id_=DEFAULT_ID,
            address=f"{world.settings.shop_url}/api/webhooks/stripe",
            events=["*"],
            secret=os.environ.get("SANDBOX_STRIPE_WEBHOOK_SECRET") or DEFAULT_SECRET,
            description="The shop this sandbox belongs to",
        )
        book.save(world, endpoint)


def create(world: World, params: Params) -> Obj:
    """A new endpoint; its secret is shown in this answer only."""
    address = url(params, "url", needed=True) or ""
    events = _events(params)
    endpoint = _shape(
        world,
        id_=new_id("we"),
        address=address,
        events=events,
        secret=f"whsec_{random_text(32)}",
        description=text(params, "description"),
    )
    endpoint["api_version"] = text(params, "api_version") or None
    endpoint["metadata"] = merge_metadata({}, params)
    book.save(world, endpoint)
    return {**endpoint, "secret": endpoint["_secret"]}


def update(world: World, id_: str, params: Params) -> Obj:
    endpoint = book.get(world, "webhook_endpoint", id_, "webhook_endpoint")
    if "url" in params:
        endpoint["url"] = url(params, "url", needed=True)
    if "enabled_events" in params:
        endpoint["enabled_events"] = _events(params)
    if "description" in params:
        endpoint["description"] = text(params, "description")
    disabled = truth(params, "disabled")
    if disabled is not None:
        endpoint["status"] = "disabled" if disabled else "enabled"
    endpoint["metadata"] = merge_metadata(endpoint["metadata"], params)
    return book.save(world, endpoint)


def delete(world: World, id_: str) -> Obj:
    book.get(world, "webhook_endpoint", id_, "webhook_endpoint")
    world.store.delete(book.KINDS["webhook_endpoint"], id_)
    return {"id": id_, "object": "webhook_endpoint", "deleted": True}


def listening(world: World, event_type: str) -> list[Obj]:
    """The enabled endpoints that want this type."""
    ensure_default(world)
    found = world.store.all(book.KINDS["webhook_endpoint"])
    return [
        endpoint
        for endpoint in found
        if endpoint["status"] == "enabled"
        and ("*" in endpoint["enabled_events"] or event_type in endpoint["enabled_events"])
    ]


def _events(params: Params) -> list[str]:
    events = [str(name) for name in rows(params, "enabled_events")]
    if not events:
        raise Refusal("You must specify at least one event type.", param="enabled_events")
    if "*" in events and len(events) > 1:
        raise Refusal("`*` cannot be combined with other event types.", param="enabled_events")
    return events


def _shape(world: World, *, id_: str, address: str, events: list[str], secret: str, description: str | None) -> Obj:
    return {
        "id": id_,
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": book.now(world),
        "description": description,
        "enabled_events": events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": address,
        "_secret": secret or f"whsec_{secrets.token_hex(16)}",
    }
