"""A size guide's fields: how it fills them, and how they are read back.

The table is flat: `c-<column>` for the headings, `r-<row>-<column>` for the cells, both from 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import every
from shop.catalog.guides import UNITS
from shop.catalog.models import SizeGuide
from shop.catalog.reading_fields import read_description
from shop.errors import InvalidInput

MOST_COLUMNS, MOST_ROWS = 6, 40
EMPTY_ROWS = 3
LABELS = {
    "name": "Name",
    "unit": "The numbers are",
    "note_html": "Note",
    "product_types": "Types",
    "collection_ids": "Collections",
}
STARTER = (["Size", "Width", "Length"], [["S", "", ""], ["M", "", ""], ["L", "", ""], ["XL", "", ""]])


def fill(guide: SizeGuide | None) -> dict[str, str]:
    """Every field, with some empty rows to write in."""
    columns, rows = (guide.columns, guide.rows) if guide else STARTER
    values = {
        "name": guide.name if guide else "",
        "unit": guide.unit if guide else "cm",
        "note_html": guide.note_html if guide else "",
        "product_types": "\n".join(guide.product_types) if guide else "",
        "collection_ids": "\n".join(map(str, guide.collection_ids)) if guide else "",
    }
    values.update({f"c-{c}": columns[c] if c < len(columns) else "" for c in range(MOST_COLUMNS)})
    for row in range(min(len(rows) + EMPTY_ROWS, MOST_ROWS)):
        told = rows[row] if row < len(rows) else []
        values.update({f"r-{row}-{c}": str(told[c]) if c < len(told) else "" for c in range(MOST_COLUMNS)})
    return values


def typed_in(form: Any) -> dict[str, str]:
    """The form's fields; ticked types and collections as lines of one field each."""
    typed = {name: value[:70_000] for name, value in form.items() if name in LABELS or name[:2] in ("c-", "r-")}
    for name in ("product_types", "collection_ids"):
        typed[name] = "\n".join(value[:80] for value in form.getlist(name)[:200])
    return typed


def read_guide(typed: Mapping[str, str], collections: Sequence[int]) -> dict[str, Any]:
    """Raises InvalidInput with every wrong field. Empty rows, and columns without a heading, are left out."""
    name, unit, note, table = every(
        [
            lambda: read.text(typed, "name", "Name", 120),
            lambda: read.choice(typed, "unit", LABELS["unit"], tuple(UNITS)),
            lambda: read_description(typed, "note_html"),
            lambda: _read_table(typed),
        ]
    )
    ids = {int(raw) for raw in typed["collection_ids"].split() if raw.isascii() and raw.isdigit() and len(raw) <= 18}
    kinds = [read.text({"t": raw}, "t", "Type", 80, required=False) for raw in typed["product_types"].split("\n")]
    return {
        "name": name,
        "unit": unit,
        "note_html": note,
        "columns": table[0],
        "rows": table[1],
        "product_types": sorted({kind for kind in kinds if kind}),
        "collection_ids": [i for i in collections if i in ids],
    }


def _read_table(typed: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    headings = [read.text(typed, f"c-{c}", "A heading", 40, required=False) for c in range(MOST_COLUMNS)]
    kept = [c for c, heading in enumerate(headings) if heading]
    if not kept:
        raise InvalidInput(fields={"c-0": "Give the columns headings: Size, Width, Length."})
    rows = []
    for row in range(MOST_ROWS):
        cells = [read.text(typed, f"r-{row}-{c}", "A measure", 40, required=False) for c in range(MOST_COLUMNS)]
        lost = next((c for c, cell in enumerate(cells) if cell and c not in kept), None)
        if lost is not None:
            raise InvalidInput(fields={f"c-{lost}": f"Column {lost + 1} has measures, but no heading."})
        if any(cells):
            rows.append([cells[c] for c in kept])
    if not rows:
        raise InvalidInput(fields={"r-0-0": "Write at least one size with its measures."})
    return [headings[c] for c in kept], rows
