"""A collection's fields: how it fills them, and how they are read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import every
from shop.catalog.models import Collection
from shop.catalog.naming import slugify
from shop.catalog.reading_fields import read_description, read_slug, read_tags

LABELS = {
    "title": "Title",
    "slug": "Address",
    "description_html": "Description",
    "rule_tags": "Tags",
    "position": "Place in menus",
    "is_shown": "Shown in the shop",
}


def fill(collection: Collection | None) -> dict[str, str]:
    if collection is None:
        return {"title": "", "slug": "", "description_html": "", "rule_tags": "", "position": "1", "is_shown": "1"}
    return {
        "title": collection.title,
        "slug": collection.slug,
        "description_html": collection.description_html,
        "rule_tags": ", ".join(collection.rule_tags),
        "position": str(collection.position),
        "is_shown": "1" if collection.is_shown else "",
    }


def typed_in(form: Mapping[str, str]) -> dict[str, str]:
    """The form's fields as they came; a box that is not ticked sends nothing."""
    return {**{name: form[name] for name in LABELS if name in form}, "is_shown": form.get("is_shown", "")}


def read_columns(form: Mapping[str, str]) -> dict[str, Any]:
    """Raises InvalidInput with every wrong field. An empty address is made from the title."""
    title, slug, description, tags, position = every(
        [
            lambda: read.text(form, "title", "Title", 200),
            lambda: read_slug(form, "slug", "Address", required=False),
            lambda: read_description(form),
            lambda: read_tags(form, "rule_tags"),
            lambda: read.whole(form, "position", "Place in menus", 0, 9999),
        ]
    )
    return {
        "title": title,
        "slug": slug or slugify(title),
        "description_html": description,
        "rule_tags": tags,
        "position": position,
        "is_shown": form.get("is_shown") == "1",
    }

