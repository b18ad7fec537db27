"""A section's fields, read back from a form: each by what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from werkzeug.datastructures import FileStorage

from shop.admin import reading_forms as read
from shop.admin.content.languages import Languages
from shop.admin.settings_forms import every
from shop.catalog.collections import current_shelves
from shop.catalog.pictures import make_renditions
from shop.content.home import KINDS, Field, Kind, Section
from shop.content.html import clean_page, has_words
from shop.content.links import check_link
from shop.core.storage import store_file
from shop.errors import InvalidInput, Refused

LARGEST_PICTURE = 1_900_000  # bytes; a whole request may have 2 MB


def shown_fields(section: Section, languages: Languages) -> dict[str, str]:
    """What the form shows; pictures stand beside it."""
    fields = [f for f in KINDS[section["kind"]].fields if f.kind != "picture"]
    if languages.is_own:
        return {f.name: str(section["fields"].get(f.name) or "") for f in fields}
    told = (section.get("texts") or {}).get(languages.now) or {}
    return {f.name: str(told.get(f.name) or "") for f in fields if f.is_translated}


def read_fields(kind: Kind, form: Mapping[str, str], languages: Languages) -> dict[str, str]:
    """{name: text} of every field but pictures. Raises InvalidInput with every wrong field."""
    fields = [f for f in kind.fields if f.kind != "picture" and (languages.is_own or f.is_translated)]
    found = every([partial(_read_field, f, form) for f in fields])
    return {f.name: value for f, value in zip(fields, found, strict=True)}


def pictures_in(kind: Kind, form: Mapping[str, str], files: Mapping[str, FileStorage]) -> dict[str, Any]:
    """{name: a stored picture, or None to take it away} for the fields that change. Checked by content, drawn anew."""
    found: dict[str, Any] = {}
    for f in kind.fields:
        if f.kind != "picture":
            continue
        if form.get(f"remove_{f.name}") == "1":
            found[f.name] = None
        upload = files.get(f.name)
        if upload is not None and upload.filename:
            found[f.name] = store_picture(upload.stream.read(LARGEST_PICTURE + 1), f.name)
    return found


def store_picture(body: bytes, field: str) -> dict[str, Any]:
    """Every size we serve, stored; what a section keeps of it (storefront/home.py, picture_of)."""
    if len(body) > LARGEST_PICTURE:
        raise InvalidInput(fields={field: "The picture is larger than 1.9 MB. Save a smaller one."})
    try:
        picture = make_renditions(body)
    except Refused as error:
        raise InvalidInput(fields={field: error.user_message}) from error
    renditions: dict[str, list[list[Any]]] = {}
    for made in picture.renditions:
        name = "jpeg" if made.ending == "jpg" else made.ending
        renditions.setdefault(name, []).append([made.width, store_file(made.body, made.ending)])
    return {"width": picture.width, "height": picture.height, "colour": picture.colour, "renditions": renditions}


def _read_field(f: Field, form: Mapping[str, str]) -> str:
    if f.kind == "html":
        if len(form.get(f.name, "")) > f.most * 2:
            raise InvalidInput(fields={f.name: f"{f.label} is too long: at most {f.most} characters."})
        cleaned = clean_page(form.get(f.name, ""))
        if len(cleaned) > f.most:
            raise InvalidInput(fields={f.name: f"{f.label} is too long: at most {f.most} characters."})
        return cleaned if has_words(cleaned) else ""
    typed = read.text(form, f.name, f.label, f.most, required=False, lines=f.kind == "text")
    if not typed:
        return ""
    if f.kind == "link":
        return check_link(typed, f.name)
    if f.kind == "number":
        return str(read.whole(form, f.name, f.label, 2, 12))
    if f.kind == "choice":
        return read.choice(form, f.name, f.label, tuple(key for key, _ in f.options))
    if f.kind == "collection" and typed not in current_shelves().collections:
        raise InvalidInput(fields={f.name: "There is no such collection, or it is hidden."})
    return typed
