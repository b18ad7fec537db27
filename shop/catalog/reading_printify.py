"""Printify's product payload → our facts. Pure, bounded, trusting nothing (contracts/printify.md §5.3).

`read_product` raises Unreadable with a reason a person understands; the product is then left as it is and named in
the plan of the run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from shop.catalog.html import clean_html, one_line
from shop.catalog.kinds import size_guide_of, type_of

MAPPING_VERSION = 1  # raise it when the mapping changes: every product is then mapped again
MOST_VARIANTS = 2048
MOST_IMAGES = 200
MOST_TAGS = 50
MOST_OPTIONS = 3
MOST_VALUES = 500
MOST_MINOR = 10**8
MOST_PAYLOAD_BYTES = 4 * 1024 * 1024
#: what reaches the shop; a change anywhere else (locks, print areas, time stamps) changes nothing here
_TOLD = (
    "title", "description", "safety_information", "tags", "options", "variants", "images", "visible", "is_deleted",
    "blueprint_id", "print_provider_id",
)  # fmt: skip
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_HEX = re.compile(r"#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3}")
_OPTION_KINDS = {"color": "color", "colour": "color", "size": "size"}


class Unreadable(ValueError):
    """This payload cannot become a product; the text says why."""


class ReadVariant(NamedTuple):
    external_id: int
    sku: str
    title: str
    option_value_ids: list[int]
    price_minor: int
    cost_minor: int
    grams: int
    is_available: bool
    is_default: bool
    position: int


class ReadImage(NamedTuple):
    source_url: str
    position: int
    is_default: bool
    variant_external_ids: list[int]


class Blank(NamedTuple):
    """What the blueprint tells about the unprinted goods."""

    title: str = ""
    brand: str = ""
    model: str = ""


@dataclass(slots=True)
class ReadProduct:
    """One product as Printify tells it. Money in minor units. `status` is "active" or "draft"."""

    external_id: str  # "": not of Printify, but of a connected platform (channels/syncing)
    title: str
    description_html: str
    safety_html: str
    product_type: str
    brand: str
    tags: list[str]
    status: str
    options: list[dict[str, Any]]
    size_guide: dict[str, Any] | None
    blueprint_id: int  # 0: none
    print_provider_id: int
    variants: list[ReadVariant]
    images: list[ReadImage]
    created_at: datetime | None
    slug_key: str = ""  # where there is no outside id: what makes its address unlike another's


def external_id_of(payload: Mapping[str, Any]) -> str:
    """Raises Unreadable."""
    found = payload.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise Unreadable("it has no id")
    return found


def payload_hash(payload: Mapping[str, Any]) -> str:
    """Equal hashes: nothing that the shop shows has changed. Independent of the order of keys."""
    told = {key: payload.get(key) for key in _TOLD}
    digest = blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=20).hexdigest()
    return f"{MAPPING_VERSION}:{digest}"


def read_product(payload: Mapping[str, Any], blank: Blank | None = None) -> ReadProduct:
    """Map one payload. Raises Unreadable."""
    blank = blank or Blank()
    external_id = external_id_of(payload)
    title = one_line(_text(payload, "title"), 300)
    if not title:
        raise Unreadable("it has no title")
    tags = _tags(payload.get("tags"))
    variants = _variants(payload.get("variants"))
    options = _options(payload.get("options"), {value for v in variants for value in v.option_value_ids})
    _put_in_order(variants, options)
    shown = payload.get("visible", True) is not False and payload.get("is_deleted") is not True and bool(variants)
    sizes = [value["title"] for option in options if option["kind"] == "size" for value in option["values"]]
    return ReadProduct(
        external_id=external_id,
        title=title,
        description_html=clean_html(_text(payload, "description")),
        safety_html=clean_html(_text(payload, "safety_information")),
        product_type=type_of(blank.title, tags, title),
        brand=blank.brand,
        tags=tags,
        status="active" if shown else "draft",
        options=options,
        size_guide=size_guide_of(blank.brand, blank.model, sizes),
        blueprint_id=_whole(payload, "blueprint_id", 2**31 - 1),
        print_provider_id=_whole(payload, "print_provider_id", 2**31 - 1),
        variants=variants,
        images=_images(payload.get("images"), {variant.external_id for variant in variants}),
        created_at=_moment(payload.get("created_at")),
    )


def read_blank(payload: Mapping[str, Any]) -> Blank:
    """A blueprint's payload (§5.2)."""
    return Blank(*(one_line(_text(payload, name), 120) for name in ("title", "brand", "model")))


def wants_publish_answer(payload: Mapping[str, Any]) -> bool:
    """Locked products stay "publishing" for ever unless we answer (§5.5)."""
    return payload.get("is_locked") is True


def has_listing(payload: Mapping[str, Any]) -> bool:
    """`external` is recorded; an object today, an array in older material."""
    return bool(payload.get("external"))


def _variants(rows: Any) -> list[ReadVariant]:
    """Those the merchant has switched on; Printify sends the blank's whole matrix."""
    if not isinstance(rows, list):
        raise Unreadable("its variants are not a list")
    if len(rows) > MOST_VARIANTS:
        raise Unreadable(f"it has {len(rows)} variants; {MOST_VARIANTS} are the most")
    found: dict[int, ReadVariant] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise Unreadable("a variant is not an object")
        if row.get("is_enabled") is not True:
            continue
        variant = _variant(row, len(found))
        if variant.external_id in found:
            raise Unreadable(f"variant {variant.external_id} appears twice")
        found[variant.external_id] = variant
    return list(found.values())


