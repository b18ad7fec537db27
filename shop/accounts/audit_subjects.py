"""What a row is about, in words: its own name, or that of the order or product it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Table, inspect, select
from sqlalchemy.orm import Session

from shop.extensions import db


class Thing(NamedTuple):
    """`name` is known already, or found later from the row (`table`, `row_id`)."""

    table: str
    row_id: int
    name: str = ""


#: table → (word, the column that names it; "" for its id; None for the one row there is)
_WORDS: dict[str, tuple[str, str | None]] = {
    "orders": ("order", "number"),
    "products": ("product", ""),
    "collections": ("collection", ""),
    "discounts": ("discount", "title"),
    "customers": ("customer", ""),
    "content_pages": ("page", "slug"),
    "store_profile": ("settings", None),
    "staff_members": ("staff", "email"),
    "staff_invitations": ("invitation", "email"),
    "catalog_runs": ("catalogue refresh", ""),
}
#: a row with this column belongs to a row of that table; the first that fits
_PARENTS = (
    ("order_id", "orders"),
    ("product_id", "products"),
    ("collection_id", "collections"),
    ("discount_id", "discounts"),
    ("staff_id", "staff_members"),
    ("customer_id", "customers"),
)


def word_of(table: str) -> str:
    """ "webhook_endpoints" → "webhook endpoint"."""
    if table in _WORDS:
        return _WORDS[table][0]
    words = table.replace("_", " ")
    if words.endswith("ies"):
        return words[:-3] + "y"
    return words[:-1] if words.endswith("s") and not words.endswith("ss") else words


def thing_of(row: Any, table: Table) -> tuple[Thing, str]:
    """What the row is about, and how the row is called there ("" when it is the thing itself)."""
    row_id = int((inspect(row).identity or (getattr(row, "id", 0) or 0,))[0])
    if table.name in _WORDS:
        column = _WORDS[table.name][1]
        known = inspect(row).dict.get(column) if column else None
        return Thing(table.name, row_id, _spell(table.name, known) if known else ""), ""
    values = inspect(row).dict
    for column, parent in _PARENTS:
        if column in table.c and isinstance(values.get(column), int):
            return Thing(parent, int(values[column])), f"{word_of(table.name)} {row_id}"
    return Thing(table.name, row_id), ""


def name_things(session: Session, things: Iterable[Thing]) -> dict[Thing, str]:
    """Words for each; one query for each table whose rows are named by something else than their id."""
    found: dict[Thing, str] = {}
    unknown: dict[str, list[Thing]] = {}
    for thing in things:
        column = _WORDS.get(thing.table, ("", ""))[1]
        if thing.name:
            found[thing] = thing.name
        elif column is None:
            found[thing] = word_of(thing.table)
        elif column == "":
            found[thing] = _spell(thing.table, thing.row_id)
        else:
            unknown.setdefault(thing.table, []).append(thing)
    for table_name, some in unknown.items():
        table = db.metadata.tables[table_name]
        named = table.c[_WORDS[table_name][1] or "id"]
        query = select(table.c.id, named).where(table.c.id.in_([t.row_id for t in some]))
        names = {row[0]: row[1] for row in session.execute(query)}
        for thing in some:
            found[thing] = _spell(table_name, names.get(thing.row_id, thing.row_id))
    return found


def _spell(table: str, name: object) -> str:
    return f"{word_of(table)} {name}"
