"""Products as Printify sends them (contracts/printify.md §5.3): generated, six variants each, the same for one seed.

Types, tags, colours and sizes vary, so that collections, facets and searches have something to do.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Colour = tuple[str, int, str]
COLOURS: tuple[Colour, ...] = (
    ("White", 521, "#ffffff"), ("Black", 418, "#1f1f21"), ("Navy", 511, "#1d2438"), ("Forest", 392, "#22382d"),
    ("Maroon", 425, "#50202b"), ("Sand", 451, "#dccfb8"), ("Ash", 442, "#c9c9cb"), ("Royal", 506, "#2b4c9b"),
)  # fmt: skip
SIZES = (("S", 14), ("M", 15), ("L", 16), ("XL", 17), ("2XL", 18))
COLLECTIONS = ("Wild Places", "Night Sky", "Botanical", "Type & Words", "Retro Waves")
ADJECTIVES = (
    "Quiet", "Golden", "Northern", "Paper", "Wandering", "Hidden", "Copper", "Early", "Distant", "Salt", "Silver",
    "Hollow", "Amber", "Winter", "Crooked", "Velvet", "Stormy", "Painted", "Lonesome", "Midnight",
)  # fmt: skip
NOUNS = (
    "Harbour", "Meadow", "Lantern", "Ridge", "Orchard", "Comet", "Garden", "Tide", "Compass", "Sparrow", "Canyon",
    "Heron", "Juniper", "Lighthouse", "Moth", "Otter", "Pine", "River", "Thistle", "Whale", "Glacier", "Bramble",
    "Falcon", "Willow",
)  # fmt: skip
SENTENCES = (
    "Drawn by hand and printed in small numbers, so that yours is made for you.",
    "Soft, light and made to last many summers.",
    "The ink sits in the cloth, not on it, and stays bright wash after wash.",
    "A present for people who would rather be outside.",
    "Cut generously; take one size down for a close fit.",
)


@dataclass(frozen=True)
class Kind:
    """A sort of goods: its word in a title, Printify's blank, and the tags that every such product carries."""

    word: str
    blueprint: int
    provider: int
    tags: tuple[str, ...]
    price: int  # US cents


KINDS = (
    Kind("Tee", 145, 39, ("T-shirts", "Men's Clothing", "DTG"), 2400),
    Kind("Hoodie", 77, 29, ("Hoodies", "Unisex", "DTG"), 4500),
    Kind("Sweatshirt", 49, 29, ("Sweatshirts", "Unisex", "DTG"), 3900),
    Kind("Tote Bag", 467, 39, ("Bags", "Accessories"), 2100),
    Kind("Mug", 68, 1, ("Mugs", "Home & Living", "Kitchen"), 1500),
    Kind("Poster", 97, 2, ("Posters", "Home & Living", "Paper"), 1900),
)


