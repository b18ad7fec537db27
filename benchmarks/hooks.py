"""Hooks of connected platforms: how soon they are acknowledged, beside Stripe's, and how soon a change is applied."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import count

from sqlalchemy import text

from benchmarks.events import NEEDLESS, event, signed
from benchmarks.figures import Figure, at_most, done, progress
from benchmarks.loading import post
from benchmarks.platforms import Shopfront
from benchmarks.pushing import Answer, open_loop, percentile
from benchmarks.serving import start_server
from benchmarks.stage import Stage, running
from config import Config
from shop import create_app
from shop.channels.keeping import secrets_of
from shop.channels.syncing.settings import find_setting
from shop.core.transaction import transaction
from shop.extensions import db
from tests.channels.syncing.playing import cycle

RATE, ACKNOWLEDGED_MARK, APPLIED_MARK = 200, 50.0, 1.0
_deliveries = count(1)


def measure(stage: Stage) -> Iterable[Figure]:
    products, changes, seconds = (40, 20, 4) if stage.quick else (200, 60, 10)
    sandbox_url = stage.start_sandbox(rate_limits=False, products=0)
    shop = stage.empty_shop("channel_hooks")
    env = {**shop.env, "CHANNEL_ORIGINS": sandbox_url, "SHOPIFY_BASE_URL": f"{sandbox_url}/shopify/{{shop}}"}
    server = stage.stack.enter_context(start_server("benchmarks.entry:app", env, stage.place / "hooks.log", ()))
    with create_app(Config.from_env(env)).app_context():
        front = Shopfront(sandbox_url, "shopify", "import")
        ids = front.add(products)
        with transaction() as session:
            setting = find_setting(session, front.connection_id, "products", to_change=True)
            setting.options = {**setting.options, "apply": "alone"}
            secret = secrets_of(session, front.connection_id)["client_secret"]
        cycle(front.connection_id, "full")
        worker = [sys.executable, "-m", "jobs.worker", "channels"]
        with running(worker, env, stage.place / "hooks-worker.log"):
            open_loop(server.port, [_hook(front.connection_id, ids[-1], secret)], RATE)
            _wait_for(1)  # the worker is up
            yield _applied(front, ids[:changes], server.port, secret)
            yield from _acknowledged(front, ids, server.port, secret, seconds)
        db.session.remove()
        db.engine.dispose()
    done()


def _acknowledged(front: Shopfront, ids: Sequence[str], port: int, secret: str, seconds: int) -> Iterable[Figure]:
    progress("open loop")
    stripe = open_loop(port, [signed(event(NEEDLESS[n % 4], f"pi_{n}")) for n in range(RATE * seconds)], RATE)
    ours = [_hook(front.connection_id, ids[n % len(ids)], secret) for n in range(RATE * seconds)]
    answers = open_loop(port, ours, RATE)
    bad = sum(1 for _, status in answers if status != 200)
    assert not bad, f"{bad} of {len(answers)} hooks were not acknowledged"
    p50, p99 = _milliseconds(answers)
    stripe50, stripe99 = _milliseconds(stripe)
    story = (
        f"p50 {p50:.1f} ms; Stripe's hook {stripe50:.1f} / {stripe99:.1f}: "
        f"{p50 / stripe50:.2f} and {p99 / stripe99:.2f} of it; a worker reads and applies meanwhile"
    )
    yield at_most(f"p99 at {RATE}/s", p99, ACKNOWLEDGED_MARK, " ms", story)


def _applied(front: Shopfront, ids: Sequence[str], port: int, secret: str) -> Figure:
    """One change after another there, each told at once; from the call to the committed product here."""
    progress("changes")
    for n, external_id in enumerate(ids):
        front.change(external_id, "title", f"Changed {n}")
        open_loop(port, [_hook(front.connection_id, external_id, secret)], 10)
    waits = _wait_for(1 + len(ids))[1:]
    with db.engine.connect() as connection:
        here = connection.execute(text("SELECT count(*) FROM products WHERE title LIKE 'Changed %'")).scalar_one()
    ordered = sorted(waits)
    story = f"p50 {percentile(ordered, 50) * 1000:.0f} ms; {here} of {len(ids)} changes are here, one at a time"
    return at_most("hook to applied change, p95", percentile(ordered, 95), APPLIED_MARK, " s", story, 2)


def _wait_for(number: int) -> list[float]:
    """Until so many calls are worked through: the seconds that each took, in the order of their arrival."""
    until, waits = time.monotonic() + 90, list[float]()
    while len(waits) < number and time.monotonic() < until:
        time.sleep(0.1)
        with db.engine.connect() as connection:
            took = "SELECT extract(epoch FROM finished_at - received_at) FROM channel_events"
            waits = [float(row[0]) for row in connection.execute(text(f"{took} WHERE work_state = 'done' ORDER BY id"))]
    return waits


def _hook(connection_id: int, external_id: str, secret: str) -> bytes:
    """The raw request by which Shopify tells of a product (contracts/shopify.md §9)."""
    body = json.dumps({"id": int(external_id.rpartition("/")[2]), "title": "A thing " * 40}).encode()
    signature = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    headers = (
        "Content-Type: application/json\r\nX-Shopify-Topic: products/update\r\n"
        f"X-Shopify-Webhook-Id: bench-{next(_deliveries)}\r\nX-Shopify-Hmac-Sha256: {signature}\r\n"
    )
    return post(f"/webhooks/shopify/{connection_id}", body, headers)


def _milliseconds(answers: Iterable[Answer]) -> tuple[float, float]:
    ordered = sorted(took * 1000 for took, _ in answers)
    return percentile(ordered, 50), percentile(ordered, 99)
