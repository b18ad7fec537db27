"""Fills the shop: the goods of the demonstration, or a generated catalogue of any size for measurements."""

from __future__ import annotations

import time
from typing import Any

from sandbox.printify.blanks import BLANKS, Blank, find_blank
from sandbox.printify.catalogue import PICTURES, variants_of
from sandbox.printify.goods import EXTRA, GOODS, PRICES, Good
from sandbox.printify.products import PRODUCT, UPLOAD, build_product, fixed_id
from sandbox.world import World

_ADJECTIVES = ("Quiet", "Golden", "Northern", "Paper", "Wandering", "Hidden", "Copper", "Early", "Distant", "Salt")
_NOUNS = ("Harbour", "Meadow", "Lantern", "Ridge", "Orchard", "Comet", "Garden", "Tide", "Compass", "Sparrow")
_DAY = 86_400


def seed_products(world: World) -> None:
    """Make the goods once; a world that has (or had) products is left alone."""
    if world.store.get("printify_knob", "seeded"):
        return
    world.store.put("printify_knob", "seeded", {"products": world.settings.products})
    made = generated(world, world.settings.products) if world.settings.products else demonstration(world)
    # The list answers newest first, so the last saved is the first shown.
    world.store.put_many(PRODUCT, [(product["id"], product) for product in reversed(made)])


def demonstration(world: World) -> list[dict[str, Any]]:
    """The goods in the order they are written down, a day apart, the first being the newest."""
    now = time.time()
    return [_demonstrated(world, good, now - (2 + number) * _DAY) for number, good in enumerate(GOODS)]


def generated(world: World, count: int) -> list[dict[str, Any]]:
    """``count`` products of six variants; the same ids, titles and prices every time."""
    blank = find_blank(145)
    if blank is None:
        return []
    designs = [good.design for good in GOODS]
    now = time.time()
    made = []
    for number in range(count):
        good = GOODS[number % len(GOODS)]
        title = f"{_ADJECTIVES[number % 10]} {_NOUNS[number // 10 % 10]} Tee No. {number + 1}"
        prices = {cell.id: 1800 + (number * 37) % 2400 // 100 * 100 for cell in variants_of(blank)}
        design = designs[number % len(designs)]
        made.append(
            _build(world, blank, f"generated-{number}", title, good.words, [good.collection, *good.tags], prices,
                   blank.colours[number % 2], design, now - number * 60)
        )  # fmt: skip
    return made


def _demonstrated(world: World, good: Good, at: float) -> dict[str, Any]:
    blank = next(blank for blank in BLANKS if blank.kind == good.kind)
    colours = [name for name in good.colours if name in blank.colours] or list(blank.colours)
    prices: dict[int, int] = {}
    for cell in variants_of(blank):
        # The odd size is not offered: shops rarely sell every cell of the matrix.
        small = cell.size == "XS" and len(good.title) % 3 == 0
        if cell.colour in colours and not small:
            prices[cell.id] = PRICES[good.kind] + EXTRA.get(cell.size, 0)
    tags = [good.collection, *good.tags]
    return _build(world, blank, good.design, good.title, good.words, tags, prices, colours[0], good.design, at)


def _build(
    world: World,
    blank: Blank,
    name: str,
    title: str,
    words: str,
    tags: list[str],
    prices: dict[int, int],
    default_colour: str,
    design: str,
    at: float,
) -> dict[str, Any]:
    cells = {cell.id: cell for cell in variants_of(blank)}
    default = next(id_ for id_ in prices if cells[id_].colour == default_colour and cells[id_].size != "XS")
    body = {
        "title": title,
        "description": _description(blank, words),
        "tags": tags,
        "blueprint_id": blank.blueprint_id,
        "print_provider_id": blank.provider_id,
        "variants": [{"id": id_, "price": price, "is_default": id_ == default} for id_, price in prices.items()],
        "print_areas": [_area(world, list(prices), design)],
    }
    return build_product(world, body, world.settings.printify_shop_id, fixed_id(f"product:{name}"), design, at)


def _description(blank: Blank, words: str) -> str:
    points = "".join(f"<li>{point}</li>" for point in blank.details)
    return f"<p>{words}</p><p>{blank.intro}</p><ul>{points}</ul>"


def _area(world: World, ids: list[int], design: str) -> dict[str, Any]:
    upload_id = fixed_id(f"upload:{design}")
    if world.store.get(UPLOAD, upload_id) is None:
        _seed_upload(world, upload_id, design)
    layer = {"id": upload_id, "x": 0.5, "y": 0.5, "scale": 1, "angle": 0}
    return {"variant_ids": ids, "placeholders": [{"position": "front", "images": [layer]}]}


def _seed_upload(world: World, upload_id: str, design: str) -> None:
    world.store.put(
        UPLOAD,
        upload_id,
        {
            "id": upload_id,
            "file_name": f"{design}.png",
            "height": 4000,
            "width": 4000,
            "size": 1_482_113,
            "mime_type": "image/png",
            "preview_url": f"{PICTURES}/pictures/designs/{design}.png",
            "upload_time": world.clock.text()[:19],
        },
    )
