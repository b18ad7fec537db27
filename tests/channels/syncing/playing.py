"""Thousands of edits on both sides, with lost, late and doubled hooks, truncated pages and empty answers: T7 of the
reliability plan, against any platform that can be edited as its merchant.

A model keeps what each field must end as: the edit of whoever edited alone, ours where both did (the rule of the
connection). `play` says how far reality is from it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import text

from shop.channels.syncing.models import SyncRun
from shop.channels.syncing.product_rows import write_products
from shop.core.transaction import transaction
from shop.errors import Unavailable
from shop.extensions import db
from shop.workflows import run_sync, sync_channel

FIELDS = ("title", "description_html", "tags", "price")
Key = tuple[str, str]  # their id, field


class Side(Protocol):
    """The other side, as its merchant."""

    connection_id: int

    def add(self, count: int) -> list[str]: ...
    def change(self, external_id: str, name: str, value: Any) -> None: ...
    def read(self) -> dict[str, dict[str, Any]]:
        """By id: title, description_html (cleaned), tags (sorted), price (of its first variant)."""

    def count_writes(self) -> int: ...
    def spoil(self, kind: str | None) -> None:
        """The next answer with products is "empty" or "truncated"; None: no more."""


@dataclass
class Played:
    edits: int = 0
    cycles: int = 0
    hooks: int = 0
    both: int = 0  # fields that were edited on both sides between two cycles
    pushed: int = 0  # pairs that had news of ours
    writes: int = 0
    lost: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    echoes: int = 0
    taken_away: int = 0


def play(side: Side, rng: random.Random, products: int, edits: int, every: int) -> Played:
    """Import `products`, then edit; a cycle after each `every` edits, hooks in between."""
    played = Played()
    side.add(products)
    cycle(side.connection_id, "full")
    ours = our_ids(side.connection_id)
    expected = {(x, name): value for x, values in side.read().items() for name, value in values.items()}
    pending: dict[Key, dict[str, Any]] = {}
    before = side.count_writes()
    for number in range(1, edits + 1):
        external_id = rng.choice(list(ours))
        name = rng.choice(FIELDS)
        value = _value(rng, name, number)
        if rng.random() < 0.5:
            _edit_ours(ours[external_id], name, value)
            pending.setdefault((external_id, name), {})["ours"] = value
        else:
            side.change(external_id, name, value)
            pending.setdefault((external_id, name), {})["theirs"] = value
        played.edits += 1
        if rng.random() < 0.15:  # a hook: on time, late (about another thing) or twice; the others were lost
            about = rng.choice([external_id, rng.choice(list(ours))])
            _settle(pending, expected, played, only=about)
            for _ in range(rng.choice([1, 1, 2])):
                sync_channel.pull_one(side.connection_id, "products", about)
                played.hooks += 1
        if number % every == 0:
            spoiled = rng.choice([None, None, "truncated", "empty"])
            side.spoil(spoiled)
            cycle(side.connection_id, "full" if spoiled or rng.random() < 0.3 else "incremental")
            side.spoil(None)
            if spoiled:
                cycle(side.connection_id, "full")
                played.cycles += 1
            _settle(pending, expected, played)
            played.cycles += 1
    for _ in range(2):
        cycle(side.connection_id, "full")
    _settle(pending, expected, played)
    played.writes = side.count_writes() - before
    _compare(side, ours, expected, played)
    for mode in ("incremental", "full"):
        cycle(side.connection_id, mode)
    played.echoes = side.count_writes() - before - played.writes
    return played


def _settle(pending: dict[Key, dict[str, Any]], expected: dict[Key, Any], played: Played, only: str = "") -> None:
    told = set()
    for key in [k for k in pending if not only or k[0] == only]:
        news, before = pending.pop(key), expected[key]
        ours, theirs = news.get("ours", before), news.get("theirs", before)
        if ours != before:  # what was set to what it was is no edit: then it is theirs that counts
            told.add(key[0])
        played.both += before not in (ours, theirs)
        expected[key] = ours if ours != before else theirs
    played.pushed += len(told)


def _value(rng: random.Random, name: str, number: int) -> Any:
    if name == "tags":
        return sorted(rng.sample(["art", "blue", "calm", "deep", "eco"], rng.randint(1, 3)))
    if name == "price":
        return rng.randrange(100, 9_999_00)
    return f"<p>Edit {number}</p>" if name == "description_html" else f"Thing, edit {number}"


def _edit_ours(product_id: int, name: str, value: Any) -> None:
    """As the merchant's own editors write."""
    with transaction() as session:
        fields = {name: value}
        if name == "price":
            rows = session.execute(
                text("SELECT id FROM variants WHERE product_id = :p ORDER BY position"), {"p": product_id}
            )
            fields = {f"variants.{rows.scalars().first()}.price_minor": value}
        write_products(session, [(product_id, fields)])


