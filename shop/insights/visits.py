"""Count visits without cookies, scripts or third parties, and without keeping anything about a person.

A visitor is a keyed hash of address and browser; the key is random, lives in Redis for the day only, and goes with it,
so that nobody, we included, can tell afterwards who was here or whether somebody came again the next day. Processes
gather for a few seconds and hand over in one round trip; `record_days` writes the day's sums to the database. Without
Redis nothing is counted, and no page waits.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

import redis
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.redis import RedisDoor
from shop.core.scope import scoped_key
from shop.core.secrets import new_token
from shop.insights.models import VisitDay

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HAND_OVER_SECONDS = 5.0
MOST_HELD = 500
KEPT = timedelta(hours=50)  # a day, and time enough to write it down
_MACHINES = re.compile(
    r"bot|crawl|spider|slurp|curl|wget|python|java/|go-http|headless|lighthouse|monitor|uptime|preview|fetch|scan|facebookexternal",
    re.IGNORECASE,
)


def is_a_person(environ: WSGIEnvironment) -> bool:
    """Somebody opens a page: no machine that says so, no prefetch, no fragment of a page."""
    if environ["REQUEST_METHOD"] != "GET" or "HTTP_HX_REQUEST" in environ:
        return False
    if environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE") == "prefetch":
        return False
    if environ.get("HTTP_SEC_FETCH_DEST", "document") != "document":
        return False
    browser = environ.get("HTTP_USER_AGENT", "")
    return len(browser) > 10 and _MACHINES.search(browser) is None


class VisitCounter:
    """One for each process."""

    def __init__(self, door: RedisDoor | None) -> None:
        self.door = door
        self._lock = threading.Lock()
        self._held: set[bytes] = set()
        self._views = 0
        self._day: date | None = None
        self._key = b""
        self._handed_over = 0.0

    def note(self, environ: WSGIEnvironment) -> None:
        """Count this request. Costs a hash; every few seconds one round trip to Redis."""
        if self.door is None or not is_a_person(environ):
            return
        today = clock.now().astimezone(UTC).date()
        now = time.monotonic()
        with self._lock:
            batch = self._turn_to(today)
            who = f"{environ.get('REMOTE_ADDR', '')}|{environ.get('HTTP_USER_AGENT', '')[:300]}"
            if self._key:
                self._held.add(hashlib.blake2b(who.encode("utf-8", "replace"), key=self._key, digest_size=8).digest())
                self._views += 1
            if now - self._handed_over >= HAND_OVER_SECONDS or len(self._held) >= MOST_HELD:
                self._handed_over = now
                batch = [*batch, *self._take()]
        for day, visitors, views in batch:
            self._hand_over(day, visitors, views)

    def hand_over(self) -> None:
        """What is held, now."""
        with self._lock:
            batch = self._take()
        for day, visitors, views in batch:
            self._hand_over(day, visitors, views)

    def _turn_to(self, today: date) -> list[tuple[date, set[bytes], int]]:
        if self._day == today and self._key:
            return []
        left = self._take()
        self._day, self._key = today, self._key_of(today)
        return left

    def _take(self) -> list[tuple[date, set[bytes], int]]:
        if self._day is None or not self._views:
            return []
        taken = [(self._day, self._held, self._views)]
        self._held, self._views = set(), 0
        return taken

    def _key_of(self, day: date) -> bytes:
        name = key_name(day)

        def ask(client: redis.Redis) -> object:
            client.set(name, new_token(), nx=True, ex=KEPT)
            return client.get(name)

        found = self.door.attempt(ask) if self.door else None
        return found[:64] if isinstance(found, bytes) else b""

    def _hand_over(self, day: date, visitors: set[bytes], views: int) -> None:
        def give(client: redis.Redis) -> None:
            with client.pipeline(transaction=False) as pipe:
                pipe.pfadd(visitors_name(day), *visitors)
                pipe.incrby(views_name(day), views)
                pipe.expire(visitors_name(day), KEPT)
                pipe.expire(views_name(day), KEPT)
                pipe.execute()

        if self.door:
            self.door.attempt(give)


def key_name(day: date) -> str:
    return scoped_key("visits", day.isoformat(), "key")


def visitors_name(day: date) -> str:
    return scoped_key("visits", day.isoformat(), "visitors")


def views_name(day: date) -> str:
    return scoped_key("visits", day.isoformat(), "views")


def record_days(session: Session, door: RedisDoor | None) -> None:
    """Write down today and yesterday. A repeat changes nothing; sums never fall, so that an emptied Redis loses at most
    what came since."""
    today = clock.now().astimezone(UTC).date()
    for day in (today - timedelta(days=1), today):
        found = read_day(door, day)
        if not any(found):
            continue
        visitors, views = found
        row = insert(VisitDay).values(on=day, visitors=visitors, views=views)
        session.execute(
            row.on_conflict_do_update(
                index_elements=["on"],
                set_={
                    "visitors": func.greatest(VisitDay.visitors, row.excluded.visitors),
                    "views": func.greatest(VisitDay.views, row.excluded.views),
                },
            )
        )


def read_day(door: RedisDoor | None, day: date) -> tuple[int, int]:
    """(visitors, views) as Redis has them; zeros without Redis."""

    def ask(client: redis.Redis) -> tuple[int, int]:
        views = client.get(views_name(day))
        return int(client.pfcount(visitors_name(day))), int(views) if isinstance(views, bytes) else 0

    return (door.attempt(ask) if door else None) or (0, 0)
