"""Other platforms, over HTTP: how fast a catalogue comes in, what a second look costs, and what faults do to it."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil
from sqlalchemy import text

from benchmarks.busy import watched
from benchmarks.figures import Figure, at_least, at_most, done, progress
from benchmarks.platforms import NAMES, Shopfront, app_with
from benchmarks.stage import Stage
from launch.ports import free_port
from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from sandbox.shopify.routes import MOST_POINTS, RESTORED
from sandbox.shopify.shelf import shelf_of
from shop.channels import registry
from shop.channels.syncing.models import SyncRun
from shop.extensions import db
from tests.channels.syncing.playing import cycle

MARK_A_MINUTE = 1_000
READS = 4


def measure(stage: Stage) -> Iterable[Figure]:
    count = 1_000 if stage.quick else 10_000
    sandbox_url = stage.start_sandbox(rate_limits=False, products=0)
    for name in NAMES:
        app = app_with(stage, f"channel_{name}", sandbox_url)
        with app.app_context():
            if name in {c.spec.key for c in registry.list_connectors()}:
                yield from _platform(Shopfront(sandbox_url, name), count)
            db.session.remove()
            db.engine.dispose()
    yield from _limited(stage)
    done()


def _limited(stage: Stage) -> Iterable[Figure]:
    """Shopify with its limits on: how much of what it allows is used, and how often it has to say no."""
    progress("shopify: within its limits")
    settings = SandboxSettings(port=0, smtp_port=free_port(), rate_limits=True, shop_url="http://127.0.0.1:9")
    with run_sandbox(settings) as (world, url):
        app = app_with(stage, "channel_limited", url)
        with app.app_context():
            front = Shopfront(url, "shopify")
            front.add(300 if stage.quick else 900)  # from 1,000 on it would be one bulk operation
            began = time.monotonic()
            for _ in range(READS):  # the bucket's own size counts for less in a longer read
                while cycle(front.connection_id, "full").outcome == "running":  # waited longer than a call may
                    time.sleep(0.2)
            seconds = time.monotonic() - began
            left = min(shelf_of(world).points[0], MOST_POINTS)
            allowed = MOST_POINTS + RESTORED * seconds
            throttled = int((world.store.get("shopify_count", "throttled") or {"n": 0})["n"])
            db.session.remove()
            db.engine.dispose()
    share = (allowed - left) / allowed * 100
    story = f"all read {READS} times in {seconds:.0f} s; {allowed:,.0f} points allowed, {left:,.0f} left over"
    yield at_least("shopify: of the allowed rate", share, 95, " %", story, 1)
    yield at_most("shopify: THROTTLED", throttled, 0, "", "", 0)


def _platform(front: Shopfront, count: int) -> Iterable[Figure]:
    progress(f"{front.name}: {count:,} products")
    front.add(count)
    before = psutil.Process().memory_info().rss
    with watched() as busy:
        run = cycle(front.connection_id, "full")
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    calls = sum(front.calls().values())
    story = f"{run.created:,} of {count:,}, 3 variants each; {calls} calls; {busy.story(count)}"
    yield at_least(f"{front.name}: import a minute", run.created / busy.wall * 60, MARK_A_MINUTE, "", story, 0)
    yield at_most(f"{front.name}: memory that grew", grown, 60, " MiB")
    yield from _unchanged(front, count)
    yield from _faults(front, count)


def _unchanged(front: Shopfront, count: int) -> Iterable[Figure]:
    progress(f"{front.name}: unchanged")
    writes, newest = front.count_writes(), _newest()
    with watched() as busy:
        run = cycle(front.connection_id, "full")
    made = front.count_writes() - writes + run.created + run.changed + int(newest != _newest())
    yield at_most(
        f"{front.name}: writes, unchanged", made, 0, "", f"{run.unchanged:,} compared; {busy.story(count)}", 0
    )


def _newest() -> str:
    db.session.remove()
    return str(db.session.execute(text("SELECT max(updated_at) FROM products")).scalar())


def _faults(front: Shopfront, count: int) -> Iterable[Figure]:
    """Changes of ours go there while one call in twenty fails in one of four ways; then a sweep without faults."""
    changes = min(count, 400)
    with db.engine.begin() as connection:
        connection.execute(
            text("""UPDATE products SET title = title || ' (new)', updated_at = now() WHERE id IN
                    (SELECT our_id FROM channel_links WHERE connection_id = :c AND entity = 'product'
                      ORDER BY our_id LIMIT :n)"""),
            {"c": front.connection_id, "n": changes},
        )
    for kind in ("error_500", "drop_after", "malformed", "error_500_after"):
        front.fault(kind, times=None, probability=0.0125)
    progress(f"{front.name}: faults")
    run = _patiently(front)
    arrived = _arrived(front)
    told = f"{run.changed} writes, {run.failed} steps failed; {arrived} of {changes} arrived"
    yield at_least(f"{front.name}: success, 5 % faults", arrived / changes * 100, 98, " %", told, 1)
    front.no_faults()
    again = cycle(front.connection_id, "incremental")
    share = _arrived(front) / changes * 100
    yield at_least(f"{front.name}: after the sweep", share, 100, " %", f"{again.changed} more writes", 1)


def _arrived(front: Shopfront) -> int:
    return sum(1 for product in front.read().values() if product["title"].endswith(" (new)"))


def _patiently(front: Shopfront) -> SyncRun:
    """As the worker does: a run that waits for the platform is taken up again."""
    for _ in range(60):
        run = cycle(front.connection_id, "incremental")
        if run.outcome != "running":
            return run
        time.sleep(2)
    raise RuntimeError("the run came to no end")
