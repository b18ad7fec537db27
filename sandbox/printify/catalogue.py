"""Printify's catalogue objects, derived from the blanks (contracts/printify.md §5.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sandbox.printify.blanks import BLANKS, COLOURS, EU, PROVIDERS, SIZE_IDS, Blank

# Stands for this server's own address inside stored objects; replaced when an answer leaves.
PICTURES = "{pictures}"

METHODS: dict[str, int] = {"standard": 1, "priority": 2, "express": 3, "economy": 4}


@dataclass(frozen=True, slots=True)
class BlankVariant:
    """One cell of a blank's matrix. ``cost`` is US cents."""

    id: int
    colour: str
    size: str
    title: str
    cost: int
    grams: int
    option_ids: tuple[int, ...]
    in_stock: bool


def picture_url(kind: str, design: str, colour: str, view: str) -> str:
    """Where a mock-up is drawn: ``{pictures}/pictures/<kind>/<design>/<hex>/<view>.jpg``."""
    return f"{PICTURES}/pictures/{kind}/{design}/{COLOURS[colour][1][1:]}/{view}.jpg"


@lru_cache(maxsize=32)
def variants_of(blank: Blank) -> tuple[BlankVariant, ...]:
    """The whole matrix of a blank, colours first; a few cells are out of stock, always the same ones."""
    found: list[BlankVariant] = []
    for colour in blank.colours:
        for size in blank.sizes:
            number = blank.blueprint_id * 1000 + len(found) + 101
            single = len(blank.colours) == 1
            title = size if single else f"{colour} / {size}"
            ids = (SIZE_IDS[size],) if single else (COLOURS[colour][0], SIZE_IDS[size])
            digest = hashlib.sha256(f"stock:{number}".encode()).digest()[0]
            in_stock = digest > 12 or blank.blueprint_id == 145
            cost = blank.cost + blank.extra.get(size, 0)
            grams = blank.grams + 12 * blank.sizes.index(size)
            found.append(BlankVariant(number, colour, size, title, cost, grams, ids, in_stock))
    return tuple(found)


def options_of(blank: Blank) -> list[dict[str, Any]]:
    """The ``options`` of a product made from this blank."""
    sizes = {
        "name": "Sizes",
        "type": "size",
        "values": [{"id": SIZE_IDS[size], "title": size} for size in blank.sizes],
    }
    if len(blank.colours) == 1:
        return [sizes]
    colours = {
        "name": "Colors",
        "type": "color",
        "values": [{"id": COLOURS[name][0], "title": name, "colors": [COLOURS[name][1]]} for name in blank.colours],
    }
    return [colours, sizes]


def blueprint_json(blank: Blank, single: bool = False) -> dict[str, Any]:
    """A Blueprint; ``tags`` only on the single read."""
    points = "".join(f"<li>{point}</li>" for point in blank.details)
    answer: dict[str, Any] = {
        "id": blank.blueprint_id,
        "title": blank.title,
        "description": f"<p>{blank.intro}</p><ul>{points}</ul>",
        "brand": blank.brand,
        "model": blank.model,
        "images": [picture_url(blank.kind, "blank", blank.colours[0], view) for view in ("front", "lifestyle")],
    }
    if single:
        answer["tags"] = list(blank.tags)
    return answer


def provider_json(provider_id: int, single: bool = False) -> dict[str, Any]:
    """A print provider; the single read lists what it prints."""
    title, location = PROVIDERS[provider_id]
    answer: dict[str, Any] = {"id": provider_id, "title": title, "location": location}
    if single:
        answer["blueprints"] = [blueprint_json(blank) for blank in BLANKS if blank.provider_id == provider_id]
    return answer


def variants_json(blank: Blank, stock: dict[int, bool], with_out_of_stock: bool) -> dict[str, Any]:
    """``{id, title, variants}`` of the provider; out-of-stock cells only when asked for."""
    names = [option["name"].lower().rstrip("s") for option in options_of(blank)]
    rows = []
    for variant in variants_of(blank):
        if not (with_out_of_stock or stock.get(variant.id, variant.in_stock)):
            continue
        values = [variant.size] if len(names) == 1 else [variant.colour, variant.size]
        rows.append(
            {
                "id": variant.id,
                "title": variant.title,
                "options": dict(zip(names, values, strict=True)),
                "placeholders": [
                    {
                        "position": position,
                        "decoration_method": blank.method,
                        "height": height,
                        "width": width,
                    }
                    for position, width, height in blank.positions
                ],
                "decoration_methods": [blank.method],
            }
        )
    return {"id": blank.provider_id, "title": PROVIDERS[blank.provider_id][0], "variants": rows}


def shipping_json(blank: Blank) -> dict[str, Any]:
    """The flat v1 profiles. Amounts are US cents."""
    ids = [variant.id for variant in variants_of(blank)]
    profiles = []
    for zone, (first, more) in blank.shipping.items():
        profiles.append(
            {
                "variant_ids": ids,
                "first_item": {"cost": first, "currency": "USD"},
                "additional_items": {"cost": more, "currency": "USD"},
                "countries": list(EU) if zone == "EU" else [zone],
            }
        )
    return {"handling_time": {"value": blank.handling[1], "unit": "day"}, "profiles": profiles}


def shipping_cost(blank: Blank, country: str, method: str = "standard") -> tuple[int, int] | None:
    """(first, additional) in US cents, or None where the method does not go."""
    zone = country if country in blank.shipping else "EU" if country in EU else "REST_OF_THE_WORLD"
    first, more = blank.shipping[zone]
    domestic = PROVIDERS[blank.provider_id][1]["country"] == country
    if method == "standard":
        return first, more
    if method == "priority":
        return first * 2 + 300, more + 200
    if method == "express":
        return (799, 240) if domestic and blank.kind == "tee" and country == "US" else None
    if method == "economy":
        return (399, 219) if country == "US" and blank.kind in ("tee", "tote", "poster") else None
    return None


def methods_json(blank: Blank) -> dict[str, Any]:
    """V2: the methods this blank may travel by."""
    offered = [name for name in METHODS if shipping_cost(blank, "US", name) is not None]
    base = f"/v2/catalog/blueprints/{blank.blueprint_id}/print_providers/{blank.provider_id}/shipping"
    return {
        "data": [
            {"type": "shipping_method", "id": str(METHODS[name]), "attributes": {"name": name}} for name in offered
        ],
        "links": {name: f"{base}/{name}.json" for name in offered},
    }


def method_json(blank: Blank, method: str) -> dict[str, Any]:
    """V2: what each variant costs to send to each zone by one method."""
    rows = []
    for variant in variants_of(blank):
        for zone in blank.shipping:
            countries = EU if zone == "EU" else (zone,)
            for country in countries:
                price = shipping_cost(blank, country, method)
                if price is not None:
                    rows.append(_method_row(blank, variant.id, country, method, price))
    return {"data": rows}


def _method_row(blank: Blank, variant_id: int, country: str, method: str, price: tuple[int, int]) -> dict[str, Any]:
    low, high = blank.handling
    return {
        "type": f"variant_shipping_{method}_{country.lower()}",
        "id": str(variant_id),
        "attributes": {
            "shippingType": method,
            "country": {"code": country},
            "variantId": variant_id,
            "shippingPlanId": hashlib.sha256(f"{blank.blueprint_id}:{method}".encode()).hexdigest()[:24],
            "handlingTime": {"from": low, "to": high},
            "shippingCost": {
                "firstItem": {"amount": price[0], "currency": "USD"},
                "additionalItems": {"amount": price[1], "currency": "USD"},
            },
        },
    }
