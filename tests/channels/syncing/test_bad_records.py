"""Whatever a platform tells, each product ends as a draft here or is set aside with a story; the others come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from shop.channels import registry
from shop.channels.records import OptionRecord, VariantRecord
from shop.channels.syncing.models import ParkedRecord
from shop.extensions import db
from tests.channels.syncing.playing import cycle
from tests.channels.syncing.toy import Toy, World, connect

BOMB = "<div>" * 8_000 + "boom<script>alert(1)</script><svg onload=alert(1)>" + "</div>" * 8_000
STRANGE = {
    "emoji and right to left": {"title": "Fjord 🏔️ قميص ‮evil‬", "description_html": "<p>شتاء</p>"},
    "an html bomb": {"title": "Bomb", "description_html": BOMB},
    "a huge text": {"title": "Huge", "description_html": "word " * 400_000},
    "nul characters": {"title": "N\x00ul", "description_html": "<p>a\x00b</p>", "tags": ("x\x00y",)},
    "a title of ten thousand": {"title": "t" * 10_000},
    "thousands of tags": {"title": "Tags", "tags": tuple(f"tag {n}" for n in range(5_000))},
    "script in the title": {"title": "<script>alert(1)</script>Cup"},
    "pictures from nowhere": {"title": "Pictures", "images": ()},
}
REFUSED = {
    "no title": {"title": "   "},
    "another currency": {"title": "Euro", "currency": "EUR"},
    "no variants": {"title": "Nothing", "variants": ()},
    "a price below zero": {"title": "Below", "variants": (VariantRecord("B1", -5),)},
    "a price beyond everything": {"title": "Beyond", "variants": (VariantRecord("B2", 10**15),)},
    "the same sku twice": {"title": "Twice", "variants": (VariantRecord("D", 5), VariantRecord("D", 5))},
    "more variants than can be": {
        "title": "Many",
        "variants": tuple(VariantRecord(f"X{n}", 5, {"N": str(n)}) for n in range(2_049)),
    },
}


@pytest.fixture
def world(app: Flask) -> Iterator[tuple[int, World]]:
    yield connect(direction="import")
    registry._classes.pop("toy", None)
    registry._made.clear()
    Toy.worlds.clear()


def add(world: World, name: str, facts: dict[str, Any]) -> str:
    external_id = world.add("x", [f"sku {name}"])
    world.change(external_id, **facts)
    return external_id


def test_strange_products_come_harmless_and_bad_ones_are_set_aside_with_a_story(world: tuple[int, World]) -> None:
    connection_id, there = world
    for name, facts in STRANGE.items():
        add(there, name, facts)
    bad = {add(there, name, facts): name for name, facts in REFUSED.items()}
    run = cycle(connection_id, "full")
    assert (run.outcome, run.created, run.failed) == ("partial", len(STRANGE), len(REFUSED))
    stories = dict(db.session.execute(text("SELECT external_id, why FROM parked_records")).all())
    assert stories.keys() == bad.keys()
    assert all(len(why) > 15 for why in stories.values())
    rows = db.session.execute(text("SELECT title, description_html, tags FROM products")).all()
    assert len(rows) == len(STRANGE)
    for row in rows:
        told = f"{row.title} {row.description_html} {row.tags}"
        assert "\x00" not in told and "‮" not in told and "onload" not in told
        assert "<script" not in row.description_html and len(row.description_html) <= 60_000
        assert len(row.title) <= 300 and len(row.tags) <= 50
    assert any("🏔️" in row.title for row in rows)


def test_two_thousand_and_forty_eight_variants_and_a_price_of_nothing_come(world: tuple[int, World]) -> None:
    connection_id, there = world
    sizes = [str(n) for n in range(2_048)]
    variants = tuple(VariantRecord(f"V{n}", 0 if n == 7 else 100, {"N": n_}, f"v{n}") for n, n_ in enumerate(sizes))
    add(there, "many", {"title": "Many", "variants": variants, "options": (OptionRecord("N", tuple(sizes)),)})
    assert cycle(connection_id, "full").created == 1
    found = db.session.execute(
        text("SELECT count(*), min(price_minor), max(cardinality(option_value_ids)) FROM variants")
    )
    assert tuple(found.one()) == (2_048, 0, 1)
    assert cycle(connection_id, "full").unchanged == 1


def test_products_without_skus_are_linked_by_their_place_and_compared_ever_after(world: tuple[int, World]) -> None:
    connection_id, there = world
    one = there.add("Plain", ["", ""])
    cycle(connection_id, "full")
    there.price(one, 4_200)
    assert cycle(connection_id, "full").changed == 1
    assert db.session.execute(text("SELECT array_agg(price_minor) FROM variants")).scalar() == [4_200, 4_200]


def test_a_story_that_ended_well_is_forgotten(world: tuple[int, World]) -> None:
    connection_id, there = world
    one = add(there, "late", {"title": ""})
    cycle(connection_id, "full")
    there.change(one, title="At last")
    assert cycle(connection_id, "incremental").created == 1
    assert db.session.query(ParkedRecord).count() == 0
