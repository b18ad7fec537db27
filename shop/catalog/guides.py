"""Size guides: which one a product shows, and its measures in both units.

A product's own choice comes first, then a guide of one of its collections, then one of its type, then what is known of
its blank (catalog/kinds.py). Guides are few and small, so each process holds them for each version of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app

from shop.catalog.facets import CatalogIndex
from shop.catalog.reading import read
from shop.core.scope import current_store
from shop.tenancy.profile import current_versions, on_forget

CM_PER_INCH = 2.54
UNITS = {"cm": "centimetres", "in": "inches", "": "neither"}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_MEASURE = re.compile(r"[\d.,]+(?:\s*[-–/]\s*[\d.,]+)?")  # 45, 45.5, 45–50


@dataclass(frozen=True, slots=True)
class Guide:
    id: int
    shown: dict[str, Any]  # as the product page reads it
    collections: tuple[str, ...]  # slugs
    types: frozenset[str]  # case-folded


_SELECT = """
SELECT g.id, g.name, g.unit, g.columns, g.rows, g.note_html, g.product_types,
       ARRAY(SELECT c.slug FROM collections c WHERE c.id = ANY(g.collection_ids) ORDER BY c.position, c.id)
  FROM size_guides g ORDER BY g.id"""
_held: dict[str, tuple[int, dict[int, Guide]]] = {}


def current_guides() -> dict[int, Guide]:
    """Every guide by its id. One SELECT after a change, none otherwise."""
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    version = current_versions().catalog
    held = _held.get(key)
    if held is None or held[0] != version:
        found = {
            row[0]: Guide(row[0], shown_guide(*row[1:6]), tuple(row[7]), frozenset(kind.casefold() for kind in row[6]))
            for row in read(_SELECT)
        }
        held = _held[key] = (version, found)
    return held[1]


def guide_for(document: Mapping[str, Any], index: CatalogIndex) -> dict[str, Any] | None:
    """{title, columns, rows: [[{text, other}]], note_html} for a product's document; None when there is none."""
    guides = current_guides()
    chosen = guides.get(document.get("size_guide_id") or 0)
    if chosen is None and guides:
        at = index.mask_of([document["id"]])
        known = index.values["collection"]
        type_ = document.get("type_key", document["type"]).casefold()
        chosen = next(
            (g for g in guides.values() if any(slug in known and known[slug].bits & at for slug in g.collections)), None
        ) or next((g for g in guides.values() if type_ in g.types), None)
    if chosen is not None:
        return chosen.shown
    told = document["size_guide"]
    return shown_guide("", told.get("unit") or "", told["columns"], told["rows"], "") if told else None


def shown_guide(
    name: str, unit: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], note: str
) -> dict[str, Any]:
    """As the product page reads it; `note` is sanitised already."""
    return {
        "title": name,
        "columns": list(columns),
        "rows": [[_cell(str(cell), unit if place else "") for place, cell in enumerate(row)] for row in rows],
        "note_html": note,
    }


def _cell(text: str, unit: str) -> dict[str, str]:
    """_cell("45", "cm") -> {"text": "45 cm", "other": "17.7 in"}; what is no measure stays as it is."""
    if unit not in ("cm", "in") or not _MEASURE.fullmatch(text.strip()):
        return {"text": text, "other": ""}
    to_cm = unit == "in"

    def turned(match: re.Match[str]) -> str:
        value = float(match[0].replace(",", "."))
        return f"{value * CM_PER_INCH:.0f}" if to_cm else f"{value / CM_PER_INCH:.1f}".removesuffix(".0")

    other = f"{_NUMBER.sub(turned, text.strip())} {'cm' if to_cm else 'in'}"
    return {"text": f"{text.strip()} {unit}", "other": other}


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
