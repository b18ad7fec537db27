"""What calls to other services cost and came to, hour by hour, in Redis: one record for all processes, bounded.

/metrics tells the same of one process each (outbound/metrics.py); the panel shows this one. A day is kept. Without
Redis nothing is counted, and nothing is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import has_app_context

from shop.core import clock
from shop.core import redis as redis_door
from shop.core.scope import scoped_key

HOURS = 24
MOST_FIELDS = 4000  # of one hour: about 700 operations; what comes beyond is not counted
_KEPT_SECONDS = (HOURS + 1) * 3600
#: upper edges of the buckets a duration falls into, in milliseconds
EDGES = (25, 50, 100, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 60_000, 180_000)
_ADD = """
local is_new = redis.call('HEXISTS', KEYS[1], ARGV[1] .. 'n') == 0
if is_new and redis.call('HLEN', KEYS[1]) > tonumber(ARGV[5]) then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[1] .. 'n', 1)
redis.call('HINCRBY', KEYS[1], ARGV[1] .. 'ms', ARGV[3])
redis.call('HINCRBY', KEYS[1], ARGV[1] .. 'o' .. ARGV[2], 1)
redis.call('HINCRBY', KEYS[1], ARGV[1] .. 'b' .. ARGV[4], 1)
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
"""


@dataclass
class Tally:
    """One operation of one service within the last day. `outcomes`: error class, or "ok" → how many."""

    service: str
    account: str
    operation: str
    count: int = 0
    total_ms: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    buckets: dict[int, int] = field(default_factory=dict)

    @property
    def success(self) -> float:
        """Of all, from 0 to 1."""
        return self.outcomes.get("ok", 0) / self.count if self.count else 0.0

    @property
    def mean_ms(self) -> int:
        return self.total_ms // self.count if self.count else 0

    @property
    def p95_ms(self) -> int:
        """Nineteen of twenty took at most so long; read from the buckets, so it is rounded up to an edge."""
        left = self.count * 0.95
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket]
            if left <= 0:
                return EDGES[min(bucket, len(EDGES) - 1)]
        return 0

    @property
    def errors(self) -> list[tuple[str, int]]:
        return sorted(((o, n) for o, n in self.outcomes.items() if o != "ok"), key=lambda pair: -pair[1])


def count_call(service: str, account: str, operation: str, outcome: str, seconds: float) -> None:
    """Add one call to this hour. Never raises."""
    if not has_app_context():
        return
    milliseconds = int(seconds * 1000)
    bucket = next((n for n, edge in enumerate(EDGES) if milliseconds <= edge), len(EDGES) - 1)
    name = "\t".join((service[:40], account[:60], operation, ""))
    arguments = (name, outcome[:30], milliseconds, bucket, MOST_FIELDS, _KEPT_SECONDS)
    redis_door.attempt(lambda r: r.eval(_ADD, 1, _key(clock.now()), *arguments))


def list_tallies(account: str | None = None) -> list[Tally]:
    """Of the last day, the busiest first; `account`: of one alone. [] without Redis."""
    now = clock.now()
    keys = [_key(now - timedelta(hours=n)) for n in range(HOURS)]

    def read(r: Any) -> list[Mapping[bytes, bytes]]:
        pipe = r.pipeline(transaction=False)
        for key in keys:
            pipe.hgetall(key)
        return list(pipe.execute())

    found = _read(redis_door.attempt(read) or [])
    return sorted((t for t in found if account is None or t.account == account), key=lambda t: -t.count)


def _read(hours: Iterable[Mapping[bytes, bytes]]) -> list[Tally]:
    found: dict[tuple[str, str, str], Tally] = {}
    for hour in hours:
        for raw, value in hour.items():
            parts = raw.decode("utf-8", "replace").split("\t")
            if len(parts) != 4 or not parts[3]:
                continue
            service, account, operation, what = parts
            tally = found.setdefault((service, account, operation), Tally(service, account, operation))
            _add(tally, what, int(value))
    return list(found.values())


def _add(tally: Tally, what: str, value: int) -> None:
    if what == "n":
        tally.count += value
    elif what == "ms":
        tally.total_ms += value
    elif what[0] == "o":
        tally.outcomes[what[1:]] = tally.outcomes.get(what[1:], 0) + value
    elif what[0] == "b" and what[1:].isdigit():
        tally.buckets[int(what[1:])] = tally.buckets.get(int(what[1:]), 0) + value


def _key(moment: Any) -> str:
    return scoped_key("calls", f"{moment:%Y%m%d%H}")
