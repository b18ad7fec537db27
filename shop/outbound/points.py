"""Budgets of cost points: a bucket that refills with time, shared by all workers through Redis.

    name = reserve(bucket, 112, max_wait=10)      waits until the platform will have room for it
    settle(bucket, name, Told(1888, 2000, 100))   what its answer said is left

A call reserves what it may cost before it leaves. What calls still under way have reserved is taken off, so that the
platform never has to say no (contracts/shopify.md §2). Times are Redis' own. Redis away: each process keeps half of
the bucket for itself.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import has_app_context

from shop.core import clock
from shop.core import redis as redis_door
from shop.core.scope import scoped_key
from shop.errors import RateLimited

FORGET_SECONDS = 600
UNDER_WAY_SECONDS = 150  # longer than a call may take; then what a worker that died had reserved is free again

#: ARGV: cost, first size, first rate, name, forget, under way. Answers milliseconds to wait; 0: reserved
_RESERVE = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local b = redis.call('HMGET', KEYS[1], 'left', 'at', 'size', 'rate')
local size = tonumber(b[3] or ARGV[2]); local rate = tonumber(b[4] or ARGV[3])
local left = math.min(size, tonumber(b[1] or size) + math.max(now - tonumber(b[2] or now), 0) * rate / 1000)
local held = redis.call('HGETALL', KEYS[2]); local under_way = 0
for i = 1, #held, 2 do
  local cost, since = string.match(held[i + 1], '^(%d+):(%d+)')
  if now - tonumber(since) > ARGV[6] * 1000 then redis.call('HDEL', KEYS[2], held[i])
  else under_way = under_way + tonumber(cost) end
end
local cost = math.min(tonumber(ARGV[1]), size)
if left - under_way < cost then return math.max(math.ceil((cost - left + under_way) / rate * 1000), 20) end
redis.call('HSET', KEYS[2], ARGV[4], string.format('%d:%d', cost, now))
redis.call('EXPIRE', KEYS[2], ARGV[5])
return 0
"""
#: ARGV: name, left ("" unknown), size, rate, forget. An answer to an older call does not overrule that to a newer one
_SETTLE = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local held = redis.call('HGET', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if ARGV[2] == '' or not held then return 0 end
local since = tonumber(string.match(held, ':(%d+)'))
if since < tonumber(redis.call('HGET', KEYS[1], 'since') or '0') then return 0 end
redis.call('HSET', KEYS[1], 'left', ARGV[2], 'at', now, 'size', ARGV[3], 'rate', ARGV[4], 'since', since)
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""


@dataclass(frozen=True)
class Bucket:
    """`key` names it, one for each account; `size` and `rate` (points a second) until the platform tells its own."""

    key: str
    size: float
    rate: float


@dataclass(frozen=True)
class Told:
    """What an answer said of the bucket."""

    left: float
    size: float
    rate: float


@dataclass
class _Local:
    left: float
    at: float
    size: float
    rate: float
    held: dict[str, float] = field(default_factory=dict)


_local: dict[str, _Local] = {}
_lock = threading.Lock()


def reserve(bucket: Bucket, cost: float, max_wait: float) -> str:
    """The reservation's name, to be settled whatever becomes of the call. Waits up to `max_wait` seconds.

    Raises RateLimited with `retry_at` when there will be no room in time; then nothing is reserved.
    """
    give_up, name = time.monotonic() + max_wait, uuid.uuid4().hex
    while (wait := _try(bucket, cost, name)) > 0:
        if time.monotonic() + wait > give_up:
            raise RateLimited(
                "This platform allows no more calls for the moment.",
                retry_at=clock.now() + timedelta(seconds=wait),
                service=bucket.key,
                detail=f"no room for {cost:.0f} points for another {wait:.1f} s",
                unsent=True,
            )
        time.sleep(min(wait, 1.0))
    return name


def settle(bucket: Bucket, name: str, told: Told | None) -> None:
    """The call is over. `told` None: its answer said nothing. A repeat does nothing."""
    left = "" if told is None else told.left
    size, rate = (told.size, told.rate) if told is not None else (0.0, 0.0)
    if _run(_SETTLE, bucket, name, left, size, rate, FORGET_SECONDS) is not None:
        return
    with _lock:
        here = _of(bucket)
        here.held.pop(name, None)
        if told is not None:
            here.left, here.at, here.size, here.rate = told.left / 2, time.monotonic(), told.size / 2, told.rate / 2


def _try(bucket: Bucket, cost: float, name: str) -> float:
    """0 when it was reserved, else the seconds until it may be."""
    waited = _run(_RESERVE, bucket, int(cost), bucket.size, bucket.rate, name, FORGET_SECONDS, UNDER_WAY_SECONDS)
    if waited is not None:
        return float(waited) / 1000
    with _lock:
        here, now = _of(bucket), time.monotonic()
        here.left, here.at = min(here.size, here.left + (now - here.at) * here.rate), now
        cost = min(cost, here.size)
        missing = cost - here.left + sum(here.held.values())
        if missing > 0:
            return max(missing / here.rate, 0.02)
        here.held[name] = cost
        return 0.0


def _of(bucket: Bucket) -> _Local:
    half = _Local(bucket.size / 2, time.monotonic(), bucket.size / 2, bucket.rate / 2)
    return _local.setdefault(scoped_key("points", bucket.key), half)


def _run(script: str, bucket: Bucket, *arguments: Any) -> Any:
    if not has_app_context():
        return None
    keys = (scoped_key("points", bucket.key), scoped_key("points", bucket.key, "under-way"))
    return redis_door.attempt(lambda r: r.eval(script, 2, *keys, *arguments))
