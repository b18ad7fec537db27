"""SQL statements of a page that is worked out, the look at the catalogue's version included."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event

from benchmarks.figures import Figure, at_most
from benchmarks.pages import list_pages, product_pages, search_pages
from benchmarks.stage import Stage
from config import Config
from shop import create_app
from shop.extensions import db
from shop.tenancy.profile import LOOK_EVERY_SECONDS

LIST_MARK, PRODUCT_MARK = 4, 5


def measure(stage: Stage) -> Iterable[Figure]:
    config = Config.from_env(stage.small.env)
    app = create_app(Config(**{**vars(config), "flask": {"PAGE_CACHE": False}}))
    lists, products = list_pages(stage.small), product_pages(stage.small, stage.seed)
    yield _figure(app, "list of 24", lists, LIST_MARK)
    yield _figure(app, "product page", products, PRODUCT_MARK)
    yield _figure(app, "search", search_pages(stage.seed), None)
    yield _figure(app, "home", ["/"], None)
    with app.app_context():
        db.engine.dispose()


def _figure(app: Flask, what: str, paths: list[str], mark: int | None) -> Figure:
    """The most of ten different pages, each the first of its kind after the version was looked at."""
    client = app.test_client()
    assert client.get(paths[0]).status_code == 200
    most: list[str] = []
    for path in paths[1:11] or paths:
        time.sleep(LOOK_EVERY_SECONDS / 4)
        with statements(app) as seen:
            assert client.get(path).status_code == 200, path
        most = max(most, seen, key=len)
    story = "; ".join(" ".join(sql.split())[:34] for sql in most)
    if mark is None:
        return Figure(f"statements, {what}", str(len(most)), story=story)
    return at_most(f"statements, {what}", len(most), mark, "", story, 0)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Collects what is sent to the database in the block."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        seen.append(sql)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
