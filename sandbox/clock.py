"""The sandbox's clock: the wall clock plus an offset, so that a parcel can be "delivered next week" now."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.store import Store

Handler = Callable[[dict[str, Any]], None]
_EVENT = "clock_event"


class VirtualClock:
    """Seconds since 1970 (UTC) including the offset, and events that fall due on it.

    Events are rows: ``after(60, "printify.ship", {...})`` survives a restart and is run once by the handler that was
    registered with ``on("printify.ship", handler)``.
    """

    def __init__(self, store: Store, wall: Callable[[], float] = time.time) -> None:
        self._store = store
        self._wall = wall
        self._handlers: dict[str, Handler] = {}
        self._running = threading.RLock()
        self._next_due: float | None = None
        self.reload()

    def reload(self) -> None:
        """Read the offset and the earliest event again (after a reset of the store)."""
        self._offset = float((self._store.get("clock", "offset") or {"seconds": 0.0})["seconds"])
        self._find_next()

    def now(self) -> float:
        """Unix seconds, offset included."""
        return self._wall() + self._offset

    def text(self, at: float | None = None) -> str:
        """``2019-07-25 13:40:41+00:00``"""
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%S+00:00")

    @property
    def offset(self) -> float:
        return self._offset

    def on(self, key: str, handler: Handler) -> None:
        """Register what runs when an event with this key falls due."""
        self._handlers[key] = handler

    def after(self, seconds: float, key: str, payload: dict[str, Any]) -> str:
        """Schedule; returns the event's id (for ``cancel``)."""
        event_id = uuid.uuid4().hex
        due = self.now() + max(0.0, seconds)
        self._store.put(_EVENT, event_id, {"id": event_id, "due": due, "key": key, "payload": payload})
        self._find_next()
        return event_id

    def cancel(self, event_id: str) -> bool:
        """Forget a scheduled event; False when it has run or never was."""
        return self._store.delete(_EVENT, event_id)

    def scheduled(self) -> list[dict[str, Any]]:
        """Events still to come, earliest first."""
        return sorted(self._store.all(_EVENT), key=lambda event: float(event["due"]))

    def advance(self, seconds: float) -> None:
        """Move time forward, stopping at each event on the way so that one may schedule the next."""
        if seconds < 0:
            raise ValueError("time moves forward only")
        with self._running:
            target, offset = self.now() + seconds, self._offset + seconds
            while True:
                coming = self.scheduled()
                if not coming or coming[0]["due"] > target:
                    break
                # A millisecond over: floats this large round, and an event must never be "almost due" for ever.
                self._shift(coming[0]["due"] - self.now() + 0.001)
                self.run_due()
            # Measured by the offset: the wall clock went on meanwhile.
            self._shift(offset - self._offset)
        self.run_due()

    def run_due(self) -> int:
        """Run every event whose time has come; returns how many. Cheap when there is none."""
        if self._next_due is None or self._next_due > self.now():
            return 0
        done = 0
        with self._running:
            for event in self.scheduled():
                if event["due"] > self.now():
                    break
                # Deleted first: whoever deletes it runs it, so two threads never run one event twice.
                if self._store.delete(_EVENT, event["id"]):
                    done += 1
                    handler = self._handlers.get(event["key"])
                    if handler is not None:
                        handler(event["payload"])
        self._find_next()
        return done

    def _shift(self, seconds: float) -> None:
        if seconds > 0:
            self._offset += seconds
            self._store.put("clock", "offset", {"seconds": self._offset})

    def _find_next(self) -> None:
        coming = self.scheduled()
        self._next_due = float(coming[0]["due"]) if coming else None
