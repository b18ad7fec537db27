"""A whole refresh over HTTP, from the sandbox: how much of it is us, and whether it earns a 429."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import psutil
import requests
from flask import Flask

from benchmarks.busy import watched
from benchmarks.figures import Figure, at_most, done, progress
from benchmarks.stage import Stage
from config import Config
from shop import create_app
from shop.core.transaction import transaction
from shop.errors import RateLimited
from shop.extensions import db
from shop.fulfilment.printify.client import printify_client
from shop.workflows.refresh_catalog import request_refresh, run_refresh

PER_PAGE = 50


def measure(stage: Stage) -> Iterable[Figure]:
    count = 250 if stage.quick else 2_000
    progress(f"a sandbox with {count:,} products")
    free = stage.start_sandbox(rate_limits=False, products=count)
    app = _app(stage, free)
    with app.app_context():
        yield from _unlimited(free, count)
        db.session.remove()
        db.engine.dispose()
    strict = stage.start_sandbox(rate_limits=True, products=count)
    app = _app(stage, strict)
    with app.app_context():
        yield _limited(app, strict)
        db.session.remove()
        db.engine.dispose()
    done()


def _app(stage: Stage, sandbox_url: str) -> Flask:
    shop = stage.empty_shop("sync")
    return create_app(
        Config.from_env(
            {
                **shop.env,
                "PRINTIFY_BASE_URL": f"{sandbox_url}/printify",
                "PRINTIFY_API_TOKEN": "sandbox-printify-token",
                "PRINTIFY_SHOP_ID": "815256",
                "PRINTIFY_WEBHOOK_SECRET": "sandbox-printify-webhook-secret",
            }
        )
    )


def _unlimited(sandbox_url: str, count: int) -> Iterable[Figure]:
    """The bare fetch reads the same pages and does nothing with them."""
    pages = -(-count // PER_PAGE)
    progress("fetching pages")
    bare = _fetch_all(sandbox_url, pages)
    for what in ("refresh, first", "refresh, unchanged"):
        progress(what)
        before = psutil.Process().memory_info().rss
        with watched() as busy:
            summary = _refresh()
        grown = (psutil.Process().memory_info().rss - before) / 2**20
        story = (
            f"{busy.wall / bare:.1f} × a bare fetch of {pages} pages ({pages / bare:,.1f}/s); ours "
            f"{busy.ours:.1f} s, PostgreSQL {busy.database:.1f} s; memory +{grown:.0f} MiB; {summary[:40]}"
        )
        yield Figure(what, f"{pages / busy.wall:,.1f} pages/s", story=story)


def _refresh() -> str:
    with transaction() as session:
        run_id = request_refresh(session, cause="command")
    return run_refresh(run_id)


def _fetch_all(sandbox_url: str, pages: int) -> float:
    """Seconds for all pages over one connection, parsed."""
    headers = {"Authorization": "Bearer sandbox-printify-token", "User-Agent": "benchmarks"}
    with requests.Session() as http:
        began = time.perf_counter()
        for page in range(1, pages + 1):
            address = f"{sandbox_url}/printify/v1/shops/815256/products.json"
            answer = http.get(address, params={"limit": PER_PAGE, "page": page}, headers=headers, timeout=30)
            answer.raise_for_status()
            assert answer.json()["data"], f"page {page} is empty"
        return time.perf_counter() - began


def _limited(app: Flask, sandbox_url: str) -> Figure:
    """A refresh, then four threads that want more of the catalogue's 100 calls a minute than there are."""
    progress("within the limits")
    _refresh()
    held_back = []

    def hurry() -> None:
        with app.app_context():
            client = printify_client(max_wait=0.5)
            for _ in range(40):
                try:
                    client.list_blueprints()
                except RateLimited:
                    held_back.append(1)
                    return

    threads = [threading.Thread(target=hurry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = requests.get(f"{sandbox_url}/control/api/requests", params={"limit": 1}, timeout=20).json()["counts"]
    asked = sum(row["count"] for row in counts if row["service"] == "printify")
    refused = sum(row["count"] for row in counts if row["status"] == 429)
    story = f"{asked} calls by a refresh and four hurried threads; {len(held_back)} threads were held back by us"
    return at_most("answers of 429, limits on", refused, 0, "", story, 0)
