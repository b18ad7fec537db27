"""A product's fields as both sides are compared by, and what of theirs may become ours. Pure.

    title, description_html, tags, status, seo_title, seo_text, variants.<our variant id>.price_minor | compare_at_minor

Status travels only for what can be printed: what cannot be made is never put on sale by a platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.catalog.html import clean_html, one_line
from shop.channels.records import ImageRecord, OptionRecord, ProductRecord, ProductStatus, VariantRecord
from shop.channels.syncing.book import Fields, Terms

MOST_TAGS = 50
MOST_VARIANTS = 2048
MOST_IMAGES = 200
MOST_MINOR = 10**8
PRICES = ("price_minor", "compare_at_minor")


@dataclass(frozen=True)
class OurVariant:
    id: int
    external_id: int  # Printify's; below 0: brought in from a platform
    sku: str
    price_minor: int
    compare_at_minor: int | None
    grams: int
    options: Mapping[str, str]
    is_available: bool


@dataclass(frozen=True)
class OurProduct:
    id: int
    title: str
    description_html: str
    tags: tuple[str, ...]
    status: str
    brand: str
    slug: str
    seo_title: str
    seo_text: str
    is_printable: bool
    options: tuple[OptionRecord, ...]
    variants: tuple[OurVariant, ...]
    images: tuple[str, ...]
    updated_at: datetime


def sku_of(variant: OurVariant) -> str:
    """What it is known by there: its SKU, or a name of ours where it has none."""
    return variant.sku or f"imprint-{variant.id}"


def our_fields(product: OurProduct) -> Fields:
    fields: Fields = {
        "title": product.title,
        "description_html": product.description_html,
        "tags": sorted(product.tags),
        "seo_title": product.seo_title,
        "seo_text": product.seo_text,
    }
    if product.is_printable:
        fields["status"] = product.status
    for variant in product.variants:
        fields[f"variants.{variant.id}.price_minor"] = variant.price_minor
        fields[f"variants.{variant.id}.compare_at_minor"] = variant.compare_at_minor
    return fields


def their_fields(record: ProductRecord, terms: Terms, parts: Mapping[str, int], base: Mapping[str, Any]) -> Fields:
    """In our words, cleaned as they would be stored. Absent: what the platform cannot hold, or tells in other money."""
    fields: Fields = {
        "title": one_line(record.title, 300),
        "description_html": clean_html(record.description_html),
        "tags": clean_tags(record.tags),
        "status": _status(record, base),
    }
    for name, value in (("seo_title", one_line(record.seo_title, 200)), ("seo_text", one_line(record.seo_text, 400))):
        if value or base.get(name):  # many platforms keep none: "" is silence, until something was agreed
            fields[name] = value
    fields = {name: value for name, value in fields.items() if name not in record.missing}
    if not fields["title"]:
        del fields["title"]
    if why_no_prices(record, terms):
        return fields
    for variant in record.variants:
        our_id = parts.get(variant.external_id)
        if our_id is not None and 0 <= variant.price_minor <= MOST_MINOR:
            fields[f"variants.{our_id}.price_minor"] = variant.price_minor
            if "compare_at_minor" not in record.missing:
                fields[f"variants.{our_id}.compare_at_minor"] = compare_at_of(variant)
    return fields


def compare_at_of(variant: VariantRecord) -> int | None:
    before = variant.compare_at_minor
    return before if before is not None and variant.price_minor < before <= MOST_MINOR else None


def _status(record: ProductRecord, base: Mapping[str, Any]) -> str:
    """Where a platform knows only "hidden", what was archived stays archived."""
    if record.status is ProductStatus.DRAFT and base.get("status") == "archived":
        return "archived"
    return str(record.status)


def clean_tags(tags: tuple[str, ...]) -> list[str]:
    return sorted({cleaned for tag in tags[: MOST_TAGS * 4] if (cleaned := one_line(tag, 80))})[:MOST_TAGS]


def why_no_prices(record: ProductRecord, terms: Terms) -> str:
    if record.currency != terms.currency:
        return f"its prices are in {record.currency or 'another currency'}, this shop's in {terms.currency}"
    if record.includes_tax is not None and record.includes_tax != terms.taxes_included:
        here, there = ("with", "without") if terms.taxes_included else ("without", "with")
        return f"its prices are {there} tax, this shop's {here}"
    return ""


def why_not_here(record: ProductRecord, terms: Terms) -> str:
    """Why it cannot become a product here; "": it can."""
    if not one_line(record.title, 300):
        return "It has no title."
    if not record.variants:
        return "It has nothing that can be bought."
    if len(record.variants) > MOST_VARIANTS:
        return f"It has {len(record.variants)} variants; more than {MOST_VARIANTS} are not possible."
    if any(not 0 <= v.price_minor <= MOST_MINOR for v in record.variants):
        return "One of its prices is below zero or beyond what can be charged."
    skus = [v.sku for v in record.variants if v.sku]
    if len(skus) != len(set(skus)):
        return "Two of its variants have the same SKU."
    if why := why_no_prices(record, terms):
        return f"It cannot be brought in: {why}."
    return ""


def record_of(
    product: OurProduct, parts: Mapping[int, str], external_id: str, terms: Terms, only: Mapping[str, Any] | None
) -> ProductRecord:
    """Our product as it is written there. `parts`: our variant id → theirs. `only`: values that are to be written,
    which win over the product's own (an undo writes what was)."""
    value = {**our_fields(product), "status": product.status, **(only or {})}
    variants = []
    for variant in product.variants:
        price = value[f"variants.{variant.id}.price_minor"]
        before = value[f"variants.{variant.id}.compare_at_minor"]
        variants.append(
            VariantRecord(
                sku=sku_of(variant),
                price_minor=price,
                compare_at_minor=before if before is not None and before > price else None,
                options=variant.options,
                external_id=parts.get(variant.id, ""),
                weight_grams=variant.grams or None,
                stock=None if variant.is_available else 0,
                is_enabled=variant.is_available,
            )
        )
    return ProductRecord(
        title=value["title"],
        currency=terms.currency,
        variants=tuple(variants),
        external_id=external_id,
        description_html=value["description_html"],
        slug=product.slug,
        status=ProductStatus(value["status"]),
        vendor=product.brand,
        tags=tuple(value["tags"]),
        options=product.options,
        images=tuple(ImageRecord(url, position=i, is_main=i == 0) for i, url in enumerate(product.images)),
        seo_title=value["seo_title"],
        seo_text=value["seo_text"],
        includes_tax=terms.taxes_included,
    )


def names_to_push(fields: Mapping[str, Any]) -> set[str]:
    """ "variants.12.price_minor" → "variants.price_minor": a connector knows fields, not our ids."""
    return {f"variants.{name.rpartition('.')[2]}" if name.startswith("variants.") else name for name in fields}
