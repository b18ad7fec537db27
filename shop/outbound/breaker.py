"""Circuit breaker: after some failures in a row a service is left alone for a while, then ONE caller tries.

State lives in Redis, so all processes share it; every key expires by itself. Without Redis each process keeps its
own. Times come from Redis' clock, so the clocks of the machines do not matter.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from flask import has_app_context
from redis import Redis

from shop.core import redis as redis_door
from shop.core.scope import scoped_key
from shop.outbound.facts import Service

PROBE_SECONDS = 60.0
_FORGET_SECONDS = 600

# Answers milliseconds to wait: 0 = go, -1 = go, you are the probe.
_CHECK = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local opened = tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
if opened == 0 then return 0 end
if now < opened then return opened - now end
if redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then return -1 end
return math.max(redis.call('PTTL', KEYS[2]), 1)
"""
_FAILED = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
local opened = tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
if failures >= tonumber(ARGV[1]) or opened > 0 then
  redis.call('HSET', KEYS[1], 'until', now + tonumber(ARGV[2]))
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('DEL', KEYS[2])
return failures
"""


@dataclass
class _Local:
    failures: int = 0
    opened_until: float = 0.0
    probe_until: float = 0.0


_local: dict[str, _Local] = {}
_lock = threading.Lock()


def seconds_to_wait(service: Service) -> float:
    """0 when a call may go out (the caller may be the one probe); else how long the breaker stays open."""
    milliseconds = _run(_CHECK, service, int(PROBE_SECONDS * 1000))
    if milliseconds is not None:
        return max(float(milliseconds), 0.0) / 1000
    now = time.monotonic()
    with _lock:
        state = _local.setdefault(_key(service), _Local())
        if state.opened_until == 0:
            return 0.0
        if now < state.opened_until:
            return state.opened_until - now
        if now < state.probe_until:
            return state.probe_until - now
        state.probe_until = now + PROBE_SECONDS
        return 0.0


def rests_for(service: Service) -> float:
    """Seconds that the breaker stays open, for a page; takes no probe. 0: calls go out, or Redis does not tell."""
    keys = _keys(service)

    def peek(r: Redis) -> float:
        until = r.hget(keys[0], "until")
        seconds, micros = r.time()
        return float(until) / 1000 - seconds - micros / 1e6 if until else 0.0

    found = redis_door.attempt(peek) if has_app_context() else None
    return max(found or 0.0, 0.0)


def record_failure(service: Service) -> None:
    """The service did not answer, or answered that it cannot. A failed probe opens again at once."""
    forget = int(max(service.open_seconds * 4, _FORGET_SECONDS) * 1000)
    if _run(_FAILED, service, service.failures_to_open, int(service.open_seconds * 1000), forget) is not None:
        return
    with _lock:
        state = _local.setdefault(_key(service), _Local())
        state.failures += 1
        if state.failures >= service.failures_to_open or state.opened_until:
            state.opened_until = time.monotonic() + service.open_seconds
        state.probe_until = 0.0


def record_success(service: Service) -> None:
    """It answered: closed, and the count starts again."""
    keys = _keys(service)
    if has_app_context():
        redis_door.attempt(lambda r: r.delete(*keys))
    with _lock:
        _local.pop(_key(service), None)


def _run(script: str, service: Service, *arguments: int) -> Any:
    if not has_app_context():
        return None
    keys = _keys(service)

    def call(r: Redis) -> Any:
        return r.eval(script, len(keys), *keys, *arguments)

    return redis_door.attempt(call)


def _key(service: Service) -> str:
    return scoped_key("breaker", service.key)


def _keys(service: Service) -> tuple[str, str]:
    return _key(service), scoped_key("breaker", service.key, "probe")
