"""The columns of the file, and the text of a cell.

A line with a variant (its id or SKU) is about that variant's price; cells about the product say something there only
when they are filled. A line without a variant is about the product: there an empty cell empties. So the lines may be
sorted, and columns left out, without anything being lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shop.core.reading_forms import plain_amount

PRODUCT_ID, HANDLE, VARIANT_ID, SKU = "Product ID", "Handle", "Variant ID", "SKU"
#: heading → field of a run (catalog/runs/fields.py); in the order of the file
OF_PRODUCT = {
    "Title": "title",
    "Description": "description_html",
    "Tags": "tags",
    "Collections": "collections",
    "Status": "status",
    "SEO title": "seo_title",
    "SEO description": "seo_description",
}
OF_VARIANT = {"Price": "price", "Compare-at price": "compare_at"}
#: written for people, not read back
SHOWN = ("Variant", "Currency")
HEADINGS = (PRODUCT_ID, HANDLE, *OF_PRODUCT, VARIANT_ID, SKU, "Variant", *OF_VARIANT, "Currency")
FIELDS = {**OF_PRODUCT, **OF_VARIANT}
HEADING_OF = {field: heading for heading, field in FIELDS.items()}

# What a spreadsheet takes for a formula, however many apostrophes stand before it (OWASP, "CSV Injection").
_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@|%＝＋－＠])")
_QUOTED = re.compile(r"'+(?:[\t\r\n]|\s*[=+\-@|%＝＋－＠])")


def quoted(cell: str) -> str:
    """quoted("=1+1") -> "'=1+1": shown by a spreadsheet as it is, never worked out. `unquoted` is its inverse."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unquoted(cell: str) -> str:
    return cell[1:] if _QUOTED.match(cell) else cell


def cell_of(field: str, value: Any, currency: str, slugs: Mapping[int, str]) -> str:
    """A value as the file holds it, before `quoted`. `slugs`: of collections, by id."""
    if value is None:
        return ""
    if field in ("price", "compare_at"):
        return plain_amount(value, currency)
    if field == "tags":
        return ", ".join(value)
    if field == "collections":
        return ", ".join(sorted(slugs[i] for i in value if i in slugs))
    return str(value)
