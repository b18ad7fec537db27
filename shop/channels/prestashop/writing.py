"""Our records → rows of PrestaShop (contracts/prestashop.md §3, §5; unified-model.md §2, §3). Pure.

What is changed is changed in the row as it stands there, field by field: the rest goes back as it came.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from shop.channels.prestashop.reading import NO_NAME
from shop.channels.prestashop.terms import Terms, number
from shop.channels.prestashop.wire import build, set_language, set_list, set_text
from shop.channels.records import ProductRecord, ProductStatus, VariantRecord

#: a write that holds these is refused, or means something else (§2 code 93, §3)
READ_ONLY = ("manufacturer_name", "quantity", "type", "position_in_category", "secure_key", "id_default_combination")
#: what a catalogue's name may not hold there, and what stands for it
_NOT_IN_NAMES = str.maketrans({"<": "‹", ">": "›", ";": ",", "=": "-", "#": "№", "{": "(", "}": ")"})
_NOT_IN_REFERENCES = re.compile(r"[<>;={}\[\]|]")
_NOT_IN_PERSONS = re.compile(r'[0-9!<>,;?=+()@#"°{}_$%:¤|]')
_SLUG = re.compile(r"[^a-z0-9]+")
HOME_CATEGORY = "2"


def new_product(product: ProductRecord, terms: Terms, tax_rules_group: str) -> Element:
    """The row of POST products. Its price is the least of its variants', so that impacts are never below zero."""
    first = product.variants[0]
    has_options = any(variant.options for variant in product.variants)
    language, category = terms.language_id, terms.setting("PS_HOME_CATEGORY", HOME_CATEGORY)
    fields: dict[str, Any] = {
        "id_category_default": category,
        "id_tax_rules_group": tax_rules_group,
        "reference": reference_of(product),
        "price": terms.net(min(variant.price_minor for variant in product.variants)),
        "active": "1" if product.status is ProductStatus.ACTIVE else "0",
        "state": "1",
        "available_for_order": "1",
        "show_price": "1",
        "visibility": "both",
        "condition": "new",
        "minimal_quantity": "1",
        "product_type": "combinations" if has_options else "standard",
        "name": {language: clean_name(product.title, 128)},
        "link_rewrite": {language: slug_of(product)},
        "description": {language: product.description_html},
        "meta_title": {language: clean_name(product.seo_title, 255)},
        "meta_description": {language: clean_name(product.seo_text, 512)},
    }
    if not has_options:
        fields |= {"ean13": ean_of(first), "weight": terms.weight(first.weight_grams or 0)}
        fields |= {"wholesale_price": cost_of(first, terms)}
    return build("product", fields, {"categories": ("category", [{"id": category}])})


def change_product(node: Element, product: ProductRecord, fields: Collection[str] | None, terms: Terms) -> bool:
    """Write the named fields of the product itself into its row; whether anything is different now."""
    language = terms.language_id
    changed = False
    for name, theirs, value in (
        ("title", "name", clean_name(product.title, 128)),
        ("description_html", "description", product.description_html),
        ("seo_title", "meta_title", clean_name(product.seo_title, 255)),
        ("seo_text", "meta_description", clean_name(product.seo_text, 512)),
        ("slug", "link_rewrite", slug_of(product) if product.slug else ""),
    ):
        if wants(fields, name) and (value or name not in ("slug", "title")):
            changed |= set_language(node, theirs, language, value)
    if wants(fields, "status"):
        changed |= set_text(node, "active", "1" if product.status is ProductStatus.ACTIVE else "0")
        if product.status is ProductStatus.ACTIVE:
            changed |= set_text(node, "state", "1")
    return changed


def change_links(node: Element, tag_ids: Collection[str] | None, maker_id: str | None) -> bool:
    """Tags and the maker; None leaves them."""
    changed = False
    if tag_ids is not None:
        changed |= set_list(node, "tags", "tag", [{"id": tag_id} for tag_id in tag_ids])
    if maker_id is not None:
        changed |= set_text(node, "id_manufacturer", maker_id)
    return changed


