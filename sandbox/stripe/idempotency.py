"""One key, one piece of work: replay, refusal of other parameters, 409 while it runs. contracts/stripe.md §9."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.refusing import Refusal
from sandbox.world import World

_KIND = "stripe.idempotency"
_DAY = 24 * 3600
# A request that runs longer than this died with its process.
_LONGEST_RUN = 60.0
_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer given before under this key."""

    status: int
    body: Any


def begin(world: World, key: str, path: str, fingerprint: str) -> Stored | None:
    """Claim the key for this request. A Stored answer means: replay it. Raises the 400 or the 409."""
    if len(key) > _LONGEST_KEY:
        message = f"Idempotency keys can be at most {_LONGEST_KEY} characters."
        raise Refusal(message, kind="idempotency_error")
    with world.store.lock:
        entry = world.store.get(_KIND, key)
        if entry is not None and entry["at"] > world.clock.now() - _DAY:
            _compare(entry, key, path, fingerprint)
            if entry["status"] is not None:
                return Stored(entry["status"], entry["body"])
            if entry["started"] > time.time() - _LONGEST_RUN:
                message = (
                    f"There is currently another in-progress request using this Idempotent Key: {key} (that probably "
                    "means you submitted twice, and the other request is still going through)."
                )
                raise Refusal(message, status=409, kind="idempotency_error", code="idempotency_key_in_use")
        world.store.put(
            _KIND,
            key,
            {
                "at": world.clock.now(),
                "started": time.time(),
                "path": path,
                "fingerprint": fingerprint,
                "status": None,
                "body": None,
            },
        )
    return None


def finish(world: World, key: str, status: int, body: Any) -> None:
    """Keep the answer for 24 hours (of the virtual clock), errors of executed work included."""
    with world.store.lock:
        entry = world.store.get(_KIND, key)
        if entry is not None:
            world.store.put(_KIND, key, {**entry, "status": status, "body": body})


def forget(world: World, key: str) -> None:
    """The request was refused before any work: the key is free again."""
    world.store.delete(_KIND, key)


def _compare(entry: dict[str, Any], key: str, path: str, fingerprint: str) -> None:
    if entry["path"] != path:
        message = (
            f"Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{path}' vs '{entry['path']}'). Try using a key other than '{key}' if you meant to execute a different "
            "request."
        )
        raise Refusal(message, kind="idempotency_error")
    if entry["fingerprint"] != fingerprint:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
        raise Refusal(message, kind="idempotency_error")
