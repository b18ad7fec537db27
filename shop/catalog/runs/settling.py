"""A run's items meet the products as they are: written, or left alone with the reason.

A value is written only where the product still says what the item says it said; what somebody changed meanwhile stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.addresses import PRODUCT, taken_slugs
from shop.catalog.models import SizeGuide
from shop.catalog.runs.fields import FIELDS, in_words
from shop.catalog.runs.looking import Key, Now, look
from shop.catalog.runs.writing import Write, write
from shop.catalog.taking_back import told_statuses
from shop.tenancy.profile import current_profile

ELSEWHERE = "Another value of the same line could not be changed."
PAIR = "The price before (struck through) would not be above the price."
SO_ALREADY = "It says so already."


@dataclass(slots=True)
class Item:
    """One row of change_items, and what became of it (state, reason)."""

    id: int
    product_id: int
    subject_id: int
    field: str
    before: Any
    after: Any
    line: int = 0
    was_own: bool = False
    state: str = "planned"
    reason: str = ""

    @property
    def key(self) -> Key:
        return self.field, self.product_id, self.subject_id


def settle(session: Session, items: Sequence[Item], at: datetime, *, undo: bool = False) -> None:
    """Write what can be written, and say of every item what became of it. The caller holds the catalogue's lock.

    Applying: done | skipped | failed, and a file's line is written whole or not at all. Undoing: undone | kept.
    """
    fields = {item.field for item in items} | _with_pairs(items)
    now = look(session, sorted({item.product_id for item in items}), fields)
    for item in items:
        _compare(item, now, undo)
    _free_addresses(session, items, undo)
    _known_guides(session, items, undo)
    while _refuse_pairs(items, now, undo) or (not undo and _refuse_lines(items)):
        pass
    chosen = [item for item in items if item.state == ("undone" if undo else "done")]
    told = {}
    if any(item.field == "status" for item in chosen):
        told = told_statuses(session, sorted({item.product_id for item in chosen}))
    if chosen:
        write(session, [_write_of(item, now, told, undo) for item in chosen], now, at)


def _with_pairs(items: Sequence[Item]) -> set[str]:
    return {"price", "compare_at"} if any(FIELDS[item.field].of == "variant" for item in items) else set()


def _compare(item: Item, now: Now, undo: bool) -> None:
    had, gets = (item.after, item.before) if undo else (item.before, item.after)
    left = "kept" if undo else "skipped"
    if item.key not in now.values:
        item.state, item.reason = left, "It is no longer in the shop."
        return
    says = now.values[item.key]
    if says == had:
        item.state, item.reason = ("undone" if undo else "done"), ""
    elif says == gets:
        item.state, item.reason = left, SO_ALREADY
    else:
        item.state = left
        item.reason = f"Changed meanwhile: it says {in_words(item.field, says, current_profile().currency)[:200]} now."


def _free_addresses(session: Session, items: Sequence[Item], undo: bool) -> None:
    moves = [i for i in items if i.field == "slug" and i.state in ("done", "undone")]
    if not moves:
        return
    taken = taken_slugs(session, PRODUCT, [str(_target(item, undo)) for item in moves])
    for item in moves:
        if taken.get(str(_target(item, undo)), item.product_id) != item.product_id:
            item.state, item.reason = ("kept" if undo else "failed"), "Another product has this address."


def _known_guides(session: Session, items: Sequence[Item], undo: bool) -> None:
    wanted = {_target(i, undo) for i in items if i.field == "size_guide_id" and i.state in ("done", "undone")} - {None}
    if not wanted:
        return
    there = set(session.execute(select(SizeGuide.id).where(SizeGuide.id.in_(wanted))).scalars())
    for item in items:
        if item.field == "size_guide_id" and _target(item, undo) in wanted - there:
            item.state, item.reason = ("kept" if undo else "failed"), "This size guide is gone."


def _refuse_pairs(items: Sequence[Item], now: Now, undo: bool) -> bool:
    """Whether a price before would not be above its price any more: neither is written then."""
    pairs: dict[tuple[int, int], list[Item]] = defaultdict(list)
    for item in items:
        if item.field in ("price", "compare_at") and item.state in ("done", "undone"):
            pairs[(item.product_id, item.subject_id)].append(item)
    refused = False
    for (product_id, variant_id), chosen in pairs.items():
        price, before = now.pair(product_id, variant_id)
        for item in chosen:
            price = _target(item, undo) if item.field == "price" else price
            before = _target(item, undo) if item.field == "compare_at" else before
        if before is not None and before <= price:
            refused = True
            for item in chosen:
                item.state, item.reason = ("kept" if undo else "failed"), PAIR
    return refused


def _refuse_lines(items: Sequence[Item]) -> bool:
    """A line of a file is written whole or not at all; what says so already is no obstacle."""
    spoilt = {
        item.line for item in items if item.line and item.state in ("skipped", "failed") and item.reason != SO_ALREADY
    }
    refused = False
    for item in items:
        if item.line in spoilt and item.state == "done":
            item.state, item.reason, refused = "skipped", ELSEWHERE, True
    return refused


def _target(item: Item, undo: bool) -> Any:
    return item.before if undo else item.after


def _write_of(item: Item, now: Now, told: dict[int, str], undo: bool) -> Write:
    """A status that Printify gives anyway is nobody's edit (catalog/taking_back.py)."""
    if undo:
        return Write(item.field, item.product_id, item.subject_id, item.before, item.was_own)
    item.was_own = item.key in now.own
    own = item.field != "status" or told.get(item.product_id) != item.after
    return Write(item.field, item.product_id, item.subject_id, item.after, own)
