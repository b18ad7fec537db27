"""What can be changed in a run: its names, and its values in words.

Values are JSON: texts, lists of tags, ids of collections (by hand, ascending) and of pictures (in their order), minor
units, times as ISO 8601 in UTC, and null for "none".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shop.core.money import format_minor


@dataclass(frozen=True)
class Field:
    """of: product | variant | image. told: its name in Product.edited_fields, where Printify tells it too."""

    name: str
    label: str
    of: str = "product"
    told: str = ""
    sql: str = "text"  # of a column of products


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("title", "Title", told="title"),
        Field("slug", "Address"),
        Field("description_html", "Description", told="description_html"),
        Field("tags", "Tags", told="tags", sql="json"),
        Field("collections", "Collections by hand", sql=""),
        Field("status", "Status", told="status"),
        Field("seo_title", "Title in search results"),
        Field("seo_description", "Text in search results"),
        Field("publish_at", "On sale from", sql="timestamptz"),
        Field("hide_at", "On sale until", sql="timestamptz"),
        Field("size_guide_id", "Size guide", sql="bigint"),
        Field("is_personalised", "Made to specification", sql="boolean"),
        Field("images", "Order of the pictures", told="images", sql=""),
        Field("price", "Price", of="variant"),
        Field("compare_at", "Price before", of="variant"),
        Field("alt", "Text of a picture", of="image"),
    )
}
COLUMNS = tuple(f.name for f in FIELDS.values() if f.of == "product" and f.sql)
STATUS_WORDS = {"active": "Active", "draft": "Draft", "archived": "Archived"}


def in_words(field: str, value: Any, currency: str, names: Mapping[int, str] | None = None) -> str:
    """A value as a merchant reads it. `names`: of collections, by id."""
    if value is None or value == "" or value == []:
        return "empty"
    if field in ("price", "compare_at"):
        return format_minor(value, currency, "en")
    if field == "status":
        return STATUS_WORDS.get(value, str(value))
    if field == "collections":
        return ", ".join((names or {}).get(i, f"collection {i}") for i in value)
    if field == "images":
        return f"{len(value)} in another order"
    if field in ("publish_at", "hide_at"):
        return f"{datetime.fromisoformat(value).astimezone(UTC):%d %b %Y, %H:%M} UTC"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
