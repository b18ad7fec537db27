"""What it costs to find the discounts of a large cart: 50 lines, 100 active discounts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from datetime import UTC, datetime

from benchmarks.figures import Figure, at_most
from benchmarks.stage import Stage
from shop.promotions.evaluating import Asked, Facts, Goods, Offer, evaluate

LINES, DISCOUNTS, MARK_MS = 50, 100, 5.0
KINDS = ("percentage", "fixed", "buy_x_get_y", "tiered", "free_shipping")


def measure(stage: Stage) -> Iterable[Figure]:
    """The evaluation alone, without the database; the median and the slowest of many."""
    lines = [Goods(n, n, 1 + n % 5, 999 + 37 * n, frozenset({n % 7})) for n in range(1, LINES + 1)]
    for name, combines in (("that combine", True), ("that stand alone", False)):
        offers = [_offer(n, combines) for n in range(1, DISCOUNTS + 1)]
        codes = [Asked(f"CODE{n}", n) for n in range(10, 60, 10)]
        facts = Facts(datetime.now(UTC), shipping_minor=900)
        taken = []
        for _ in range(50 if stage.quick else 500):
            began = time.perf_counter()
            found = evaluate(lines, offers, codes, facts)
            taken.append((time.perf_counter() - began) * 1000)
        assert found.off_minor > 0
        yield at_most(
            f"{LINES} lines, {DISCOUNTS} discounts {name}: median",
            statistics.median(taken),
            MARK_MS,
            " ms",
            f"slowest {max(taken):.1f} ms of {len(taken)}",
            2,
        )


def _offer(n: int, combines: bool) -> Offer:
    kind = KINDS[n % len(KINDS)]
    scope = ("all", "collections", "products")[n % 3]
    return Offer(
        id=n, title=f"Discount {n}", kind=kind, by_code=n % 10 == 0, basis_points=100 + n, amount_minor=100 + n,
        buy_quantity=2, get_quantity=1, tiers=((1000, 100), (5000, 200)), scope=scope,
        scope_ids=frozenset(range(n % 5, 50, 3)), combines=combines,
    )  # fmt: skip
