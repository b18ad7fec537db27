"""Many edits on both sides end equal, with nobody's edit lost, no echo, and at most one write for a change (T7)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from shop.catalog.html import clean_html
from shop.channels import registry
from tests.channels.syncing.playing import play, undo_restores
from tests.channels.syncing.toy import Toy, connect


class ToySide:
    def __init__(self) -> None:
        self.connection_id, self.world = connect(default="ours")
        self.world.page_size = 20

    def add(self, count: int) -> list[str]:
        return [self.world.add(f"Thing {n}", [f"T{n}a", f"T{n}b"], 1000 + n) for n in range(count)]

    def change(self, external_id: str, name: str, value: Any) -> None:
        if name == "price":
            there = self.world.products[external_id]
            first = type(there.variants[0])(**{**vars(there.variants[0]), "price_minor": value})
            self.world.change(external_id, variants=(first, *there.variants[1:]))
        else:
            self.world.change(external_id, **{name: tuple(value) if name == "tags" else value})

    def read(self) -> dict[str, dict[str, Any]]:
        return {
            external_id: {
                "title": p.title, "description_html": clean_html(p.description_html), "tags": sorted(p.tags),
                "price": p.variants[0].price_minor,
            }
            for external_id, p in self.world.products.items()
        }  # fmt: skip

    def count_writes(self) -> int:
        return len(self.world.writes)

    def spoil(self, kind: str | None) -> None:
        self.world.fails = lambda name: kind if name == "pull_products" else None


@pytest.fixture
def side(app: Flask) -> Iterator[ToySide]:
    yield ToySide()
    registry._classes.pop("toy", None)
    registry._made.clear()
    Toy.worlds.clear()


@pytest.mark.parametrize(("seed", "keeps"), [(1, False), (2, True)])
def test_both_sides_end_equal_and_no_edit_is_lost(side: ToySide, seed: int, keeps: bool) -> None:
    side.world.keeps_html_its_way = keeps
    rng = random.Random(seed)
    played = play(side, rng, products=25, edits=100, every=25)
    assert played.lost == [] and played.unequal == []
    assert played.taken_away == 0
    assert played.echoes == 0
    assert played.writes <= played.pushed
    before, after = undo_restores(side, rng, 30)
    assert before == after
