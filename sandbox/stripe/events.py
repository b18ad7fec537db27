"""Events: stored for the list first, then sent signed to every endpoint. Source: contracts/stripe.md §7, §8.

An event is in ``/v1/events`` whether or not its delivery was lost: that is what a reconciling shop lives on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable

from flask import g, has_request_context

from sandbox.stripe import book, endpoints
from sandbox.stripe.book import API_VERSION, Obj
from sandbox.stripe.ids import new_id
from sandbox.world import World

# Waits in virtual seconds after each failed attempt. Stripe's sandbox tries three times more within a few hours; the
# first waits are short here so that a shop that was restarting gets its events while someone watches.
RETRY_WAITS = [5.0, 60.0, 3600.0]


def record(world: World, event_type: str, subject: Obj, previous: Obj | None = None) -> Obj:
    """Store an event about ``subject`` as it is now, and send it. Returns the event."""
    data: Obj = {"object": book.public(subject)}
    if previous is not None:
        data["previous_attributes"] = previous
    listeners = endpoints.listening(world, event_type)
    caller = getattr(g, "stripe_request", None) if has_request_context() else None
    event: Obj = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": book.now(world),
        "data": data,
        "livemode": False,
        "pending_webhooks": len(listeners),
        "request": caller or {"id": None, "idempotency_key": None},
        "type": event_type,
    }
    book.save(world, event)
    for endpoint in listeners:
        deliver(world, event, endpoint)
    return event


def deliver(world: World, event: Obj, endpoint: Obj) -> None:
    """Send one event to one endpoint through the hook sender (which may duplicate, shuffle, delay or lose it)."""
    body = json.dumps(book.public(event), indent=2).encode()
    world.hooks.send(
        "stripe",
        endpoint["url"],
        body,
        signer(endpoint["_secret"]),
        event["id"],
        retries=list(RETRY_WAITS),
        topic=event["type"],
        on_outcome=lambda good: _note_outcome(world, event["id"], good),
    )


def resend(world: World, event_id: str, times: int = 1) -> int:
    """Send a stored event again; returns how many deliveries were queued. Raises the 404 for an unknown id."""
    event = book.get(world, "event", event_id)
    listeners = endpoints.listening(world, event["type"])
    for _ in range(times):
        for endpoint in listeners:
            deliver(world, event, endpoint)
    return times * len(listeners)


def signer(secret: str) -> Callable[[bytes, float], dict[str, str]]:
    """Makes ``Stripe-Signature`` for one attempt.

    The time stamp is the wall clock's, not the virtual one: a shop compares it with its own watch.
    """

    def sign(body: bytes, _at: float) -> dict[str, str]:
        return {
            "Stripe-Signature": signature(secret, body, int(time.time())),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Content-Type": "application/json; charset=utf-8",
        }

    return sign


def signature(secret: str, body: bytes, at: int) -> str:
    """``t=…,v1=…``: HMAC-SHA256 over ``"{t}.{body}"`` with the whole secret text as key."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _note_outcome(world: World, event_id: str, good: bool) -> None:
    if not good:
        return
    with world.store.lock:
        event = book.find(world, "event", event_id)
        if event is not None and event["pending_webhooks"] > 0:
            event["pending_webhooks"] -= 1
            book.save(world, event)
