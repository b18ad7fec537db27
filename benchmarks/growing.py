"""Does a page cost more when there is more to sell? The same pages of a small and a big catalogue, in turn."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.figures import Figure, at_most, done, median, progress
from benchmarks.loading import Load, get, press
from benchmarks.pages import list_pages, product_pages, search_pages
from benchmarks.stage import Shop, Stage

MARK = 1.5


def measure(stage: Stage) -> Iterable[Figure]:
    """Cost is the reciprocal of the rate; 1.0 is no difference."""
    small, big = stage.server("uncached"), stage.server("big")
    pages = {
        what: (_requests(stage, stage.small, what), _requests(stage, stage.big, what))
        for what in ("list of 24", "product page", "search")
    }
    loads: dict[str, list[tuple[Load, Load]]] = {what: [] for what in pages}
    for few, many in pages.values():
        press(small.port, few, 1)
        press(big.port, many, 1)
    for number in range(stage.pace.rounds):
        for what, (few, many) in pages.items():
            progress(f"round {number + 1} of {stage.pace.rounds}: {what}")
            seconds = stage.pace.seconds
            loads[what].append((press(small.port, few, seconds), press(big.port, many, seconds)))
    done()
    for what, pairs in loads.items():
        cost = median(few.rate / many.rate for few, many in pairs)
        rates = f"{median(f.rate for f, _ in pairs):,.0f}/s → {median(m.rate for _, m in pairs):,.0f}/s"
        story = f"{rates} at {stage.small.products:,} → {stage.big.products:,} products"
        yield at_most(f"cost of a {what}", cost, MARK, " ×", story, 2)


def _requests(stage: Stage, shop: Shop, what: str) -> list[bytes]:
    if what == "list of 24":
        return [get(path) for path in list_pages(shop)]
    if what == "search":
        return [get(path) for path in search_pages(stage.seed)]
    return [get(path) for path in product_pages(shop, stage.seed)]
