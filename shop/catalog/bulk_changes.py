"""One change to many products: planned first, shown, then written exactly as it was shown, by a run (catalog/runs).

Two statements whatever the number of products; at most MOST_AT_ONCE.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.reading_printify import MOST_MINOR, MOST_TAGS
from shop.catalog.runs.settling import Item

MOST_AT_ONCE = 10_000


@dataclass(frozen=True)
class BulkChange:
    """kind: status | add_tag | remove_tag | price_percent | price_amount.

    value: the status or the tag; for prices a signed text, a rate ("-0.1") or minor units ("250").
    """

    kind: str
    value: str


@dataclass(frozen=True)
class Planned:
    """One product that changes. `before`, `after`: a status, tags, or (lowest, highest) price in minor units."""

    product_id: int
    title: str
    before: Any
    after: Any
    prices: dict[int, int] = field(default_factory=dict)  # new price by variant id
    were: dict[int, int] = field(default_factory=dict)  # the prices these replace


@dataclass(frozen=True)
class Plan:
    change: BulkChange
    planned: list[Planned]
    same: int  # products that are so already
    left_out: list[tuple[str, str]]  # (title, why)

    @property
    def digest(self) -> str:
        """Equal digests: the same products get the same values from the same ones."""
        facts = [[p.product_id, p.before, p.after, sorted(p.prices.items())] for p in self.planned]
        return hashlib.sha256(orjson.dumps([self.change.kind, self.change.value, facts])).hexdigest()[:24]


def plan_changes(session: Session, product_ids: Sequence[int], change: BulkChange) -> Plan:
    """What the change would do, without doing it. Unknown ids are passed over."""
    if len(product_ids) > MOST_AT_ONCE:
        raise ValueError(f"more than {MOST_AT_ONCE} products at once")
    rows = session.execute(
        text("SELECT id, title, status, tags FROM products WHERE id = ANY(:ids) ORDER BY title, id"),
        {"ids": list(product_ids)},
    ).all()
    if change.kind.startswith("price_"):
        return _plan_prices(session, rows, change)
    planned: list[Planned] = []
    left_out: list[tuple[str, str]] = []
    for row in rows:
        before, after = _told_apart(row, change)
        if change.kind == "add_tag" and len(after) > MOST_TAGS:
            left_out.append((row.title, f"It has {MOST_TAGS} tags, and more are not possible."))
        elif before != after:
            planned.append(Planned(row.id, row.title, before, after))
    return Plan(change, planned, len(rows) - len(planned) - len(left_out), left_out)


def items_of(plan: Plan) -> list[Item]:
    """The plan as the items of a run (catalog/runs), which writes them and keeps what they replaced."""
    if plan.change.kind.startswith("price_"):
        return [
            Item(0, p.product_id, variant, "price", p.were[variant], minor)
            for p in plan.planned
            for variant, minor in p.prices.items()
        ]
    name = "status" if plan.change.kind == "status" else "tags"
    return [Item(0, p.product_id, 0, name, p.before, p.after) for p in plan.planned]


def _told_apart(row: Any, change: BulkChange) -> tuple[Any, Any]:
    """(before, after) of a status or of tags."""
    if change.kind == "status":
        return row.status, change.value
    tags, wanted = list(row.tags), change.value.casefold()
    if change.kind == "remove_tag":
        return tags, [tag for tag in tags if tag.casefold() != wanted]
    return tags, tags if any(tag.casefold() == wanted for tag in tags) else [*tags, change.value]


def new_price(price_minor: int, change: BulkChange) -> int:
    """Rounded half up to a whole minor unit."""
    if change.kind == "price_amount":
        return price_minor + int(change.value)
    return int((price_minor * (1 + Decimal(change.value))).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _plan_prices(session: Session, rows: Sequence[Any], change: BulkChange) -> Plan:
    variants: dict[int, list[Any]] = {row.id: [] for row in rows}
    for variant in session.execute(_VARIANTS, {"ids": list(variants)}):
        variants[variant.product_id].append(variant)
    planned: list[Planned] = []
    left_out: list[tuple[str, str]] = []
    for row in rows:
        own = variants[row.id]
        prices = {v.id: new_price(v.price_minor, change) for v in own}
        why = _impossible(own, prices)
        changed = {v.id: prices[v.id] for v in own if prices[v.id] != v.price_minor}
        if why:
            left_out.append((row.title, why))
        elif changed:
            old = [v.price_minor for v in own]
            before, after = (min(old), max(old)), (min(prices.values()), max(prices.values()))
            were = {v.id: v.price_minor for v in own if v.id in changed}
            planned.append(Planned(row.id, row.title, before, after, changed, were))
    return Plan(change, planned, len(rows) - len(planned) - len(left_out), left_out)


def _impossible(variants: Sequence[Any], prices: dict[int, int]) -> str:
    if not variants:
        return "It has no variants."
    if min(prices.values()) <= 0:
        return "A price would be nothing or less."
    if max(prices.values()) > MOST_MINOR:
        return "A price would be out of range."
    if any(v.compare_at_minor is not None and v.compare_at_minor <= prices[v.id] for v in variants):
        return "The price before (struck through) would not be above the new price. Change that first."
    return ""


_VARIANTS = text("""
    SELECT id, product_id, price_minor, compare_at_minor FROM variants
     WHERE product_id = ANY(:ids) AND position >= 0 ORDER BY product_id, position, id""")
