"""Rows that wait, worked through by one process in batches: events, whole sales, letters."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask
from sqlalchemy import text

from benchmarks.busy import Busy, watched
from benchmarks.events import COMPLETED, NEEDLESS, event, rows_of, settled_checkouts
from benchmarks.figures import Figure, at_least, done, progress
from benchmarks.stage import Shop, Stage
from benchmarks.stripe_pages import app_with_sandbox, open_sessions, paid_sessions
from jobs import base, email, inbound
from shop.core.transaction import transaction
from shop.extensions import db
from shop.inbound.storing import store_events

MARK = 1_000


def measure(stage: Stage) -> Iterable[Figure]:
    shop = stage.small
    app = app_with_sandbox(stage, shop)
    base.use_app(app)
    with app.app_context():
        try:
            yield _known(stage, shop)
            yield _asking(stage, shop)
            yield from _sales(stage, shop, app)
        finally:
            done()
            db.session.remove()
            db.engine.dispose()


def _known(stage: Stage, shop: Shop) -> Figure:
    """What most webhooks are: the buyer came back first, or nobody here asked for the topic."""
    number = 5_000 if stage.quick else 20_000
    progress(f"storing {number:,} events")
    settled = settled_checkouts(2_000)
    events = [event(COMPLETED if n % 5 < 3 else NEEDLESS[n % 4], settled[n % len(settled)]) for n in range(number)]
    busy = _drained(shop, rows_of(events))
    story = f"{number:,} (3 in 5 about settled sales, the rest needs nothing) in {busy.story(number)}"
    return at_least("stored events", number / busy.wall, MARK, "/s", story, 0)


def _asking(stage: Stage, shop: Shop) -> Figure:
    """Twenty events about each of a hundred payment pages: one look at Stripe for those of a batch."""
    pages, each = (30, 20) if stage.quick else (100, 20)
    progress("opening payment pages")
    sessions = open_sessions(stage, pages)
    events = [event(COMPLETED, session_id) for session_id in sessions for _ in range(each)]
    busy = _drained(shop, rows_of(events))
    rate = len(events) / busy.wall
    return Figure(
        "events that ask Stripe", f"{rate:,.0f}/s", story=f"{each} about each of {pages} in {busy.story(len(events))}"
    )


def _sales(stage: Stage, shop: Shop, app: Flask) -> Iterable[Figure]:
    """Paid pages become orders, with payment, fulfilment row and two letters each; then the letters go out."""
    number = 10 if stage.quick else 60
    progress("paying")
    events = [event(COMPLETED, session_id) for session_id in paid_sessions(stage, shop, number)]
    orders = shop.one("SELECT count(*) FROM orders")
    busy = _drained(shop, rows_of(events))
    orders = shop.one("SELECT count(*) FROM orders") - orders
    assert orders == number, f"{number} paid pages became {orders} orders"
    yield Figure("sales completed", f"{number / busy.wall:,.0f}/s", story=f"paid page → order in {busy.story(number)}")
    progress("letters")
    letters = shop.one("SELECT count(*) FROM letters WHERE work_state = 'due'")
    with watched() as busy:
        email.drain()
    left = shop.one("SELECT count(*) FROM letters WHERE work_state = 'due'")
    assert not left, f"{left} of {letters} letters were not sent"
    yield Figure("letters sent by SMTP", f"{letters / busy.wall:,.0f}/s", story=f"{letters} in {busy.story(letters)}")


def _drained(shop: Shop, rows: list[dict[str, object]]) -> Busy:
    """Store these rows, then time the job that works them through."""
    with transaction() as session:
        session.execute(text("DELETE FROM inbound_events"))
    for start in range(0, len(rows), 500):
        with transaction() as session:
            store_events(session, rows[start : start + 500])
    with watched() as busy:
        inbound.drain()
    left = shop.one("SELECT count(*) FROM inbound_events WHERE work_state <> 'done'")
    assert not left, f"{left} of {len(rows)} events were not handled"
    return busy
