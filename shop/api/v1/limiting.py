"""How much a key may ask for, told in the fields of draft-ietf-httpapi-ratelimit-headers-10.

    RateLimit-Policy: "key";q=600;w=60      600 requests in 60 seconds
    RateLimit: "key";r=587;t=21             587 are left, all of them again in 21 seconds

Counted in Redis for all processes together; without Redis each process counts for itself.
"""

from __future__ import annotations

import threading
import time

from flask import Response, g
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter

from shop.api.v1.problems import ApiProblem
from shop.core import redis as redis_door
from shop.core.redis import RedisDoor
from shop.core.scope import scoped_key
from shop.extensions import limiter

FAILURES_A_MINUTE = 300  # of one address, without a good key
WINDOW = 60

_memory = FixedWindowRateLimiter(MemoryStorage())
_shared: dict[str, FixedWindowRateLimiter] = {}
_lock = threading.Lock()


def count_request(key_id: int, per_minute: int) -> None:
    """One more of this key. Raises ApiProblem (429)."""
    allowed, left, again = _count(f"key-{key_id}", per_minute)
    g.api_rate = (per_minute, left, again)
    if not allowed:
        why = f"This key has made its {per_minute} requests of the minute."
        raise ApiProblem("too-many", why, headers={"Retry-After": str(again)})


def count_failure(address: str) -> None:
    """One more from this address without a good key. Raises ApiProblem (429)."""
    if not limiter.enabled:
        return
    allowed, _, again = _count(f"refused-{address}", FAILURES_A_MINUTE)
    if not allowed:
        why = "Too many requests without a good key came from this address."
        raise ApiProblem("too-many", why, headers={"Retry-After": str(again)})


def tell_the_rate(response: Response) -> Response:
    """The headers of every answer to a key."""
    if "api_rate" in g:
        per_minute, left, again = g.api_rate
        response.headers["RateLimit-Policy"] = f'"key";q={per_minute};w={WINDOW}'
        response.headers["RateLimit"] = f'"key";r={left};t={again}'
    return response


def _count(who: str, at_most: int) -> tuple[bool, int, int]:
    """(allowed, how many are left, seconds until all are there again)."""
    item, name = RateLimitItemPerMinute(at_most), scoped_key("api", who)
    door = redis_door.door()
    if door is not None:
        shared = _limiter(door)
        told = door.attempt(lambda _: _hit(shared, item, name))
        if told is not None:
            return told
    return _hit(_memory, item, name)


def _hit(strategy: FixedWindowRateLimiter, item: RateLimitItemPerMinute, name: str) -> tuple[bool, int, int]:
    allowed = strategy.hit(item, name)
    window = strategy.get_window_stats(item, name)
    return allowed, max(0, window.remaining), max(1, round(window.reset_time - time.time()))


def _limiter(door: RedisDoor) -> FixedWindowRateLimiter:
    with _lock:
        if door.url not in _shared:
            storage = RedisStorage(door.url, connection_pool=door.client.connection_pool)
            _shared[door.url] = FixedWindowRateLimiter(storage)
        return _shared[door.url]
