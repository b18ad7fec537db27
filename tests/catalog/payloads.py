"""Product payloads as Printify sends them, small."""

from __future__ import annotations

import hashlib
from typing import Any

COLOURS = (("White", 521, "#ffffff"), ("Black", 418, "#1f1f21"))
SIZES = (("S", 14), ("M", 15), ("L", 16))


def outside_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def shirt(name: str = "fern", **changes: Any) -> dict[str, Any]:
    """Two colours by three sizes, four pictures; `changes` replace top-level keys."""
    cells = [(colour, size) for colour in COLOURS for size in SIZES]
    payload: dict[str, Any] = {
        "id": outside_id(name),
        "title": f"{name.title()} Tee",
        "description": "<p>Soft.</p><ul><li>100% cotton</li></ul>",
        "tags": ["T-shirts", "Cotton"],
        "options": [
            {
                "name": "Colors",
                "type": "color",
                "values": [{"id": i, "title": title, "colors": [shade]} for title, i, shade in COLOURS],
            },
            {"name": "Sizes", "type": "size", "values": [{"id": i, "title": title} for title, i in SIZES]},
        ],
        "variants": [
            {
                "id": 145101 + number,
                "sku": f"{outside_id(name)[:6]}-{number}",
                "cost": 982,
                "price": 2400,
                "title": f"{colour[0]} / {size[0]}",
                "grams": 150,
                "is_enabled": True,
                "is_default": number == 0,
                "is_available": True,
                "options": [colour[1], size[1]],
            }
            for number, (colour, size) in enumerate(cells)
        ],
        "images": [
            {
                "src": f"https://images.printify.com/mockup/{outside_id(name)}/{colour[0]}/{view}.jpg",
                "variant_ids": [145101 + 3 * row + column for column in range(3)],
                "position": view,
                "is_default": row == 0 and view == "front",
            }
            for row, colour in enumerate(COLOURS)
            for view in ("front", "back")
        ],
        "created_at": "2026-01-02 10:00:00+00:00",
        "updated_at": "2026-01-03 10:00:00+00:00",
        "visible": True,
        "is_locked": False,
        "blueprint_id": 145,
        "print_provider_id": 39,
        "print_areas": [],
    }
    return {**payload, **changes}


def without_variant(payload: dict[str, Any], number: int) -> dict[str, Any]:
    """The same product with one variant switched off."""
    variants = [{**v, "is_enabled": False} if n == number else v for n, v in enumerate(payload["variants"])]
    return {**payload, "variants": variants}


def repriced(payload: dict[str, Any], price: Any) -> dict[str, Any]:
    return {**payload, "variants": [{**v, "price": price} for v in payload["variants"]]}