def _variant(row: dict[str, Any], position: int) -> ReadVariant:
    number = row.get("id")
    if type(number) is not int or not 0 < number < 2**63:
        raise Unreadable(f"a variant has the id {str(number)[:40]!r}")
    price = row.get("price")
    if type(price) is not int or not 0 <= price <= MOST_MINOR:
        raise Unreadable(f"variant {number} has the price {str(price)[:40]!r}, which is no amount in minor units")
    cost, grams = row.get("cost"), row.get("grams")
    values = row.get("options")
    if not isinstance(values, list) or len(values) > 8 or any(type(v) is not int or abs(v) >= 2**31 for v in values):
        raise Unreadable(f"the options of variant {number} are not a list of numbers")
    sku, title = row.get("sku"), row.get("title")
    return ReadVariant(
        number,
        one_line(sku, 120) if isinstance(sku, str) else "",
        one_line(title, 200) if isinstance(title, str) and title else str(number),
        list(values),
        price,
        cost if type(cost) is int and 0 <= cost <= MOST_MINOR else 0,
        grams if type(grams) is int and 0 <= grams <= 10**6 else 0,
        row.get("is_available") is not False,
        row.get("is_default") is True,
        position,
    )


def _options(rows: Any, used: set[int]) -> list[dict[str, Any]]:
    """Only the values that an enabled variant has, in their order."""
    if not isinstance(rows, list):
        raise Unreadable("its options are not a list")
    if len(rows) > MOST_OPTIONS:
        raise Unreadable(f"it has {len(rows)} options; {MOST_OPTIONS} are the most")
    found: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or not isinstance(row.get("values"), list):
            raise Unreadable("an option has no list of values")
        values = [value for entry in row["values"] if (value := _option_value(entry, used)) is not None]
        if not values:
            continue
        if len(values) > MOST_VALUES:
            raise Unreadable(f"an option has {len(values)} values; {MOST_VALUES} are the most")
        name = one_line(row["name"], 60) if isinstance(row.get("name"), str) else ""
        kind = _OPTION_KINDS.get(str(row.get("type", "")).lower(), "other")
        key = kind if kind != "other" else f"option{number + 1}"
        if any(option["key"] == key for option in found):
            key = f"option{number + 1}"
        found.append({"key": key, "name": _singular(name) or key, "kind": kind, "values": values})
    return found


def _option_value(entry: Any, used: set[int]) -> dict[str, Any] | None:
    if not isinstance(entry, dict) or type(entry.get("id")) is not int:
        raise Unreadable("an option value has no id")
    if entry["id"] not in used:
        return None
    title = entry.get("title")
    colours = entry.get("colors")
    shade = colours[0] if isinstance(colours, list) and colours else None
    return {
        "id": entry["id"],
        "title": one_line(title, 80) if isinstance(title, str) and title else str(entry["id"]),
        "hex": shade.lower() if isinstance(shade, str) and _HEX.fullmatch(shade) else None,
    }


def _singular(name: str) -> str:
    """Printify says "Colors" and "Sizes"; a picker asks for one."""
    return name[:-1] if name.endswith("s") and name[:-1].lower() in ("color", "colour", "size") else name


def _put_in_order(variants: list[ReadVariant], options: list[dict[str, Any]]) -> None:
    """`option_value_ids` in the order of the options: matched by value id, never by position (§5.3)."""
    rank = {value["id"]: number for number, option in enumerate(options) for value in option["values"]}
    for variant in variants:
        variant.option_value_ids[:] = sorted((v for v in variant.option_value_ids if v in rank), key=rank.__getitem__)


def _images(rows: Any, known: set[int]) -> list[ReadImage]:
    """Pictures of enabled variants, the default first, addresses bounded; a picture we cannot read is left out."""
    if not isinstance(rows, list):
        return []
    found: dict[str, ReadImage] = {}
    for row in rows[: MOST_IMAGES * 5]:
        source = row.get("src") if isinstance(row, dict) else None
        if not isinstance(source, str) or not 8 <= len(source) <= 1000 or not source.startswith(("https://", "http://")):
            continue
        if source in found or "\0" in source or row.get("is_selected_for_publishing") is False:
            continue
        told = row.get("variant_ids")
        ids = [v for v in told if type(v) is int and v in known] if isinstance(told, list) else []
        if isinstance(told, list) and told and not ids:
            continue  # shows only variants that are not sold
        found[source] = ReadImage(source, len(found), row.get("is_default") is True, ids)
        if len(found) == MOST_IMAGES:
            break
    images = sorted(found.values(), key=lambda image: not image.is_default)
    return [
        ReadImage(image.source_url, number, number == 0, image.variant_external_ids)
        for number, image in enumerate(images)
    ]


def _tags(rows: Any) -> list[str]:
    if not isinstance(rows, list):
        return []
    cleaned = (one_line(tag, 80) for tag in rows[: MOST_TAGS * 4] if isinstance(tag, str))
    return list(dict.fromkeys(tag for tag in cleaned if tag))[:MOST_TAGS]


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"its {name} is not a text")
    return value


def _whole(payload: Mapping[str, Any], name: str, most: int) -> int:
    value = payload.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise Unreadable(f"its {name} is {str(value)[:40]!r}")
    return value


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
