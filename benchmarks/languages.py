"""What a page costs in a second language: processor time of one process, the two languages turn by turn."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from flask import Flask
from flask.testing import FlaskClient

from benchmarks.figures import Figure, at_most, median
from benchmarks.pages import list_pages, product_pages, search_pages
from benchmarks.stage import Stage
from config import Config
from shop import create_app
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile

MARK = 1.1
OTHER = "/fr"


def measure(stage: Stage) -> Iterable[Figure]:
    """Worked out and kept pages. The language is switched on for this measure, and off again."""
    config = Config.from_env(stage.small.env)
    kept = create_app(config)
    worked = create_app(Config(**{**vars(config), "flask": {"PAGE_CACHE": False}}))
    before = offer(worked, ["fr"])
    try:
        turns = 6 if stage.quick else 25
        lists, products = list_pages(stage.small)[:20], product_pages(stage.small, stage.seed)[:20]
        for what, paths in (("list of 24", lists), ("product page", products),
                            ("search", search_pages(stage.seed)[:20]), ("home", ["/"] * 5)):  # fmt: skip
            yield figure(worked, f"second language, {what}, worked out", paths, turns)
        yield figure(kept, "second language, product page, kept", products, 4 * turns)
    finally:
        offer(worked, before)
        for app in (kept, worked):
            with app.app_context():
                db.engine.dispose()


def offer(app: Flask, languages: Sequence[str]) -> list[str]:
    """What was offered before."""
    with app.app_context():
        with transaction() as session:
            row = session.query(StoreProfile).one()
            before, row.languages = list(row.languages), list(languages)
            profile.touch_settings(session)
        profile.forget()
        return before


def figure(app: Flask, what: str, paths: Sequence[str], turns: int) -> Figure:
    client = app.test_client()
    ask(client, paths, "")
    ask(client, paths, OTHER)
    pairs = [(ask(client, paths, ""), ask(client, paths, OTHER)) for _ in range(turns)]
    first, second = (median(pair[n] for pair in pairs) for n in (0, 1))
    each = 1000 / len(paths)
    story = f"first {first * each:.2f} ms, second {second * each:.2f} ms"
    return at_most(what, median(two / one for one, two in pairs), MARK, " ×", story, 2)


def ask(client: FlaskClient, paths: Sequence[str], prefix: str) -> float:
    """Processor seconds for all of them."""
    began = time.process_time()
    for path in paths:
        assert client.get(prefix + path).status_code == 200, prefix + path
    return time.process_time() - began
