"""What was asked of the sandbox: the last requests and counts, for the control page and for tests."""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import Any


class RequestLog:
    """The last ``keep`` provider requests, plus counts per (service, method, route, status) since the start."""

    def __init__(self, keep: int = 1000) -> None:
        self._lock = threading.Lock()
        self._recent: deque[dict[str, Any]] = deque(maxlen=keep)
        self._counts: Counter[tuple[str, str, str, int]] = Counter()
        self._violations: deque[dict[str, Any]] = deque(maxlen=keep)

    def add(self, entry: dict[str, Any]) -> None:
        """Note one request: service, method, path, route, status, ms, at, fault?, violations?"""
        with self._lock:
            self._recent.append(entry)
            self._counts[(entry["service"], entry["method"], entry["route"], entry["status"])] += 1
            if entry.get("violations"):
                self._violations.append(entry)

    def last(self, limit: int = 100, service: str | None = None) -> list[dict[str, Any]]:
        """The newest requests, newest first."""
        with self._lock:
            entries = list(self._recent)
        chosen = [entry for entry in reversed(entries) if service in (None, entry["service"])]
        return chosen[:limit]

    def violations(self) -> list[dict[str, Any]]:
        """Requests or answers that did not fit the provider's specification, newest first."""
        with self._lock:
            return list(reversed(self._violations))

    def counts(self, service: str | None = None) -> list[dict[str, Any]]:
        """How often each route answered each status."""
        with self._lock:
            items = sorted(self._counts.items())
        return [
            {"service": name, "method": method, "route": route, "status": status, "count": count}
            for (name, method, route, status), count in items
            if service in (None, name)
        ]

    def clear(self) -> None:
        with self._lock:
            self._recent.clear()
            self._counts.clear()
            self._violations.clear()
