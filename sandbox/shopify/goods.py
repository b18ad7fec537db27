"""Products as the shop keeps them, and every change of them, whoever makes it: the panel or the API.

{"id", "title", "html", "handle", "status": ACTIVE|DRAFT|ARCHIVED, "vendor", "type", "tags": [],
 "seo": {"title", "description"}, "published_at", "metafields": {"ns.key": text},
 "options": [{"id", "name", "values": [{"id", "name"}]}], "media": [{"id", "url", "alt"}],
 "variants": [{"id", "item_id", "sku", "barcode", "price" (minor), "compare_at", "cost", "grams", "tracked",
               "policy", "values": [text per option], "stock": {location: n}, "media_id"}],
 "created_at", "updated_at"}
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.shopify.hooking import tell_product, tell_stock
from sandbox.shopify.shelf import Shelf
from sandbox.shopify.shopfront import LOCATION, Json

MOST_VARIANTS = 2048
MOST_OPTIONS = 3
PLAIN = ("Title", "Default Title")


class Taken(Exception):
    """userErrors: (field, message, code)."""

    def __init__(self, field: list[str], message: str, code: str = "INVALID") -> None:
        self.error = {"field": field, "message": message, "code": code}
        super().__init__(message)


def new_product(shelf: Shelf, title: str, **facts: Any) -> Json:
    """A product with one plain variant, not saved yet. Raises Taken."""
    if not title.strip():
        raise Taken(["input", "title"], "Title can't be blank", "BLANK")
    if len(title) > 255:
        raise Taken(["input", "title"], "Title is too long (maximum is 255 characters)", "TOO_LONG")
    handle = facts.pop("handle", "") or _free_handle(shelf, title)
    if handle in shelf.handles:
        raise Taken(["input", "handle"], f"Handle '{handle}' already in use. Please provide a new handle.", "TAKEN")
    now = shelf.now()
    return {
        "id": shelf.number("product"), "title": title, "html": "", "handle": handle, "status": "ACTIVE", "vendor": "",
        "type": "", "tags": [], "seo": {"title": None, "description": None}, "published_at": None, "metafields": {},
        "options": [], "media": [], "variants": [], "is_gift_card": False, "created_at": now,
        "updated_at": now, **facts,
    }  # fmt: skip


def set_options(shelf: Shelf, product: Json, options: list[tuple[str, list[str]]]) -> None:
    """Raises Taken for more than three."""
    if len(options) > MOST_OPTIONS:
        raise Taken(["input", "productOptions"], "The number of options can't exceed 3.", "OPTIONS_OVER_LIMIT")
    product["options"] = []
    for name, values in options or [(PLAIN[0], [PLAIN[1]])]:
        kept = [
            {"id": number, "name": value}
            for number, value in zip(shelf.numbers("value", len(values)), values, strict=False)
        ]
        product["options"].append({"id": shelf.number("option"), "name": name, "values": kept})


def new_variant(shelf: Shelf, product: Json, values: list[str], **facts: Any) -> Json:
    """Added to the product; new option values are made on the way. Raises Taken."""
    if len(product["variants"]) >= MOST_VARIANTS:
        raise Taken(
            ["input", "variants"], "You can have a maximum of 2048 variants per product.", "VARIANTS_OVER_LIMIT"
        )
    values = values or [PLAIN[1]]
    if len(values) != len(product["options"]):
        raise Taken(["input", "variants", "optionValues"], "Variant option values must match options", "INVALID")
    for option, value in zip(product["options"], values, strict=False):
        if value not in {kept["name"] for kept in option["values"]}:
            option["values"].append({"id": shelf.number("value"), "name": value})
    if any(other["values"] == values for other in product["variants"]):
        told = " / ".join(values)
        raise Taken(["variants"], f"The variant '{told}' already exists.", "VARIANT_ALREADY_EXISTS")
    variant = {
        "id": shelf.number("variant"), "item_id": shelf.number("item"), "sku": "", "barcode": None, "price": 0,
        "compare_at": None, "cost": None, "grams": 0, "tracked": False, "policy": "DENY", "values": values, "stock": {},
        "media_id": None, **facts,
    }  # fmt: skip
    product["variants"].append(variant)
    return variant


def add_media(shelf: Shelf, product: Json, pictures: Iterable[tuple[str, str]]) -> list[Json]:
    """(url, alt) each. Raises Taken for an address that is none."""
    added = []
    for url, alt in pictures:
        if not re.match(r"https?://", url):
            raise Taken(["media", "originalSource"], "Image URL is invalid", "INVALID")
        added.append({"id": shelf.number("media"), "url": url, "alt": alt})
    product["media"] += added
    return added


def save(shelf: Shelf, products: list[Json], *, is_new: bool = False) -> None:
    now = shelf.now()
    with shelf.lock:
        for product in products:
            product["updated_at"] = now
        shelf.products.put_many(products)
        for product in products:
            shelf.index(product)
    for product in products:
        tell_product(shelf, product, "products/create" if is_new else "products/update")


def remove(shelf: Shelf, product: Json) -> None:
    with shelf.lock:
        shelf.forget(product)
        shelf.products.remove(product["id"])
    tell_product(shelf, product, "products/delete")


def change_stock(shelf: Shelf, item_id: int, location: int, available: int) -> None:
    """Stocked there from now on. Raises KeyError."""
    with shelf.lock:
        product = _get(shelf, shelf.items[item_id])
        variant = next(v for v in product["variants"] if v["item_id"] == item_id)
        variant["stock"][str(location)] = available
        variant["tracked"] = True
        save(shelf, [product])
    tell_stock(shelf, item_id, location, available)


def stock_of(variant: Json) -> int:
    return sum(variant["stock"].values())


def here(stock: int | None) -> dict[str, int]:
    return {} if stock is None else {str(LOCATION): stock}


def _get(shelf: Shelf, number: int) -> Json:
    found = shelf.products.get(number)
    if found is None:
        raise KeyError(number)
    return found


def _free_handle(shelf: Shelf, title: str) -> str:
    handle = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:200] or "product"
    number, free = 0, handle
    while free in shelf.handles:
        number += 1
        free = f"{handle}-{number}"
    return free
