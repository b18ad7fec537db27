"""Products: create, merge, widen, lock, as measured at the live API (contracts/printify.md §5.3 to §5.5)."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sandbox.printify.blanks import Blank, find_blank
from sandbox.printify.catalogue import BlankVariant, options_of, picture_url, variants_of
from sandbox.printify.door import refuse, stop, whole
from sandbox.world import World

PRODUCT = "printify_product"
UPLOAD = "printify_upload"
STOCK = "printify_stock"
VIEWS = ("front", "lifestyle", "detail")


def new_id() -> str:
    """24 hexadecimal characters."""
    return secrets.token_hex(12)


def fixed_id(name: str) -> str:
    """The same 24 hexadecimal characters for the same name, always."""
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def sku_of(product_id: str, variant_id: int) -> str:
    """The SKU that Printify makes up when none is sent: digits, unique per product and variant."""
    digest = hashlib.sha256(f"{product_id}:{variant_id}".encode()).digest()
    return str(10**13 + int.from_bytes(digest[:6], "big") % (9 * 10**13))


def stock_of(world: World) -> dict[int, bool]:
    """Stock set by hand on the control page: variant id → in stock."""
    return {int(row["variant_id"]): bool(row["in_stock"]) for row in world.store.all(STOCK)}


def shown(product: dict[str, Any]) -> dict[str, Any]:
    """A product without the sandbox's own notes."""
    return {key: value for key, value in product.items() if not key.startswith("_")}


def build_product(
    world: World,
    body: dict[str, Any],
    shop_id: int,
    product_id: str | None = None,
    design: str | None = None,
    at: float | None = None,
) -> dict[str, Any]:
    """A whole product from a create body that has been checked: the full matrix, widened print areas, filled tags."""
    blank = find_blank(body["blueprint_id"], body["print_provider_id"])
    if blank is None:
        raise ValueError("unknown blueprint or provider")
    id_ = product_id or new_id()
    sent = {int(entry["id"]): entry for entry in body["variants"]}
    stock = stock_of(world)
    variants = [_variant(id_, cell, sent.get(cell.id), stock) for cell in variants_of(blank)]
    if not any(variant["is_default"] for variant in variants):
        next(variant for variant in variants if variant["id"] in sent)["is_default"] = True
    text = world.clock.text(at)
    product: dict[str, Any] = {
        "id": id_,
        "title": body["title"],
        "description": body["description"],
        "safety_information": body.get("safety_information") or "",
        "tags": list(dict.fromkeys([*(body.get("tags") or []), *blank.tags])),
        "options": options_of(blank),
        "variants": variants,
        "images": [],
        "created_at": text,
        "updated_at": text,
        "visible": bool(body.get("visible", True)),
        "is_locked": False,
        "is_deleted": False,
        "original_product_id": None,
        "is_printify_express_eligible": blank.kind == "tee",
        "is_printify_express_enabled": bool(body.get("is_printify_express_enabled", False)),
        "is_economy_shipping_eligible": blank.kind in ("tee", "tote", "poster"),
        "is_economy_shipping_enabled": False,
        "blueprint_id": blank.blueprint_id,
        "print_provider_id": blank.provider_id,
        "user_id": 1337042,
        "shop_id": shop_id,
        "print_areas": widened(world, blank, body["print_areas"]),
        "print_details": body.get("print_details") or [],
        "sales_channel_properties": body.get("sales_channel_properties") or [],
        "views": [],
        "_design": design or _design_of(body),
    }
    product["images"] = mockups(product)
    return product


def mockups(product: dict[str, Any], only_first: bool = False) -> list[dict[str, Any]]:
    """The mock-up pictures of what is enabled: three views of the default colour, two of every other."""
    blank = find_blank(product["blueprint_id"], product["print_provider_id"])
    if blank is None:
        return []
    cells = {cell.id: cell for cell in variants_of(blank)}
    enabled = [variant for variant in product["variants"] if variant["is_enabled"]] or product["variants"][:1]
    default = next((v for v in enabled if v["is_default"]), enabled[0])
    first = cells[default["id"]].colour
    colours = list(dict.fromkeys([first, *(cells[variant["id"]].colour for variant in enabled)]))
    images: list[dict[str, Any]] = []
    for colour in colours:
        ids = [variant["id"] for variant in product["variants"] if cells[variant["id"]].colour == colour]
        for view in VIEWS if colour == first else VIEWS[:2]:
            images.append(
                {
                    "src": picture_url(blank.kind, product["_design"], colour, view),
                    "variant_ids": ids,
                    "position": view if view == "front" else "other",
                    "is_default": not images,
                    "is_selected_for_publishing": True,
                    "order": None,
                }
            )
    return images[:1] if only_first else images


