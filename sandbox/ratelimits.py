"""Rate budgets as the providers keep them: a fixed number of requests in each window of the virtual clock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """``limit`` requests in any ``seconds``."""

    name: str
    limit: int
    seconds: float


class RateLimits:
    """Sliding windows, one per bucket name. Time is the virtual clock's, so advancing it refills every bucket."""

    def __init__(self, now: Callable[[], float], enabled: bool = True) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._hits: dict[str, deque[float]] = {}
        self.enabled = enabled

    def spend(self, bucket: Bucket) -> float | None:
        """Count one request. None when it fits; else the seconds until one would fit (then nothing is counted)."""
        now = self._now()
        with self._lock:
            hits = self._hits.setdefault(bucket.name, deque())
            while hits and hits[0] <= now - bucket.seconds:
                hits.popleft()
            if self.enabled and len(hits) >= bucket.limit:
                return max(0.05, hits[0] + bucket.seconds - now)
            hits.append(now)
            if len(hits) > bucket.limit:
                hits.popleft()
            return None

    def used(self, bucket: Bucket) -> int:
        """Requests counted in the current window."""
        now = self._now()
        with self._lock:
            return sum(1 for hit in self._hits.get(bucket.name, ()) if hit > now - bucket.seconds)

    def clear(self) -> None:
        with self._lock:
            self._hits.clear()