def generate(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """`count` payloads; the first N are the same whatever `count` is."""
    for number in range(count):
        yield payload(number, seed)


def title_of(number: int, seed: int) -> str:
    chance = random.Random(seed * 1_000_003 + number)
    kind = chance.choice(KINDS)
    return f"{chance.choice(ADJECTIVES)} {chance.choice(NOUNS)} {kind.word} No. {number + 1}"


def payload(number: int, seed: int) -> dict[str, Any]:
    """One product: two colours by three sizes, two pictures of each colour, widened print areas."""
    chance = random.Random(seed * 1_000_003 + number)
    kind = chance.choice(KINDS)
    title = f"{chance.choice(ADJECTIVES)} {chance.choice(NOUNS)} {kind.word} No. {number + 1}"
    outside_id = hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()[:24]
    colours = chance.sample(COLOURS, 2)
    first = chance.randrange(len(SIZES) - 2)
    sizes = SIZES[first : first + 3]
    price = kind.price + chance.randrange(12) * 100
    base = kind.blueprint * 1000 + 101
    cells = [(colour, size) for colour in colours for size in sizes]
    variants: list[dict[str, Any]] = [
        {
            "id": base + place,
            "sku": f"{outside_id[:8].upper()}-{place}",
            "cost": price * 45 // 100,
            "price": price + 100 * (place % 3),
            "title": f"{colour[0]} / {size[0]}",
            "grams": 150 + 12 * place,
            "is_enabled": True,
            "is_default": place == 0,
            "is_available": place == 0 or chance.random() > 0.05,
            "is_printify_express_eligible": False,
            "options": [colour[1], size[1]],
            "quantity": 1,
        }
        for place, (colour, size) in enumerate(cells)
    ]
    return {
        "id": outside_id,
        "title": title,
        "description": _description(chance, title),
        "safety_information": "<p>EU representative: Example GmbH, Musterstraße 1, 10115 Berlin.</p>",
        "tags": [chance.choice(COLLECTIONS), *kind.tags],
        "options": _options(colours, sizes),
        "variants": variants,
        "images": _images(outside_id, variants, colours),
        "created_at": "2026-01-02 10:00:00+00:00",
        "updated_at": "2026-01-03 10:00:00+00:00",
        "visible": True,
        "is_locked": False,
        "is_deleted": False,
        "original_product_id": None,
        "is_printify_express_eligible": False,
        "is_printify_express_enabled": False,
        "is_economy_shipping_eligible": True,
        "is_economy_shipping_enabled": False,
        "blueprint_id": kind.blueprint,
        "print_provider_id": kind.provider,
        "user_id": 1337042,
        "shop_id": 815256,
        "print_areas": _print_areas(outside_id, [v["id"] for v in variants]),
        "print_details": [],
        "sales_channel_properties": [],
        "views": [],
    }


def changed(one: dict[str, Any]) -> dict[str, Any]:
    """The same product, a dollar dearer."""
    return {**one, "variants": [{**v, "price": v["price"] + 100} for v in one["variants"]]}


def _description(chance: random.Random, title: str) -> str:
    texts = chance.sample(SENTENCES, 3)
    points = "".join(f"<li>{point}</li>" for point in ("100% cotton", "Printed to order", "OEKO-TEX certified"))
    return f"<p><strong>{title}.</strong> {texts[0]}</p><p>{texts[1]} {texts[2]}</p><ul>{points}</ul>"


def _options(colours: list[Colour], sizes: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": "Colors",
            "type": "color",
            "values": [{"id": number, "title": name, "colors": [shade]} for name, number, shade in colours],
        },
        {"name": "Sizes", "type": "size", "values": [{"id": number, "title": name} for name, number in sizes]},
    ]


def _images(outside_id: str, variants: list[dict[str, Any]], colours: list[Colour]) -> list[dict[str, Any]]:
    return [
        {
            "src": f"https://images.printify.com/mockup/{outside_id}/{variants[row * 3]['id']}/{row}/{view}.jpg",
            "variant_ids": [v["id"] for v in variants[row * 3 : row * 3 + 3]],
            "position": view,
            "is_default": row == 0 and view == "front",
            "is_selected_for_publishing": True,
            "order": None,
        }
        for row in range(len(colours))
        for view in ("front", "back")
    ]


def _print_areas(outside_id: str, variant_ids: list[int]) -> list[dict[str, Any]]:
    layer = {
        "id": outside_id, "name": "design.png", "type": "image/png", "height": 4500, "width": 3600, "x": 0.5, "y": 0.5,
        "scale": 0.9, "angle": 0, "src": f"https://pfy-prod-image-storage.s3.us-east-2.amazonaws.com/{outside_id}.png",
    }  # fmt: skip
    return [
        {
            "variant_ids": variant_ids,
            "placeholders": [
                {"position": "front", "decoration_method": "dtg", "images": [layer]},
                {"position": "back", "decoration_method": "dtg", "images": []},
            ],
            "background": "#ffffff",
        }
    ]
