"""The state of one running sandbox: what every provider stand-in and the control page share."""

from __future__ import annotations

from flask import current_app

from sandbox.clock import VirtualClock
from sandbox.faults import Faults
from sandbox.hooks import HookSender
from sandbox.ratelimits import RateLimits
from sandbox.requestlog import RequestLog
from sandbox.settings import SandboxSettings
from sandbox.specs import SpecBook
from sandbox.store import Store


class World:
    """Store, clock, faults, hooks, rate limits, request log and specifications of one sandbox."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        path = settings.directory / "sandbox.sqlite3" if settings.directory else None
        self.store = Store(path)
        self.clock = VirtualClock(self.store)
        self.faults = Faults()
        self.hooks = HookSender(self.store, self.clock)
        self.limits = RateLimits(self.clock.now, enabled=settings.rate_limits)
        self.requests = RequestLog()
        self.specs = SpecBook(settings.specs_directory)

    def tick(self) -> int:
        """Run every event of the virtual clock that is due; returns how many."""
        return self.clock.run_due()

    def close(self) -> None:
        """Stop the hook threads and close the file."""
        self.hooks.stop()
        self.store.close()


def current_world() -> World:
    """The world of the app that answers the current request."""
    world: World = current_app.extensions["sandbox"]
    return world
