"""The door to Redis. Redis may be empty, slow or absent at any time: callers get None, never an error.

After a failure the door stays shut for a few seconds, so that a dead Redis costs one short wait, not one a page.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis
from flask import current_app

T = TypeVar("T")
_SHUT_SECONDS = 3.0


class RedisDoor:
    """One connection pool; `attempt` runs a call and remembers failures."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = redis.Redis.from_url(
            url, socket_connect_timeout=0.3, socket_timeout=1.0, health_check_interval=30
        )
        self._shut_until = 0.0

    def attempt(self, call: Callable[[redis.Redis], T]) -> T | None:
        """Run `call`; None when Redis is not to be had."""
        if time.monotonic() < self._shut_until:
            return None
        try:
            return call(self.client)
        except redis.RedisError:
            self._shut_until = time.monotonic() + _SHUT_SECONDS
            return None


def door() -> RedisDoor | None:
    """The app's Redis, or None when no REDIS_URL is set."""
    found: RedisDoor | None = current_app.extensions.get("imprint.redis")
    return found


def attempt(call: Callable[[redis.Redis], T]) -> T | None:
    """Run `call` against the app's Redis; None when it is not to be had."""
    here = door()
    return here.attempt(call) if here else None
