"""What products say now, field by field, for a run to compare with. At most four statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.applying import REPLACED_POSITION
from shop.catalog.runs.fields import COLUMNS, FIELDS

Key = tuple[str, int, int]  # field, product id, subject id


@dataclass
class Now:
    """`own`: keys that are the merchant's, so that no refresh writes them."""

    values: dict[Key, Any] = field(default_factory=dict)
    own: set[Key] = field(default_factory=set)

    def pair(self, product_id: int, variant_id: int) -> tuple[int, int | None]:
        price = self.values[("price", product_id, variant_id)]
        return price, self.values[("compare_at", product_id, variant_id)]


def look(session: Session, product_ids: Sequence[int], wanted: Collection[str]) -> Now:
    """The fields `wanted` of these products, of their variants in the shop and of their pictures."""
    now, ids = Now(), {"ids": list(product_ids)}
    columns = [name for name in COLUMNS if name in wanted]
    if columns or "images" in wanted:
        _look_at_products(session, now, ids, columns)
    if "price" in wanted or "compare_at" in wanted:
        for row in session.execute(_VARIANTS, ids):
            now.values[("price", row.product_id, row.id)] = row.price_minor
            now.values[("compare_at", row.product_id, row.id)] = row.compare_at_minor
            if row.price_edited:
                now.own.add(("price", row.product_id, row.id))
    if "images" in wanted or "alt" in wanted:
        orders: dict[int, list[int]] = {product_id: [] for product_id in product_ids}
        for row in session.execute(_IMAGES, {**ids, "replaced": REPLACED_POSITION}):
            orders[row.product_id].append(row.id)
            now.values[("alt", row.product_id, row.id)] = row.alt
        now.values.update({("images", product_id, 0): order for product_id, order in orders.items()})
    if "collections" in wanted:
        now.values.update({("collections", product_id, 0): [] for product_id in product_ids})
        now.values.update({("collections", row[0], 0): row[1] for row in session.execute(_COLLECTIONS, ids)})
    return now


def _look_at_products(session: Session, now: Now, ids: dict[str, Any], columns: list[str]) -> None:
    names = ", ".join(["id", "edited_fields", *columns])
    query = f"SELECT {names} FROM products WHERE id = ANY(:ids)"  # noqa: S608  (names of ours)
    for row in session.execute(text(query), ids).mappings():
        edited = set(row["edited_fields"])
        for name in [*columns, "images"]:
            if name in row:
                now.values[(name, row["id"], 0)] = as_value(row[name])
            if FIELDS[name].told in edited:
                now.own.add((name, row["id"], 0))


def as_value(value: Any) -> Any:
    """A column's value as items hold it."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


_VARIANTS = text("""
    SELECT id, product_id, price_minor, compare_at_minor, price_edited FROM variants
     WHERE product_id = ANY(:ids) AND position >= 0 ORDER BY product_id, position, id""")
_IMAGES = text("""
    SELECT id, product_id, alt FROM images WHERE product_id = ANY(:ids) AND position < :replaced
     ORDER BY product_id, is_default DESC, position, id""")
_COLLECTIONS = text("""
    SELECT product_id, array_agg(collection_id ORDER BY collection_id) FROM collection_products
     WHERE product_id = ANY(:ids) AND by_hand GROUP BY product_id""")