def new_combination(
    product_id: str, variant: VariantRecord, value_ids: Collection[str], base: Mapping[str, Decimal], terms: Terms,
    *, is_default: bool,
) -> Element:  # fmt: skip
    """The row of POST combinations. `base`: the product's own price and weight, which it adds to."""
    fields: dict[str, Any] = {
        "id_product": product_id,
        "reference": clean_reference(variant.sku),
        "ean13": ean_of(variant),
        "price": terms.net(variant.price_minor) - base["price"],
        "weight": (terms.weight(variant.weight_grams) - base["weight"]) if variant.weight_grams else Decimal(0),
        "wholesale_price": cost_of(variant, terms),
        "minimal_quantity": "1",
    }
    if is_default:
        fields["default_on"] = "1"
    return build(
        "combination",
        {name: f"{value:.6f}" if isinstance(value, Decimal) else value for name, value in fields.items()},
        {"product_option_values": ("product_option_value", [{"id": value_id} for value_id in value_ids])},
    )


def change_variant(
    node: Element, variant: VariantRecord, fields: Collection[str] | None, base: Mapping[str, Decimal], terms: Terms
) -> bool:
    """The named fields of one variant, into a combination's row, or (with a base of zero) into the product's own.

    A price that reads as the same gross amount is left as it is, to its last decimal.
    """
    changed = False
    if wants(fields, "variants.price_minor"):
        now = number(node.findtext("price"))
        if terms.gross_minor(now + base["price"]) != variant.price_minor:
            changed |= set_text(node, "price", f"{terms.net(variant.price_minor) - base['price']:.6f}")
    if wants(fields, "variants.weight_grams") and variant.weight_grams is not None:
        now = number(node.findtext("weight"))
        if terms.grams(now + base["weight"]) != variant.weight_grams:
            changed |= set_text(node, "weight", f"{terms.weight(variant.weight_grams) - base['weight']:.6f}")
    if wants(fields, "variants.sku"):
        changed |= set_text(node, "reference", clean_reference(variant.sku))
    if wants(fields, "variants.barcode"):
        changed |= set_text(node, "ean13", ean_of(variant))
    if wants(fields, "variants.cost_minor") and variant.cost_minor is not None:
        cost = cost_of(variant, terms)
        if number(node.findtext("wholesale_price")) != cost:
            changed |= set_text(node, "wholesale_price", f"{cost:.6f}")
    return changed


def change_stock(node: Element, quantity: int | None, terms: Terms) -> bool:
    """A stock row. None: sold without end; else counted, and not sold below zero."""
    if quantity is None:
        return set_text(node, "out_of_stock", "1")
    changed = False
    if int(number(node.findtext("quantity"))) != quantity:
        changed = set_text(node, "quantity", str(quantity))
    rule = (node.findtext("out_of_stock") or "").strip()
    if rule == "1" or (rule == "2" and terms.oversells):
        changed |= set_text(node, "out_of_stock", "0")
    return changed


def wants(fields: Collection[str] | None, name: str) -> bool:
    return fields is None or name in fields


# -- words that the shop accepts


def clean_name(text: str, most: int) -> str:
    """A name for a catalogue: signs that the shop refuses become ones that look alike."""
    return " ".join(text.translate(_NOT_IN_NAMES).split())[:most]


def clean_reference(text: str) -> str:
    return _NOT_IN_REFERENCES.sub("", text).strip()[:64]


def clean_person(text: str, default: str = NO_NAME) -> str:
    """A person's name: without digits and most signs; never empty."""
    return " ".join(_NOT_IN_PERSONS.sub(" ", text).split())[:255] or default


def reference_of(product: ProductRecord) -> str:
    """The product's own reference, by which it is found again: its SKU, or what its SKUs begin with."""
    skus = [clean_reference(variant.sku) for variant in product.variants]
    if len(skus) == 1:
        return skus[0]
    first, last = min(skus), max(skus)
    same = next((i for i, ch in enumerate(first) if i >= len(last) or last[i] != ch), len(first))
    return first[:same].rstrip("-_./ ") or slug_of(product)[:64]


def slug_of(product: ProductRecord) -> str:
    plain = unicodedata.normalize("NFKD", product.slug or product.title).encode("ascii", "ignore").decode().lower()
    return _SLUG.sub("-", plain).strip("-")[:120].strip("-") or "product"


def ean_of(variant: VariantRecord) -> str:
    """Their field takes 13 digits; another barcode has no place there."""
    return variant.barcode if re.fullmatch(r"\d{0,13}", variant.barcode) else ""


def cost_of(variant: VariantRecord, terms: Terms) -> Decimal:
    """Costs are net on both sides."""
    return Terms(terms.settings, terms.currency).net(variant.cost_minor or 0)
