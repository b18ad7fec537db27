"""Orders as a file: how fast, and whether memory grows with their number."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select

from benchmarks.figures import Figure, at_most
from benchmarks.orders import many, shop_with_orders
from benchmarks.stage import Stage
from shop.extensions import db
from shop.orders.exporting import stream_csv
from shop.orders.models import Order

GROWTH_MARK = 8.0  # MiB, from the end of the first tenth to the end


def measure(stage: Stage) -> Iterable[Figure]:
    """One row an order, then one row a line, read by somebody who keeps nothing."""
    shop = shop_with_orders(stage, many(stage))
    with shop.app.app_context():
        for by_line, what in ((False, "orders"), (True, "lines")):
            rows = many(stage) * (2 if by_line else 1)
            seconds, size, growth = _drain(by_line, rows)
            story = f"{rows:,} rows, {size / 2**20:.0f} MiB in {seconds:.1f} s"
            yield Figure(f"export of {what}", f"{rows / seconds:,.0f} rows/s", story=story)
            told = f"RSS from after the first tenth to the end of {rows:,} rows"
            if growth is None:
                yield Figure(f"memory of the export of {what}", "not told here", story="read from /proc/self/statm")
            else:
                yield at_most(f"memory of the export of {what}", growth, GROWTH_MARK, " MiB", told)


def _drain(by_line: bool, rows: int) -> tuple[float, int, float | None]:
    """(seconds, bytes, growth of RSS in MiB)"""
    gc.collect()
    began, size, seen, early = time.perf_counter(), 0, 0, None
    for piece in stream_csv(db.engine, select(Order), by_line=by_line, bom=False):
        size += len(piece)
        seen += piece.count(b"\n")
        if early is None and seen > rows / 10:
            early = _rss()
    late = _rss()
    assert seen == rows + 1, f"{seen} lines came, not {rows + 1}"
    growth = None if early is None or late is None else max(0.0, late - early)
    return time.perf_counter() - began, size, growth


def _rss() -> float | None:
    """MiB in memory now, where the system tells it."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * 4096 / 2**20 if told.exists() else None
