"""Our products in their words. Pure (contracts/shopify.md §4)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from shop.channels.records import ProductRecord, ProductStatus, VariantRecord
from shop.channels.shopify.reading import PLAIN
from shop.core.money import exponent

Json = dict[str, Any]
MOST_INPUT = 250
MOST_VARIANTS = 2048
STATUS = {ProductStatus.ACTIVE: "ACTIVE", ProductStatus.DRAFT: "DRAFT", ProductStatus.ARCHIVED: "ARCHIVED"}
#: fields of a product that productUpdate takes
PLAIN_FIELDS = frozenset(
    {"title", "description_html", "slug", "vendor", "kind", "tags", "status", "seo_title", "seo_text"}
)
VARIANT_FIELDS = frozenset(
    {"sku", "price_minor", "compare_at_minor", "cost_minor", "barcode", "weight_grams", "options"}
)


def money(minor: int, currency: str) -> str:
    """money(2490, "EUR") -> "24.90"."""
    places = exponent(currency)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


def write_fields(product: ProductRecord, fields: Collection[str]) -> Json:
    """Those of `fields` that a ProductUpdateInput and a ProductSetInput have in common, in their names."""
    given: Json = {}
    names = {"title": "title", "description_html": "descriptionHtml", "vendor": "vendor", "slug": "handle"}
    for ours, theirs in names.items():
        if ours in fields:
            given[theirs] = getattr(product, ours)
    if not given.get("handle", "-"):
        del given["handle"]
    if "kind" in fields and product.kind != "gift_card":
        given["productType"] = product.kind
    if "tags" in fields:
        given["tags"] = [tag for tag in product.tags if tag.strip()][:MOST_INPUT]
    if "status" in fields:
        given["status"] = STATUS[product.status]
    names = {"seo_title": "title", "seo_text": "description"}
    seo = {theirs: getattr(product, ours) for ours, theirs in names.items() if ours in fields}
    if seo:
        given["seo"] = seo
    return given


def write_product(product: ProductRecord, handle: str, key: str) -> Json:
    """A ProductSetInput for a product that is not there yet, with its first 250 variants and `key` to know it by."""
    given = write_fields(product, PLAIN_FIELDS - {"slug"})
    return {
        **{name: value for name, value in given.items() if name != "seo" or any(value.values())},
        "handle": handle,
        "productOptions": write_options(product),
        "variants": [_new_variant(variant, product) for variant in product.variants[:MOST_INPUT]],
        "files": [{"originalSource": i.url, "alt": i.alt, "contentType": "IMAGE"} for i in product.images[:MOST_INPUT]],
        "metafields": [
            {"namespace": "imprint", "key": "made_with", "type": "single_line_text_field", "value": key[:255]}
        ],
    }


def write_options(product: ProductRecord) -> list[Json]:
    if not product.options:
        return [{"name": PLAIN[0], "position": 1, "values": [{"name": PLAIN[1]}]}]
    used = {name: {variant.options.get(name) for variant in product.variants} for name in option_names(product)}
    return [
        {
            "name": option.name,
            "position": place,
            "values": [{"name": value} for value in option.values if value in used[option.name]],
        }
        for place, option in enumerate(product.options, 1)
    ]


def option_names(product: ProductRecord) -> list[str]:
    return [option.name for option in product.options]


def _new_variant(variant: VariantRecord, product: ProductRecord) -> Json:
    given = write_variant(variant, product.currency, VARIANT_FIELDS)
    item = given.setdefault("inventoryItem", {})
    sku = item.pop("sku", "")
    item["tracked"] = variant.stock is not None
    return {**given, "sku": sku, "optionValues": write_values(variant, product)}


def added_variant(variant: VariantRecord, product: ProductRecord) -> Json:
    """A ProductVariantsBulkInput for one that is new on a product that is there."""
    given = write_variant(variant, product.currency, VARIANT_FIELDS)
    given.setdefault("inventoryItem", {})["tracked"] = variant.stock is not None
    return {**given, "optionValues": write_values(variant, product)}


def write_values(variant: VariantRecord, product: ProductRecord) -> list[Json]:
    if not product.options:
        return [{"optionName": PLAIN[0], "name": PLAIN[1]}]
    return [{"optionName": name, "name": variant.options.get(name, "")} for name in option_names(product)]


def write_variant(variant: VariantRecord, currency: str, fields: Collection[str]) -> Json:
    """Those of `fields` (without "options") in the words of a ProductVariantsBulkInput, without its id."""
    given: Json = {}
    item: Json = {}
    if "price_minor" in fields:
        given["price"] = money(variant.price_minor, currency)
    if "compare_at_minor" in fields:
        at = variant.compare_at_minor
        given["compareAtPrice"] = None if at is None else money(at, currency)
    if "barcode" in fields:
        given["barcode"] = variant.barcode
    if "sku" in fields:
        item["sku"] = variant.sku
    if "cost_minor" in fields and variant.cost_minor is not None:
        item["cost"] = money(variant.cost_minor, currency)
    if "weight_grams" in fields and variant.weight_grams is not None:
        item["measurement"] = {"weight": {"value": float(variant.weight_grams), "unit": "GRAMS"}}
    if item:
        given["inventoryItem"] = item
    return given


def handles(product: ProductRecord, key: str) -> tuple[str, str]:
    """The handle it should have, and the one it takes where that is somebody else's."""
    mark = hashlib.sha256(key.encode()).hexdigest()[:10]
    told = (product.slug or product.title).replace("ß", "ss")
    text = unicodedata.normalize("NFKD", told).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:200]
    return plain or f"product-{mark}", f"{plain or 'product'}-{mark}"


def variant_fields(fields: Collection[str]) -> frozenset[str]:
    """{"variants.price_minor", "title"} -> {"price_minor"}."""
    return frozenset(name.partition(".")[2] for name in fields if name.startswith("variants."))


def options_key(theirs: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The options of a listed variant of theirs, to be compared with ours."""
    chosen = frozenset((str(one["name"]), str(one["value"])) for one in theirs["selectedOptions"])
    return chosen if chosen != {PLAIN} else frozenset()