def widened(world: World, blank: Blank, areas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Print areas as Printify gives them back: every variant and every position covered, uploads described."""
    every = [cell.id for cell in variants_of(blank)]
    answer = []
    for number, area in enumerate(areas):
        filled = {place["position"]: [_layer(world, image) for image in place["images"]]
                  for place in area["placeholders"]}  # fmt: skip
        taken = {id_ for other in areas[number + 1 :] for id_ in other["variant_ids"]}
        ids = [id_ for id_ in every if id_ not in taken] if number == 0 else list(area["variant_ids"])
        positions = dict.fromkeys([*(position for position, _, _ in blank.positions), *filled])
        answer.append(
            {
                "variant_ids": ids,
                "placeholders": [
                    {
                        "position": position,
                        "decoration_method": blank.method,
                        "images": filled.get(position, []),
                    }
                    for position in positions
                ],
                "background": area.get("background") or "#ffffff",
            }
        )
    return answer


def check_create(world: World, body: dict[str, Any]) -> None:
    """Refuse a create body as Printify would (8150, 8251)."""
    for field in ("title", "description", "blueprint_id", "print_provider_id", "variants", "print_areas"):
        if body.get(field) in (None, "", []):
            stop(refuse(f"{field}: The {field.replace('_', ' ')} field is required."))
    blank = find_blank(whole(body["blueprint_id"]) or 0, whole(body["print_provider_id"]) or 0)
    if blank is None:
        stop(refuse("blueprint_id: The selected blueprint id or print provider id is invalid."))
        return
    known = {cell.id for cell in variants_of(blank)}
    check_variants(body["variants"], known)
    check_areas(world, body["print_areas"])
    covered = {id_ for area in body["print_areas"] for id_ in area["variant_ids"]}
    if not {entry["id"] for entry in body["variants"]} <= covered:
        stop(refuse("Variants do not match selected print areas.", 8251))


def check_variants(entries: Any, known: set[int]) -> None:
    """Every entry needs a known id and a price, even one that is only switched off."""
    if not isinstance(entries, list):
        stop(refuse("variants: The variants must be an array."))
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or whole(entry.get("id")) not in known:
            stop(refuse(f"variants.{number}.id: The selected variants.{number}.id is invalid."))
        price = whole(entry.get("price"))
        if price is None:
            stop(refuse(f"variants.{number}.price: The variants.{number}.price field is required."))
        elif not 0 < price <= 10_000_000:
            stop(refuse(f"variants.{number}.price: The variants.{number}.price must be between 1 and 10000000."))


def check_areas(world: World, areas: Any) -> None:
    """Print areas must be well formed and name uploads that exist."""
    if not isinstance(areas, list) or not all(isinstance(area, dict) for area in areas):
        stop(refuse("print_areas: The print areas must be an array."))
    for area in areas:
        if not isinstance(area.get("variant_ids"), list) or not isinstance(area.get("placeholders"), list):
            stop(refuse("print_areas: variant_ids and placeholders are required."))
        for place in area["placeholders"]:
            if not isinstance(place, dict) or not isinstance(place.get("images"), list) or not place.get("position"):
                stop(refuse("print_areas: every placeholder needs a position and images."))
            for image in place["images"]:
                _check_layer(world, image)


def merge(world: World, product: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Apply a partial update; blueprint and provider stay what they are, whatever is sent."""
    blank = find_blank(product["blueprint_id"], product["print_provider_id"])
    if "variants" in body:
        check_variants(body["variants"], {variant["id"] for variant in product["variants"]})
        _merge_variants(product, body["variants"])
    if "print_areas" in body and blank is not None:
        check_areas(world, body["print_areas"])
        covered = {id_ for area in body["print_areas"] for id_ in area["variant_ids"]}
        if not {variant["id"] for variant in product["variants"]} <= covered:
            stop(refuse("Variants do not match selected print areas.", 8251))
        product["print_areas"] = widened(world, blank, body["print_areas"])
        product["_design"] = _design_of(body)
    for field in ("title", "description", "safety_information", "tags", "print_details", "visible",
                  "is_printify_express_enabled", "sales_channel_properties"):  # fmt: skip
        if field in body:
            product[field] = body[field]
    if not str(product["title"]).strip():
        stop(refuse("title: The title field is required."))
    product["images"] = mockups(product)
    product["updated_at"] = world.clock.text()
    return product


def _merge_variants(product: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    by_id = {variant["id"]: variant for variant in product["variants"]}
    for entry in entries:
        variant = by_id[entry["id"]]
        for field in ("price", "is_enabled", "sku"):
            if field in entry:
                variant[field] = entry[field]
        if entry.get("is_default"):
            for other in product["variants"]:
                other["is_default"] = other is variant


def _variant(
    product_id: str, cell: BlankVariant, sent: dict[str, Any] | None, stock: dict[int, bool]
) -> dict[str, Any]:
    return {
        "id": cell.id,
        "sku": (sent or {}).get("sku") or sku_of(product_id, cell.id),
        "cost": cell.cost,
        "price": sent["price"] if sent else cell.cost,
        "title": cell.title,
        "grams": cell.grams,
        "is_enabled": bool(sent.get("is_enabled", True)) if sent else False,
        "is_default": bool(sent.get("is_default", False)) if sent else False,
        "is_available": stock.get(cell.id, cell.in_stock),
        "is_printify_express_eligible": False,
        "options": list(cell.option_ids),
    }


def _check_layer(world: World, image: Any) -> None:
    if not isinstance(image, dict) or world.store.get(UPLOAD, str(image.get("id"))) is None:
        stop(refuse("print_areas: The selected image id is invalid."))
    if isinstance(image, dict) and whole(image.get("angle", 0)) is None:
        stop(refuse("print_areas: The angle must be an integer."))


def _layer(world: World, image: dict[str, Any]) -> dict[str, Any]:
    upload = world.store.get(UPLOAD, str(image["id"])) or {}
    return {
        **image,
        "name": upload.get("file_name", "design.png"),
        "type": upload.get("mime_type", "image/png"),
        "height": upload.get("height", 4000),
        "width": upload.get("width", 4000),
        "src": upload.get("preview_url", ""),
    }


def _design_of(body: dict[str, Any]) -> str:
    """Which design the mock-ups show: the first uploaded picture of the print areas."""
    for area in body["print_areas"]:
        for place in area["placeholders"]:
            for image in place["images"]:
                return f"u-{image['id']}"
    return "blank"
