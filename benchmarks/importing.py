"""The import of the catalogue: what a refresh does with every page it has read, without network and pictures."""

from __future__ import annotations

import gc
from collections.abc import Iterable

from benchmarks import catalogue
from benchmarks.busy import Busy, watched
from benchmarks.figures import Figure, at_least
from benchmarks.stage import BIG, BIG_QUICKLY, Stage
from shop.catalog.importing import Counts, import_payloads

FIRST_MARK, UNCHANGED_MARK = 1_500, 15_000


def measure(stage: Stage) -> Iterable[Figure]:
    """First, unchanged, and one product in twenty changed; payloads are in memory, as after the parsing of a page."""
    count = BIG_QUICKLY if stage.quick else BIG
    shop = stage.empty_shop("big")
    payloads = list(catalogue.generate(count, stage.seed))
    with shop.app.app_context():
        first, busy = _timed(payloads)
        assert first.created == count, f"{first.created} of {count} products were created"
        yield at_least("first import", count / busy.wall, FIRST_MARK, "/s", f"{count:,} in {busy.story(count)}", 0)
        again, busy = _timed(payloads)
        assert again.unchanged == count and not again.changed, "an equal catalogue was written again"
        yield at_least("nothing changed", count / busy.wall, UNCHANGED_MARK, "/s", f"in {busy.story(count)}", 0)
        some = [catalogue.changed(one) if number % 20 == 0 else one for number, one in enumerate(payloads)]
        mixed, busy = _timed(some)
        assert mixed.changed == len(some[::20]), f"{mixed.changed} of {len(some[::20])} changes were seen"
        story = f"{mixed.changed:,} written in {busy.story(count)}"
        yield Figure("one in twenty dearer", f"{count / busy.wall:,.0f}/s", story=story)
    shop.products = count
    stage.keep_big(shop)


def _timed(payloads: list[dict[str, object]]) -> tuple[Counts, Busy]:
    """The payloads are ours, not the import's (a refresh holds one page): the collector leaves them alone meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        with watched() as busy:
            counts = import_payloads(payloads)
    finally:
        gc.unfreeze()
    return counts, busy
