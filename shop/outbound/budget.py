"""Rate budgets: calls wait for a free slot before they leave, so a 429 that could be avoided is not earned.

Moving windows in Redis, shared by every process. Redis away: each process keeps half of the budget for itself.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from functools import partial

from flask import has_app_context
from limits import RateLimitItemPerSecond, WindowStats
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from shop.core import clock
from shop.core import redis as redis_door
from shop.core.redis import RedisDoor
from shop.core.scope import scoped_key
from shop.errors import RateLimited
from shop.outbound.facts import Budget, Service

_memory = MovingWindowRateLimiter(MemoryStorage())
_shared: dict[str, MovingWindowRateLimiter] = {}
_lock = threading.Lock()


def spend(service: Service, path: str, max_wait: float) -> None:
    """Take a slot of every budget that covers `path`, waiting up to `max_wait` seconds.

    Raises RateLimited with `retry_at` when no slot comes free in time; then nothing was sent.
    """
    give_up = time.monotonic() + max_wait
    for budget in service.budgets:
        if not budget.covers(path):
            continue
        while (wait := _try(service, budget)) > 0:
            if time.monotonic() + wait > give_up:
                raise RateLimited(
                    f"{service.name} allows no more calls for the moment.",
                    retry_at=clock.now() + timedelta(seconds=wait),
                    service=service.name,
                    detail=f"our own budget of {budget.limit} in {budget.seconds} s is used up",
                )
            time.sleep(min(wait, 1.0))


def slots_left(service: Service) -> list[tuple[Budget, int]]:
    """Each budget with how many calls it still allows now; [] without Redis."""
    door = redis_door.door() if has_app_context() else None
    if door is None:
        return []
    limiter, found = _limiter(door), []
    for budget in service.budgets:
        item = RateLimitItemPerSecond(budget.limit, budget.seconds, namespace="out")
        stats = door.attempt(partial(_stats, limiter, item, _name(service, budget)))
        if stats is not None:
            found.append((budget, stats.remaining))
    return found


def _stats(limiter: MovingWindowRateLimiter, item: RateLimitItemPerSecond, name: str, _: object) -> WindowStats:
    return limiter.get_window_stats(item, name)


def _name(service: Service, budget: Budget) -> str:
    return scoped_key("budget", service.key, f"{budget.limit}in{budget.seconds}")


def _try(service: Service, budget: Budget) -> float:
    """0 when a slot was taken, else the seconds until one may come free."""
    name = _name(service, budget)
    door = redis_door.door() if has_app_context() else None
    if door is not None:
        limiter = _limiter(door)
        waited = door.attempt(lambda _: _hit(limiter, budget, budget.limit, name))
        if waited is not None:
            return waited
    return _hit(_memory, budget, max(budget.limit // 2, 1), name)


def _hit(limiter: MovingWindowRateLimiter, budget: Budget, limit: int, name: str) -> float:
    item = RateLimitItemPerSecond(limit, budget.seconds, namespace="out")
    if limiter.hit(item, name):
        return 0.0
    return max(limiter.get_window_stats(item, name).reset_time - time.time(), 0.02)


def _limiter(door: RedisDoor) -> MovingWindowRateLimiter:
    with _lock:
        if door.url not in _shared:
            storage = RedisStorage(door.url, connection_pool=door.client.connection_pool)
            _shared[door.url] = MovingWindowRateLimiter(storage)
        return _shared[door.url]
