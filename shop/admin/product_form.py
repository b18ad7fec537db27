"""The product editor's fields: how a product fills them, and how they are read back.

A flat form: `title`, …; `v-<variant id>-price`, `v-<variant id>-before`; `i-<image id>-place`, `i-<image id>-alt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from shop.admin import reading_forms as read
from shop.catalog.editing import STATUSES, Edited, ProductEdit
from shop.catalog.models import Variant
from shop.catalog.reading_fields import (
    Form,
    moment_of,
    plain,
    read_description,
    read_moment,
    read_price,
    read_slug,
    read_tags,
)
from shop.core import clock
from shop.errors import InvalidInput

#: what one page takes; products with more are changed from the list
MOST_VARIANTS, MOST_PICTURES = 250, 60
STATUS_NAMES = {"active": "Active: on sale", "draft": "Draft: not shown", "archived": "Archived: no longer sold"}


def fill(found: Edited, currency: str) -> dict[str, str]:
    """Every field of the form, as stored."""
    product = found.product
    values = {
        "title": product.title,
        "status": product.status,
        "description_html": product.description_html,
        "tags": ", ".join(product.tags),
        "seo_title": product.seo_title,
        "seo_description": product.seo_description,
        "slug": product.slug,
        "publish_at": moment_of(product.publish_at),
        "hide_at": moment_of(product.hide_at),
        "size_guide_id": str(product.size_guide_id or ""),
        "is_personalised": {None: "", True: "1", False: "0"}[product.is_personalised],
    }
    for variant in found.variants[:MOST_VARIANTS]:
        before = variant.compare_at_minor
        values[f"v-{variant.id}-price"] = read.plain_amount(variant.price_minor, currency)
        values[f"v-{variant.id}-before"] = read.plain_amount(before, currency) if before else ""
    for place, image in enumerate(found.images[:MOST_PICTURES], 1):
        values[f"i-{image.id}-place"] = str(place)
        values[f"i-{image.id}-alt"] = image.alt
    return values


def labels(found: Edited) -> dict[str, str]:
    """What each field is called, for messages."""
    names = {
        "title": "Title",
        "status": "Status",
        "description_html": "Description",
        "tags": "Tags",
        "seo_title": "Title in search results",
        "seo_description": "Text in search results",
        "slug": "Address",
        "publish_at": "On sale from",
        "hide_at": "On sale until",
        "size_guide_id": "Size guide",
        "is_personalised": "Made to specification",
    }
    for variant in found.variants[:MOST_VARIANTS]:
        names[f"v-{variant.id}-price"] = f"Price of {variant.title}"
        names[f"v-{variant.id}-before"] = f"Price before of {variant.title}"
    for place, image in enumerate(found.images[:MOST_PICTURES], 1):
        names[f"i-{image.id}-place"] = f"Place of picture {place}"
        names[f"i-{image.id}-alt"] = f"Text of picture {place}"
    return names


def read_edit(typed: Form, found: Edited, currency: str) -> ProductEdit:
    """What differs from what is stored. Raises InvalidInput with every wrong field; untouched fields are not judged."""
    stored, names = fill(found, currency), labels(found)
    missing = {name: f"{names[name]} is missing." for name in ("title", "status") if name not in typed}
    if missing:
        raise InvalidInput(fields=missing)
    changed = {name for name, value in stored.items() if name in typed and plain(typed[name]) != plain(value)}
    readers: dict[str, Callable[[], Any]] = {
        "title": lambda: read.text(typed, "title", "Title", 300),
        "status": lambda: read.choice(typed, "status", "Status", STATUSES),
        "description_html": lambda: read_description(typed),
        "tags": lambda: read_tags(typed, "tags"),
        "seo_title": lambda: read.text(typed, "seo_title", names["seo_title"], 200, required=False),
        "seo_description": lambda: read.text(typed, "seo_description", names["seo_description"], 400, required=False),
        "slug": lambda: read_slug(typed, "slug", names["slug"]),
        "publish_at": lambda: read_moment(typed, "publish_at", names["publish_at"]),
        "hide_at": lambda: read_moment(typed, "hide_at", names["hide_at"]),
        "size_guide_id": lambda: _read_guide(typed),
        "is_personalised": lambda: _read_personalised(typed),
    }
    edit, errors = ProductEdit(), dict[str, str]()
    for name, reader in readers.items():
        if name in changed:
            _keep(errors, partial(_put, edit.columns, name, reader))
    _keep(errors, partial(_check_moments, edit, found))
    for name in list(edit.columns):
        if edit.columns[name] == getattr(found.product, name):
            del edit.columns[name]
    for variant in found.variants[:MOST_VARIANTS]:
        _keep(errors, partial(_read_prices, edit, variant, typed, changed, currency))
    for image in found.images[:MOST_PICTURES]:
        if (name := f"i-{image.id}-alt") in changed:
            reader = partial(read.text, typed, name, names[name], 300, required=False)
            _keep(errors, partial(_put, edit.alts, image.id, reader))
    if any(f"i-{image.id}-place" in changed for image in found.images[:MOST_PICTURES]):
        _keep(errors, partial(_read_order, edit, found, typed, names))
    if errors:
        raise InvalidInput(fields=errors)
    return edit


def with_move(typed: dict[str, str], found: Edited) -> dict[str, str]:
    """A pressed arrow of a picture (`move`: "<image id>-up" or "-down") as places, on top of what was typed."""
    image_id, _, way = typed.get("move", "").partition("-")
    ids = [str(image.id) for image in found.images[:MOST_PICTURES]]
    if image_id not in ids or way not in ("up", "down"):
        return typed
    here = ids.index(image_id)
    there = min(max(here + (-1 if way == "up" else 1), 0), len(ids) - 1)
    ids[here], ids[there] = ids[there], ids[here]
    return {**typed, **{f"i-{name}-place": str(place) for place, name in enumerate(ids, 1)}}


def _read_guide(typed: Form) -> int | None:
    return read.whole(typed, "size_guide_id", "Size guide", 1, 999_999_999) if typed["size_guide_id"].strip() else None


def _read_personalised(typed: Form) -> bool | None:
    return {"": None, "1": True, "0": False}[
        read.choice(typed, "is_personalised", "Made to specification", ("", "0", "1"))
    ]


def _check_moments(edit: ProductEdit, found: Edited) -> None:
    """Times to come, in an order that makes sense, and for a status that leaves them something to do."""
    product, now = found.product, clock.now()
    if not {"publish_at", "hide_at", "status"} & set(edit.columns):
        return
    after = {name: edit.columns.get(name, getattr(product, name)) for name in ("publish_at", "hide_at", "status")}
    for name, label in (("publish_at", "On sale from"), ("hide_at", "On sale until")):
        if edit.columns.get(name) is not None and edit.columns[name] <= now:
            raise InvalidInput(fields={name: f"{label} is in the past. The time is UTC; it is {now:%H:%M} now."})
    if after["publish_at"] and after["status"] == "active":
        why = "It is on sale already. Set the status to draft, or leave this empty."
        raise InvalidInput(fields={"publish_at": why})
    if after["publish_at"] and after["hide_at"] and after["hide_at"] <= after["publish_at"]:
        raise InvalidInput(fields={"hide_at": "On sale until must be after on sale from."})


def _read_prices(edit: ProductEdit, variant: Variant, typed: Form, changed: Iterable[str], currency: str) -> None:
    price_name, before_name = f"v-{variant.id}-price", f"v-{variant.id}-before"
    if price_name not in changed and before_name not in changed:
        return
    price, before = variant.price_minor, variant.compare_at_minor
    if price_name in changed:
        price = read_price(typed, price_name, f"Price of {variant.title}", currency)
    if before_name in changed:
        empty = not typed[before_name].strip()
        before = None if empty else read_price(typed, before_name, f"Price before of {variant.title}", currency)
    if before is not None and before <= price:
        raise InvalidInput(fields={before_name: f"Price before of {variant.title} must be above its price, or empty."})
    if price != variant.price_minor:
        edit.prices[variant.id] = price
    if before != variant.compare_at_minor:
        edit.prices_before[variant.id] = before


def _read_order(edit: ProductEdit, found: Edited, typed: Form, names: Mapping[str, str]) -> None:
    """Numbers as people write them: two with the same place stay as they stood to each other, the moved one first."""
    places, errors = {}, dict[str, str]()
    for now, image in enumerate(found.images, 1):
        name = f"i-{image.id}-place"
        wanted = now
        if name in typed and name in names:
            try:
                wanted = read.whole(typed, name, names[name], 1, 999)
            except InvalidInput as error:
                errors.update(error.fields)
        places[image.id] = (wanted, wanted >= now, wanted == now, now)
    if errors:
        raise InvalidInput(fields=errors)
    order = sorted(places, key=lambda image_id: _rank(*places[image_id]))
    if order != [image.id for image in found.images]:
        edit.picture_order = order


def _rank(wanted: int, is_later: bool, is_same: bool, now: int) -> tuple[int, int, int]:
    """Moved to the front of its new place when it comes from behind, to the back of it when it comes from before."""
    side = 0 if not is_later else 1 if is_same else 2
    return wanted, side, now


def _put(target: dict[Any, Any], key: Any, reader: Callable[[], Any]) -> None:
    target[key] = reader()


def _keep(errors: dict[str, str], work: Callable[[], object]) -> None:
    try:
        work()
    except InvalidInput as error:
        errors.update(error.fields)
