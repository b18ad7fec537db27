"""One change to many products: planned first, shown, then written exactly as it was shown.

Three kinds of statement whatever the number of products; at most MOST_AT_ONCE.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.bulk import as_json
from shop.catalog.editing import publish
from shop.catalog.reading_printify import MOST_MINOR, MOST_TAGS
from shop.catalog.taking_back import told_statuses

MOST_AT_ONCE = 500


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


def apply_plan(session: Session, plan: Plan, at: datetime) -> None:
    """Write it in the caller's transaction, which holds the catalogue's lock; refreshes keep what is written."""
    ids = [planned.product_id for planned in plan.planned]
    if not ids:
        return
    if plan.change.kind == "status":
        _write_status(session, ids, plan.change.value, at)
    elif plan.change.kind in ("add_tag", "remove_tag"):
        rows = [{"id": p.product_id, "tags": p.after} for p in plan.planned]
        session.execute(_WRITE_TAGS, {"rows": as_json(rows), "at": at})
    else:
        prices = [{"id": variant, "price": minor} for p in plan.planned for variant, minor in p.prices.items()]
        session.execute(_WRITE_PRICES, {"rows": as_json(prices)})
        session.execute(text("UPDATE products SET updated_at = :at WHERE id = ANY(:ids)"), {"ids": ids, "at": at})
    publish(session, ids)


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
            planned.append(Planned(row.id, row.title, before, after, changed))
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


def _write_status(session: Session, ids: list[int], status: str, at: datetime) -> None:
    """A status that Printify gives anyway is nobody's edit (catalog/taking_back.py)."""
    told = told_statuses(session, ids)
    for own in (True, False):
        chosen = [product_id for product_id in ids if (told.get(product_id) != status) == own]
        session.execute(_WRITE_STATUS, {"ids": chosen, "status": status, "own": own, "at": at})


_VARIANTS = text("""
    SELECT id, product_id, price_minor, compare_at_minor FROM variants
     WHERE product_id = ANY(:ids) AND position >= 0 ORDER BY product_id, position, id""")
_WRITE_STATUS = text("""
    UPDATE products SET status = :status, updated_at = :at,
           edited_fields = array_remove(edited_fields, 'status')
                        || CASE WHEN :own THEN '{status}' ELSE '{}' END::varchar[]
     WHERE id = ANY(:ids)""")
_WRITE_TAGS = text("""
    UPDATE products p SET tags = ARRAY(SELECT json_array_elements_text(n.tags)), updated_at = :at,
           edited_fields = array_remove(p.edited_fields, 'tags') || '{tags}'::varchar[]
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, tags json) WHERE p.id = n.id""")
_WRITE_PRICES = text("""
    UPDATE variants v SET price_minor = n.price, price_edited = true
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, price int) WHERE v.id = n.id""")
