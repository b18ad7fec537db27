"""Our records as bodies for their API: only the fields that are named (contracts/woocommerce.md §3). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shop.channels.records import ImageRecord, ProductRecord, ProductStatus, VariantRecord
from shop.channels.woocommerce.reading import ANY, prices_of
from shop.channels.woocommerce.values import Terms, list_of, price_text, text_of, weight_text

STATUS_WORDS = {
    ProductStatus.ACTIVE: "publish", ProductStatus.DRAFT: "draft", ProductStatus.ARCHIVED: "private",
}  # fmt: skip
VARIANT_FIELDS = (
    "price_minor", "compare_at_minor", "sku", "barcode", "weight_grams", "stock", "is_enabled", "options",
    "image_external_id",
)  # fmt: skip
TOP_FIELDS = ("title", "description_html", "slug", "status", "tags", "vendor", "options", "images")


def split_fields(fields: Collection[str] | None) -> tuple[frozenset[str], frozenset[str], bool]:
    """(of the product, of its variants, whether new variants are added)."""
    if fields is None:
        return frozenset(TOP_FIELDS), frozenset(VARIANT_FIELDS), True
    mine = frozenset(fields)
    return (
        mine & frozenset(TOP_FIELDS),
        frozenset(name.removeprefix("variants.") for name in mine if name.startswith("variants.")),
        "variants" in mine,
    )


def reference_of(key: str) -> str:
    """The SKU of a variable product itself, by which it is found again after a lost answer."""
    return "IMP-" + hashlib.sha256(key.encode()).hexdigest()[:12].upper()


def plain_fields(product: ProductRecord, fields: Collection[str]) -> dict[str, Any]:
    """What needs no look at theirs. Tags, brands, attributes and images are added by the caller."""
    body: dict[str, Any] = {}
    if "title" in fields:
        body["name"] = product.title
    if "description_html" in fields:
        body["description"] = product.description_html
    if "slug" in fields and product.slug:
        body["slug"] = product.slug
    if "status" in fields:
        body["status"] = STATUS_WORDS[product.status]
    return body


def write_images(images: Sequence[ImageRecord], known: Mapping[str, str]) -> list[dict[str, Any]]:
    """The whole list, as they replace it: known ones by id, so that they are not loaded again; the main one first."""
    told = []
    for image in sorted(images, key=lambda image: (not image.is_main, image.position)):
        number = image.external_id or known.get(image.url, "")
        entry: dict[str, Any] = {"id": int(number)} if number.isdigit() else {"src": image.url}
        if image.alt:
            entry["alt"] = image.alt
        told.append(entry)
    return told


def write_attributes(
    product: ProductRecord, theirs: Mapping[str, Any] | None, *, all_ours: bool
) -> list[dict[str, Any]]:
    """The whole list, as they replace it: what is no option stays; a shared attribute keeps its id.

    `all_ours`: the options are written; else values that our variants need are only added to theirs.
    """
    needed: dict[str, list[str]] = {option.name: list(option.values) for option in product.options} if all_ours else {}
    for variant in product.variants:
        for name, value in variant.options.items():
            if value != ANY and value not in needed.setdefault(name, []):
                needed[name].append(value)
    told, done = [], set()
    for entry in list_of(theirs or {}, "attributes"):
        name = text_of(entry, "name")
        if name not in needed:
            if not (all_ours and entry.get("variation")):
                told.append(_kept(entry))
            continue
        values = (
            needed[name] if all_ours else list(dict.fromkeys([*map(str, entry.get("options") or []), *needed[name]]))
        )
        told.append({**_kept(entry), "variation": True, "options": values})
        done.add(name)
    for name, values in needed.items():
        if name not in done:
            told.append({"name": name, "variation": True, "visible": True, "position": len(told), "options": values})
    return told


def _kept(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: entry[name] for name in ("id", "name", "position", "visible", "variation", "options") if name in entry
    }


def variant_body(
    variant: VariantRecord,
    fields: Collection[str],
    terms: Terms,
    theirs: Mapping[str, Any] | None,
    *,
    is_variation: bool,
    has_barcode: bool,
) -> dict[str, Any]:
    """Only what is named and differs from `theirs` (None: it is new). {}: nothing to write."""
    body = _prices(variant, fields, terms, theirs)
    if "sku" in fields:
        body["sku"] = variant.sku
    if "barcode" in fields and has_barcode and (variant.barcode or theirs):
        body["global_unique_id"] = variant.barcode
    if "weight_grams" in fields and (variant.weight_grams is not None or theirs):
        body["weight"] = weight_text(variant.weight_grams, terms.weight_unit)
    if "stock" in fields:
        body |= stock_body(variant.stock)
    if is_variation and "is_enabled" in fields:
        body["status"] = "publish" if variant.is_enabled else "private"
    if is_variation and "options" in fields:
        body["attributes"] = [{"name": n, "option": v} for n, v in variant.options.items() if v != ANY]
    if is_variation and "image_external_id" in fields and variant.image_external_id.isdigit():
        body["image"] = {"id": int(variant.image_external_id)}
    return body if theirs is None else {n: v for n, v in body.items() if not _same(n, v, theirs)}


def stock_body(quantity: int | None) -> dict[str, Any]:
    """None: not counted, and there."""
    if quantity is None:
        return {"manage_stock": False, "stock_status": "instock"}
    return {"manage_stock": True, "stock_quantity": max(quantity, 0)}


def _prices(
    variant: VariantRecord, fields: Collection[str], terms: Terms, theirs: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Two fields of theirs hold our two: the one that is not named keeps the value it has there."""
    if not {"price_minor", "compare_at_minor"} & set(fields):
        return {}
    price, before = prices_of(theirs, terms) if theirs is not None else (variant.price_minor, variant.compare_at_minor)
    if "price_minor" in fields:
        price = variant.price_minor
    if "compare_at_minor" in fields:
        before = variant.compare_at_minor
    if before is not None and before > price:
        return {"regular_price": price_text(before, terms), "sale_price": price_text(price, terms)}
    return {"regular_price": price_text(price, terms), "sale_price": ""}


def _same(name: str, value: Any, theirs: Mapping[str, Any]) -> bool:
    if name == "attributes":
        held = {text_of(entry, "name"): str(entry.get("option")) for entry in list_of(theirs, "attributes")}
        return held == {entry["name"]: entry["option"] for entry in value}
    if name == "image":
        image = theirs.get("image")
        return isinstance(image, dict) and image.get("id") == value["id"]
    return bool(theirs.get(name) == value)
