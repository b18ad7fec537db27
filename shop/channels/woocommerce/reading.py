"""A product of theirs as one of our records (contracts/woocommerce.md §3, unified-model.md §2–4). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shop.channels.records import (
    ImageRecord,
    OptionRecord,
    ProductRecord,
    ProductStatus,
    Unreadable,
    VariantRecord,
)
from shop.channels.woocommerce.values import (
    Odd,
    Terms,
    grams_of,
    id_of,
    list_of,
    meta_of,
    price_of,
    text_of,
    time_of,
    variant_key,
)

PRODUCT_KEY = "_pod_key"  # the key a listing of ours was made with
ANY = "Any"  # a variation that leaves an option open
STATUSES = {
    "publish": ProductStatus.ACTIVE, "draft": ProductStatus.DRAFT, "pending": ProductStatus.DRAFT,
    "future": ProductStatus.DRAFT, "private": ProductStatus.ARCHIVED, "trash": ProductStatus.ARCHIVED,
}  # fmt: skip
#: what this platform's core has no place for
NOT_HELD = {
    "seo_title": "WooCommerce keeps it in a plugin",
    "seo_text": "WooCommerce keeps it in a plugin",
    "cost_minor": "WooCommerce has no cost price",
}
_READ = frozenset({
    "id", "name", "slug", "permalink", "type", "status", "description", "sku", "global_unique_id", "price",
    "regular_price", "sale_price", "manage_stock", "stock_quantity", "stock_status", "weight", "images", "attributes",
    "variations", "tags", "brands", "date_created", "date_created_gmt", "date_modified", "date_modified_gmt", "_links",
})  # fmt: skip


def read_product(raw: Any, variations: Sequence[Any], terms: Terms) -> ProductRecord | Unreadable:
    """Never raises for what is in the record."""
    try:
        return _product(raw, variations, terms)
    except Odd as error:
        return Unreadable(_told_id(raw), str(error), raw)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        return Unreadable(_told_id(raw), f"unexpected shape: {type(error).__name__}", raw)


def has_variations(raw: Any) -> bool:
    return isinstance(raw, dict) and bool(raw.get("variations")) and "variable" in str(raw.get("type"))


def _product(raw: Any, variations: Sequence[Any], terms: Terms) -> ProductRecord:
    product_id = id_of(raw)
    if not isinstance(raw.get("name"), str):
        raise Odd("it has no name")
    if raw.get("type") in ("grouped", "external"):
        raise Odd(f"a {raw['type']} product is sold elsewhere or in parts; it cannot be held here")
    options = _options(raw)
    if has_variations(raw):
        variants = tuple(_variation(v, product_id, options, terms) for v in variations)
        if not variants:
            raise Odd("its variations could not be read")
    else:
        options = () if raw.get("type") != "variable" else options
        variants = (_itself(raw, product_id, terms),)
    brands = [text_of(entry, "name") for entry in list_of(raw, "brands")]
    missing = dict(NOT_HELD)
    if "brands" not in raw:
        missing["vendor"] = "this version of WooCommerce has no brands"
    if "global_unique_id" not in raw and not (variations and "global_unique_id" in variations[0]):
        missing["barcode"] = "this version of WooCommerce has no field for it"
    return ProductRecord(
        title=text_of(raw, "name"),
        currency=terms.currency,
        variants=variants,
        external_id=product_id,
        description_html=str(raw.get("description") or ""),
        slug=str(raw.get("slug") or ""),
        status=STATUSES.get(str(raw.get("status")), ProductStatus.DRAFT),
        vendor=brands[0] if brands else "",
        kind=str(raw.get("type") or ""),
        tags=tuple(text_of(entry, "name") for entry in list_of(raw, "tags")),
        options=options,
        images=_images(raw),
        includes_tax=terms.includes_tax,
        updated_at=time_of(raw, "date_modified"),
        revision=str(raw.get("date_modified_gmt") or ""),
        unknown={name: value for name, value in raw.items() if name not in _READ},
        missing=missing,
        raw=raw,
    )


def _options(raw: Mapping[str, Any]) -> tuple[OptionRecord, ...]:
    found = []
    for place, entry in enumerate(list_of(raw, "attributes")):
        if not entry.get("variation"):
            continue
        values = entry.get("options")
        if not isinstance(values, list):
            raise Odd("an attribute has no options")
        found.append(
            OptionRecord(
                name=text_of(entry, "name"),
                values=tuple(str(value) for value in values),
                position=int(entry.get("position") or place),
                external_id=str(entry.get("id") or ""),
            )
        )
    return tuple(sorted(found, key=lambda option: option.position))


def _images(raw: Mapping[str, Any]) -> tuple[ImageRecord, ...]:
    return tuple(
        ImageRecord(
            url=str(entry.get("src") or ""),
            alt=text_of(entry, "alt"),
            position=place,
            external_id=str(entry.get("id") or ""),
            is_main=place == 0,
        )
        for place, entry in enumerate(list_of(raw, "images"))
    )


def _itself(raw: Mapping[str, Any], product_id: str, terms: Terms) -> VariantRecord:
    """A product without variations is its own variant."""
    return _variant(raw, variant_key(product_id, 0), {}, True, terms)


def _variation(raw: Any, product_id: str, options: Sequence[OptionRecord], terms: Terms) -> VariantRecord:
    key = variant_key(product_id, id_of(raw))
    chosen = {text_of(entry, "name"): str(entry.get("option") or "") for entry in list_of(raw, "attributes")}
    values = {option.name: chosen.get(option.name) or ANY for option in options}
    image = raw.get("image")
    image_id = str(image.get("id") or "") if isinstance(image, dict) else ""
    return _variant(raw, key, values, raw.get("status", "publish") == "publish", terms, image_id)


def _variant(
    raw: Mapping[str, Any], key: str, options: Mapping[str, str], is_enabled: bool, terms: Terms, image_id: str = ""
) -> VariantRecord:
    price, compare_at = prices_of(raw, terms)
    return VariantRecord(
        sku=str(raw.get("sku") or ""),
        price_minor=price,
        options=options,
        external_id=key,
        compare_at_minor=compare_at,
        barcode=str(raw.get("global_unique_id") or ""),
        weight_grams=grams_of(raw.get("weight"), terms.weight_unit),
        stock=_stock(raw),
        is_enabled=is_enabled,
        image_external_id=image_id,
    )


def prices_of(raw: Mapping[str, Any], terms: Terms) -> tuple[int, int | None]:
    """Selling price, and the one that is struck out. "" is not set, which is not for sale: 0."""
    regular, sale = str(raw.get("regular_price") or ""), str(raw.get("sale_price") or "")
    selling = str(raw.get("price") or "")
    if sale and regular and (not selling or price_of(selling, terms) == price_of(sale, terms)):
        price, before = price_of(sale, terms), price_of(regular, terms)
        return price, before if before > price else None
    told = selling or regular
    return (price_of(told, terms) if told else 0), None


def _stock(raw: Mapping[str, Any]) -> int | None:
    """Counted here only where it is managed; "parent" is counted at the product, not at the variation."""
    if raw.get("manage_stock") is not True:
        return 0 if raw.get("stock_status") == "outofstock" else None
    return max(int(raw.get("stock_quantity") or 0), 0)


def key_of(raw: Mapping[str, Any]) -> str:
    return meta_of(raw, PRODUCT_KEY)


def _told_id(raw: Any) -> str:
    return str(raw.get("id") or "") if isinstance(raw, dict) else ""
