"""Edits on both sides of every platform, with lost, late and doubled hooks, truncated and empty answers (T7)."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

from benchmarks.figures import Figure, at_most, done, progress
from benchmarks.platforms import NAMES, Shopfront, app_with
from benchmarks.stage import Stage
from shop.channels import registry
from shop.extensions import db
from tests.channels.syncing.playing import play, undo_restores


def measure(stage: Stage) -> Iterable[Figure]:
    products, edits = (60, 300) if stage.quick else (500, 3_400)
    sandbox_url = stage.start_sandbox(rate_limits=False, products=0)
    for name in NAMES:
        app = app_with(stage, f"both_{name}", sandbox_url)
        with app.app_context():
            if name in {c.spec.key for c in registry.list_connectors()}:
                progress(f"{name}: {edits:,} edits")
                front = Shopfront(sandbox_url, name)
                yield from _play(front, random.Random(stage.seed), products, edits)
            db.session.remove()
            db.engine.dispose()
    done()


def _play(front: Shopfront, rng: random.Random, products: int, edits: int) -> Iterable[Figure]:
    began = time.monotonic()
    played = play(front, rng, products, edits, every=max(edits // 17, 30))
    story = (
        f"{played.edits:,} edits of {products} products, {played.both} fields edited on both sides, "
        f"{played.hooks} hooks, {played.cycles} cycles, {time.monotonic() - began:.0f} s"
    )
    yield at_most(f"{front.name}: fields that differ", len(played.unequal), 0, "", story, 0)
    yield at_most(f"{front.name}: edits lost", len(played.lost), 0, "", "; ".join(played.lost[:2])[:200], 0)
    yield at_most(f"{front.name}: products taken away", played.taken_away, 0, "", "", 0)
    yield at_most(f"{front.name}: echoes", played.echoes, 0, "", "writes of two cycles with nothing to tell", 0)
    refused = front.calls().get(429, 0)
    told = f"{played.writes} calls that wrote, for {played.pushed} products with news of ours; {refused} answers of 429"
    yield Figure(f"{front.name}: writes a change", f"{played.writes / max(played.pushed, 1):.2f}", story=told)
    began = time.monotonic()
    before, after = undo_restores(front, rng, edits // 10)
    seconds = time.monotonic() - began
    yield Figure(f"{front.name}: undo restores the hash", "yes" if before == after else "NO", "yes", before == after)
    yield at_most(f"{front.name}: edits, sync and undo", seconds, 60, " s", f"{edits // 10} edits of theirs")
