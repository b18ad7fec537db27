"""A product's fields as people write them, in a form or in a file. Every reader raises InvalidInput with the name."""

from __future__ import annotations

from collections.abc import Mapping

from shop.catalog.html import MOST_CHARS_OUT, clean_html
from shop.catalog.reading_printify import MOST_MINOR, MOST_TAGS
from shop.core import reading_forms as read
from shop.errors import InvalidInput

MOST_TAG_CHARS = 80
Form = Mapping[str, str]


def plain(value: str) -> str:
    """As a browser sends it back: one kind of line end, nothing around it."""
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def read_tags(form: Form, name: str) -> list[str]:
    """Tags with commas or on lines of their own; each once, whatever its case."""
    raw = plain(form.get(name, ""))
    found: dict[str, str] = {}
    for part in raw.replace("\n", ",").split(","):
        tag = read.text({name: part}, name, "A tag", MOST_TAG_CHARS, required=False)
        if tag:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        raise InvalidInput(fields={name: f"At most {MOST_TAGS} tags."})
    return list(found.values())


def read_description(form: Form, name: str = "description_html") -> str:
    """HTML, made harmless (catalog/html.py)."""
    raw = plain(form.get(name, ""))
    if len(raw) > MOST_CHARS_OUT:
        raise InvalidInput(fields={name: f"Description is too long: at most {MOST_CHARS_OUT} characters."})
    return clean_html(raw)


def read_price(form: Form, name: str, label: str, currency: str) -> int:
    """More than nothing, and no more than a catalogue may hold."""
    minor = read.amount(form, name, label, currency)
    if not 0 < minor <= MOST_MINOR:
        most = read.plain_amount(MOST_MINOR, currency)
        raise InvalidInput(fields={name: f"{label} must be more than 0 and at most {most}."})
    return minor
