"""A product's fields as people write them, in a form or in a file. Every reader raises InvalidInput with the name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from shop.catalog.html import MOST_CHARS_OUT, clean_html
from shop.catalog.naming import MOST_CHARS, slugify
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


def read_slug(form: Form, name: str, label: str, *, required: bool = True) -> str:
    """Small letters, digits and hyphens."""
    raw = read.text(form, name, label, MOST_CHARS, required=required)
    if raw and raw != slugify(raw):
        raise InvalidInput(fields={name: f"{label}: only small letters, digits and hyphens, like {slugify(raw)}."})
    return raw


def moment_of(value: datetime | None) -> str:
    """A moment as a browser's field for date and time holds it, in UTC."""
    return "" if value is None else f"{value.astimezone(UTC):%Y-%m-%dT%H:%M}"


def read_moment(form: Form, name: str, label: str) -> datetime | None:
    """The reverse of `moment_of`; None when empty."""
    raw = form.get(name, "").strip()
    if not raw:
        return None
    try:
        found = datetime.strptime(raw[:16].replace(" ", "T"), "%Y-%m-%dT%H:%M")
    except ValueError as error:
        raise InvalidInput(fields={name: f"{label}: write it like 2026-12-01 09:30, in UTC."}) from error
    if not 2000 <= found.year <= 2200:
        raise InvalidInput(fields={name: f"{label} is out of range."})
    return found.replace(tzinfo=UTC)
