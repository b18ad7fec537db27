"""A product's document as its page shows it: which variant is chosen, what may still be chosen, ready texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from flask import current_app

from shop.catalog.past_prices.lowest import lowest_text
from shop.catalog.reading import read
from shop.core.money import format_minor
from shop.core.scope import current_store
from shop.tenancy.currencies import Pricing
from shop.tenancy.profile import current_versions, on_forget

MAX_HELD = 400  # documents a process holds as text, for the version that stands
MAX_HELD_BYTES = 16_000

_SELECT = """
    SELECT (document || jsonb_build_object('reviews', reviews_shown, 'bought_with', bought_with,
                                           'goes_with', goes_with, 'goes_not_with', goes_not_with))::text
      FROM products WHERE slug = %(slug)s AND status = 'active' AND document ? 'id'"""
_held: dict[str, tuple[int, dict[str, str]]] = {}


@dataclass(slots=True)
class ShownValue:
    id: int
    title: str
    hex: str | None
    available: bool
    selected: bool
    url: str


@dataclass(slots=True)
class ShownOption:
    name: str
    key: str
    kind: str
    values: list[ShownValue]


def find_document(slug: str) -> dict[str, Any] | None:
    """The document of an active product, or None. One statement, or none while the process holds it."""
    if not slug or len(slug) > 160 or "\0" in slug:
        return None
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    version = current_versions().catalog
    held = _held.get(key)
    if held is None or held[0] != version:
        held = _held[key] = (version, {})
    raw = held[1].get(slug)
    if raw is None:
        rows = read(_SELECT, {"slug": slug})
        if not rows:
            return None
        raw = rows[0][0]
        if len(raw) <= MAX_HELD_BYTES:
            if len(held[1]) >= MAX_HELD:
                held[1].clear()
            held[1][slug] = raw
    found: dict[str, Any] = orjson.loads(raw)
    return found


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()


def choose(document: Mapping[str, Any], choices: Mapping[str, str]) -> tuple[dict[str, int], Mapping[str, Any] | None]:
    """What a form or an address says: option key → value id, and the variant when that is complete.

    `choices` are raw: `variant` (its id), or `option.<key>` (a value id). Anything else, and whatever this product does
    not have, is passed over. A product of one variant needs no choice.
    """
    variants = document["variants"]
    variant = _by_id(variants, choices.get("variant", ""))
    if variant is not None:
        return _values_of(document, variant), variant
    chosen: dict[str, int] = {}
    for option in document["options"]:
        raw = choices.get("option." + option["key"], "")
        if raw.isascii() and raw.isdigit() and len(raw) < 10 and any(v["id"] == int(raw) for v in option["values"]):
            chosen[option["key"]] = int(raw)
    if not chosen:
        if len(variants) == 1:
            return _values_of(document, variants[0]), variants[0]
        return _first_colour(document), None
    if len(chosen) < len(document["options"]):
        return chosen, None
    wanted = set(chosen.values())
    return chosen, next((v for v in variants if wanted.issubset(v["options"])), None)


def find_variant_id(document: Mapping[str, Any], choices: Mapping[str, str]) -> int | None:
    """The variant a posted form means (`variant`, else every `option.<key>`), or None when it is not one of ours."""
    variant = choose(document, choices)[1]
    return int(variant["id"]) if variant is not None else None


def options_shown(document: Mapping[str, Any], chosen: Mapping[str, int]) -> list[ShownOption]:
    """The pickers: a value is available when it can be bought together with what is chosen in the other options."""
    options = document["options"]
    can = _reachable(document, chosen)
    base = f"/products/{document['slug']}?"
    shown = []
    for option in options:
        others = "".join(f"&option.{k}={v}" for k, v in chosen.items() if k != option["key"])
        prefix = f"{base}option.{option['key']}="
        mine = chosen.get(option["key"])
        values = [
            ShownValue(v["id"], v["title"], v["hex"], v["id"] in can, v["id"] == mine, f"{prefix}{v['id']}{others}")
            for v in option["values"]
        ]
        shown.append(ShownOption(option["name"], option["key"], option["kind"], values))
    return shown


def _reachable(document: Mapping[str, Any], chosen: Mapping[str, int]) -> set[int]:
    """Value ids that some variant on sale has together with every choice made in the other options. One pass."""
    option_of = {v["id"]: o["key"] for o in document["options"] for v in o["values"]}
    wanted = set(chosen.values())
    can: set[int] = set()
    for variant in document["variants"]:
        if not variant["available"]:
            continue
        missing = wanted.difference(variant["options"])
        if not missing:
            can.update(variant["options"])
        elif len(missing) == 1:
            key = option_of.get(next(iter(missing)))
            can.update(v for v in variant["options"] if option_of.get(v) == key)
    return can


def variants_shown(
    document: Mapping[str, Any], currency: str, locale: str, pricing: Pricing | None = None
) -> list[dict[str, Any]]:
    """The variants as the page's script reads them."""
    return [
        {
            "id": v["id"],
            "options": v["options"],
            "price_minor": v["price_minor"],
            "price_text": format_minor(v["price_minor"], currency, locale),
            "compare_text": was_text(v, currency, locale),
            **_lowest(v, pricing, locale),
            "available": v["available"],
            "image": v["image"],
        }
        for v in document["variants"]
    ]


def _lowest(variant: Mapping[str, Any], pricing: Pricing | None, locale: str) -> dict[str, str]:
    text = lowest_text(variant, pricing, locale) if pricing is not None else None
    return {"lowest_text": text} if text else {}


def was_text(variant: Mapping[str, Any], currency: str, locale: str) -> str | None:
    """The struck price beside a variant's own, when it is a real reduction."""
    was: int = variant["was_minor"]
    return format_minor(was, currency, locale) if was > variant["price_minor"] else None


def _by_id(variants: Iterable[Mapping[str, Any]], raw: str) -> Mapping[str, Any] | None:
    if not (raw.isascii() and raw.isdigit() and len(raw) < 19):
        return None
    wanted = int(raw)
    return next((v for v in variants if v["id"] == wanted), None)


def _values_of(document: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, int]:
    mine = set(variant["options"])
    return {o["key"]: v["id"] for o in document["options"] for v in o["values"] if v["id"] in mine}


def _first_colour(document: Mapping[str, Any]) -> dict[str, int]:
    """Nothing is chosen yet: show one colour (so the pictures fit), ask for the rest."""
    first = _by_id(document["variants"], str(document["default"] or ""))
    if first is None:
        first = next((v for v in document["variants"] if v["available"]), None)
    if first is None:
        return {}
    colours = {o["key"] for o in document["options"] if o["kind"] == "color"}
    return {key: value for key, value in _values_of(document, first).items() if key in colours}
