"""Sends webhooks as the providers do: signed, over real HTTP, retried, and sometimes twice, late, shuffled or never."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

from sandbox.clock import VirtualClock
from sandbox.store import Store

MODES: dict[str, str] = {
    "normal": "delivered at once, in order of happening as far as possible",
    "duplicate": "every event is delivered twice",
    "shuffle": "events are held for a moment and delivered in another order",
    "delay": "every event is delivered late",
    "lose": "no event is delivered at all",
}
_LOG = "hook_log"
_KEEP = 400
_SHUFFLE_SECONDS = 1.5
_TIMEOUT = 15.0

Signer = Callable[[bytes, float], dict[str, str]]
Outcome = Callable[[bool], None]


@dataclass(slots=True)
class Delivery:
    """One event on its way to one URL. ``due`` is a time of the virtual clock."""

    service: str
    url: str
    body: bytes
    sign: Signer
    event_id: str
    topic: str
    waits: list[float]
    due: float
    on_outcome: Outcome | None = None
    attempt: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])


class HookSender:
    """A queue of deliveries and a few threads.

    Deliveries still waiting when the process ends are lost, and the log says so.
    """

    def __init__(self, store: Store, clock: VirtualClock, threads: int = 4) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[Delivery] = []
        self._flying = 0
        self._wake = threading.Condition()
        self._stopped = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sandbox-hook")
        self._local = threading.local()
        self._mark_lost_at_restart()
        self._thread = threading.Thread(target=self._run, name="sandbox-hooks", daemon=True)
        self._thread.start()

    def send(
        self,
        service: str,
        url: str,
        body: bytes,
        sign: Signer,
        event_id: str,
        retries: list[float] | None = None,
        topic: str = "",
        on_outcome: Outcome | None = None,
    ) -> str:
        """Queue one event; returns the delivery's id at once.

        ``sign(body, unix_seconds)`` gives the headers and is called anew for each attempt. ``retries`` are the waits
        in virtual seconds after each failed attempt; anything but a 2xx answer is a failure. ``on_outcome(True)``
        is called after a success, ``on_outcome(False)`` when the last retry failed.
        """
        mode = self.mode(service)
        now = self._clock.now()
        due = now
        if mode["mode"] == "delay":
            due = now + float(mode["seconds"])
        elif mode["mode"] == "shuffle":
            due = now + random.uniform(0.05, _SHUFFLE_SECONDS)
        delivery = Delivery(service, url, body, sign, event_id, topic, list(retries or []), due, on_outcome)
        self._note(delivery, "lost" if mode["mode"] == "lose" else "waiting")
        if mode["mode"] != "lose":
            self._queue(delivery)
        if mode["mode"] == "duplicate":
            twin = Delivery(service, url, body, sign, event_id, topic, [], due, None)
            self._note(twin, "waiting")
            self._queue(twin)
        return delivery.id

    def skip(self, service: str, url: str, body: bytes, event_id: str, topic: str, why: str) -> None:
        """Write into the log that an event was never sent, and why."""
        never = Delivery(service, url, body, lambda raw, at: {}, event_id, topic, [], self._clock.now())
        self._note(never, "lost", error=why)

    def mode(self, service: str) -> dict[str, Any]:
        """``{"mode": …, "seconds": …}`` of a service."""
        return self._store.get("hook_mode", service) or {"mode": "normal", "seconds": 0}

    def set_mode(self, service: str, mode: str, seconds: float = 0) -> None:
        """Choose how a service's webhooks travel from now on; ValueError for an unknown mode."""
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        self._store.put("hook_mode", service, {"mode": mode, "seconds": max(0.0, float(seconds))})

    def log(self, limit: int = 100, service: str | None = None) -> list[dict[str, Any]]:
        """The newest deliveries, newest first."""
        entries = [entry for entry in reversed(self._store.all(_LOG)) if service in (None, entry["service"])]
        return entries[:limit]

    def resend(self, delivery_id: str, sign: Signer | None = None) -> bool:
        """Deliver a logged event once more with the headers it was sent with; False when it is unknown."""
        entry = self._store.get(_LOG, delivery_id)
        if entry is None:
            return False
        headers = dict(entry.get("headers") or {})
        signer = sign or (lambda body, at: headers)
        body = str(entry["body"]).encode()
        again = Delivery(
            entry["service"],
            entry["url"],
            body,
            signer,
            entry["event_id"],
            entry["topic"],
            [],
            self._clock.now(),
        )
        self._note(again, "waiting")
        self._queue(again)
        return True

    def wait_idle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is being sent or due within two virtual seconds; False when time ran out.

        Retries further in the future do not count: advance the clock to see them.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with self._wake:
                soon = self._clock.now() + 2.0
                if not self._flying and not any(delivery.due <= soon for delivery in self._waiting):
                    return True
            time.sleep(0.01)
        return False

    def clear(self) -> None:
        """Forget what waits and the log."""
        with self._wake:
            self._waiting.clear()
        self._store.reset(_LOG)

    def stop(self) -> None:
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        self._thread.join(timeout=5)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _queue(self, delivery: Delivery) -> None:
        with self._wake:
            self._waiting.append(delivery)
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._stopped:
                    return
                now = self._clock.now()
                ready = sorted((d for d in self._waiting if d.due <= now), key=lambda d: d.due)
                if not ready:
                    # Short naps: the virtual clock may be advanced by anyone at any time.
                    self._wake.wait(0.05 if self._waiting else 1.0)
                    continue
                for delivery in ready:
                    self._waiting.remove(delivery)
                    self._flying += 1
            for delivery in ready:
                self._pool.submit(self._deliver, delivery)

    def _deliver(self, delivery: Delivery) -> None:
        try:
            self._attempt(delivery)
        finally:
            with self._wake:
                self._flying -= 1

    def _attempt(self, delivery: Delivery) -> None:
        delivery.attempt += 1
        started = time.monotonic()
        headers = {"Content-Type": "application/json", "User-Agent": f"{delivery.service}-sandbox-hooks/1.0"}
        headers.update(delivery.sign(delivery.body, self._clock.now()))
        status, error = 0, ""
        try:
            answer = self._session().post(
                delivery.url, data=delivery.body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            )
            status = answer.status_code
        except requests.RequestException as problem:
            error = type(problem).__name__
        good = 200 <= status < 300
        ms = round((time.monotonic() - started) * 1000)
        if good or not delivery.waits:
            self._note(delivery, "delivered" if good else "failed", status, error, ms, headers)
            if delivery.on_outcome is not None:
                delivery.on_outcome(good)
            return
        wait = delivery.waits.pop(0)
        delivery.due = self._clock.now() + wait
        self._note(delivery, "retrying", status, error, ms, headers)
        self._queue(delivery)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        return session

    def _note(
        self,
        delivery: Delivery,
        state: str,
        status: int = 0,
        error: str = "",
        ms: int = 0,
        headers: dict[str, str] | None = None,
    ) -> None:
        entry = {
            "id": delivery.id,
            "service": delivery.service,
            "url": delivery.url,
            "event_id": delivery.event_id,
            "topic": delivery.topic,
            "state": state,
            "attempt": delivery.attempt,
            "status": status,
            "error": error,
            "ms": ms,
            "at": self._clock.now(),
            "next_at": delivery.due if state in ("waiting", "retrying") else None,
            "headers": headers or {},
            "body": delivery.body.decode("utf-8", "replace"),
        }
        self._store.put(_LOG, delivery.id, entry)
        if self._store.count(_LOG) > _KEEP + 50:
            self._store.keep_last(_LOG, _KEEP)

    def _mark_lost_at_restart(self) -> None:
        for entry in self._store.all(_LOG):
            if entry["state"] in ("waiting", "retrying"):
                self._store.put(_LOG, entry["id"], {**entry, "state": "lost", "error": "sandbox restarted"})