def cycle(connection_id: int, mode: str) -> SyncRun:
    """One run; a plan that the brake holds is rejected, as a careful merchant would. An answer that is not whole
    leaves the run waiting for the next cycle."""
    with transaction() as session:
        run_id = sync_channel.request_sync(session, connection_id, "products", mode=mode, cause="command")
    try:
        if run_sync.run_now(run_id) == "waiting":
            sync_channel.reject_run(run_id, "careful")
    except Unavailable:
        db.session.rollback()
    db.session.remove()
    return db.session.get_one(SyncRun, run_id)


def our_ids(connection_id: int) -> dict[str, int]:
    db.session.remove()
    rows = db.session.execute(
        text("SELECT external_id, our_id FROM channel_links WHERE connection_id = :c AND entity = 'product'"),
        {"c": connection_id},
    )
    return {row[0]: row[1] for row in rows}


def read_ours(product_ids: list[int]) -> dict[int, dict[str, Any]]:
    db.session.remove()
    rows = db.session.execute(
        text("""SELECT p.id, p.title, p.description_html, p.tags, p.status,
                       (SELECT price_minor FROM variants v WHERE v.product_id = p.id ORDER BY position LIMIT 1) AS price
                  FROM products p WHERE p.id = ANY(:ids)"""),
        {"ids": product_ids},
    )
    return {
        row.id: {
            "title": row.title, "description_html": row.description_html, "tags": sorted(row.tags),
            "price": row.price, "status": row.status,
        }
        for row in rows
    }  # fmt: skip


def _compare(side: Side, ours: dict[str, int], expected: dict[Key, Any], played: Played) -> None:
    here, there = read_ours(list(ours.values())), side.read()
    for external_id, our_id in ours.items():
        mine, theirs = here[our_id], there.get(external_id, {})
        played.taken_away += mine["status"] == "archived" or not theirs
        for name in FIELDS:
            if mine[name] != theirs.get(name):
                played.unequal.append(f"{external_id} {name}: {mine[name]!r} here, {theirs.get(name)!r} there")
            if mine[name] != expected[(external_id, name)]:
                played.lost.append(f"{external_id} {name}: {mine[name]!r}, not {expected[(external_id, name)]!r}")


def undo_restores(side: Side, rng: random.Random, edits: int) -> tuple[str, str]:
    """The fingerprint of our catalogue before `edits` of theirs, and after they came and were taken back."""
    ours = our_ids(side.connection_id)
    before = fingerprint()
    for number in range(edits):
        name = rng.choice(FIELDS)
        side.change(rng.choice(list(ours)), name, _value(rng, name, 10**6 + number))
    run = cycle(side.connection_id, "incremental")
    assert run.changed, "nothing to undo"
    run_sync.run_now(sync_channel.undo_run(run.id, "fuzz"))
    return before, fingerprint()


def fingerprint() -> str:
    db.session.remove()
    return str(
        db.session.execute(
            text("""SELECT md5(string_agg(concat_ws('|', p.id, p.title, p.status, p.description_html, p.tags, v.sku,
                        v.price_minor), '#' ORDER BY p.id, v.id))
                      FROM products p JOIN variants v ON v.product_id = p.id""")
        ).scalar()
    )
