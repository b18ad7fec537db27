"""Products as PrestaShop tells them → our records (contracts/prestashop.md §3, unified-model.md §2 to §4). Pure.

A variant's id is "<product>:<combination>"; 0 for a product without combinations. Prices of combinations are impacts on
the product's; both are net, and become one gross price. Raises ValueError, with a sentence, for what cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shop.channels.prestashop.terms import Terms, flag, minor, number
from shop.channels.records import ImageRecord, OptionRecord, ProductRecord, ProductStatus, Unreadable, VariantRecord

Row = Mapping[str, Any]
ALLOW, AS_THE_SHOP = "1", "2"
NO_NAME = "-"  # of a person
TOO_LARGE = "imprint:too_large"  # on a row that was not read
MISSING = {
    "compare_at_minor": "PrestaShop keeps sale prices apart (specific prices); they are neither read nor changed."
}
_READ = frozenset({
    "id", "name", "description", "link_rewrite", "meta_title", "meta_description", "active", "state", "price", "weight",
    "reference", "ean13", "upc", "isbn", "wholesale_price", "manufacturer_name", "id_manufacturer", "product_type",
    "date_add", "date_upd", "associations", "id_default_image", "id_default_combination", "quantity", "type",
})  # fmt: skip


@dataclass(frozen=True)
class Words:
    """The shop's dictionaries: option value id → (option id, its name), option id → name, tag id → name."""

    values: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def read_products(
    rows: Iterable[Row], combinations: Iterable[Row], stocks: Iterable[Row], words: Words, terms: Terms
) -> list[ProductRecord | Unreadable]:
    """A page of them; one that does not fit is told as such, the others go on."""
    by_product: dict[str, list[Row]] = {}
    for combination in combinations:
        by_product.setdefault(text(combination.get("id_product")), []).append(combination)
    stock = {(text(row.get("id_product")), text(row.get("id_product_attribute")) or "0"): row for row in stocks}
    found: list[ProductRecord | Unreadable] = []
    for row in rows:
        product_id = text(row.get("id"))
        own = by_product.get(product_id, [])
        try:
            found.append(read_product(row, own, stock, words, terms))
        except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError) as error:
            why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            found.append(
                Unreadable(product_id, why[:300], {"product": dict(row), "combinations": [dict(c) for c in own]})
            )
    return found


def read_product(
    row: Row, combinations: Sequence[Row], stocks: Mapping[tuple[str, str], Row], words: Words, terms: Terms
) -> ProductRecord:
    product_id, title = text(row.get("id")), text(row.get("name"))
    if TOO_LARGE in row:
        raise ValueError(str(row[TOO_LARGE]))
    if not product_id or not title:
        raise ValueError("It has no name in the shop's own language.")
    ordered = sorted(
        combinations, key=lambda found: (not flag(found.get("default_on")), int(text(found.get("id")) or 0))
    )
    each: Sequence[Row | None] = ordered or [None]
    variants = tuple(_variant(row, one, stocks, words, terms) for one in each)
    slug = text(row.get("link_rewrite"))
    is_active = flag(row.get("active")) and text(row.get("state", "1")) != "0"
    return ProductRecord(
        title=title,
        currency=terms.currency,
        variants=variants,
        external_id=product_id,
        description_html=text(row.get("description")),
        slug=slug,
        status=ProductStatus.ACTIVE if is_active else ProductStatus.DRAFT,
        vendor=text(row.get("manufacturer_name")),
        kind=text(row.get("product_type")),
        tags=tuple(words.tags[key] for item in links(row, "tags") if (key := text(item.get("id"))) in words.tags),
        options=_options(variants, words),
        images=_images(row, slug, terms),
        seo_title=text(row.get("meta_title")),
        seo_text=text(row.get("meta_description")),
        includes_tax=terms.includes_tax,
        updated_at=terms.utc(row.get("date_upd")),
        unknown={name: value for name, value in row.items() if name not in _READ and value not in ("", "0", None, [])},
        missing=MISSING,
        raw={"product": dict(row), "combinations": [dict(found) for found in combinations]},
    )


def _variant(
    product: Row, combination: Row | None, stocks: Mapping[tuple[str, str], Row], words: Words, terms: Terms
) -> VariantRecord:
    product_id, own = text(product.get("id")), combination or {}
    combination_id = text(own.get("id")) or "0"
    net = number(product.get("price")) + number(own.get("price"))
    if net < 0:
        raise ValueError(f"The price of {product_id}:{combination_id} is below zero.")
    weight = number(product.get("weight")) + number(own.get("weight"))
    cost = number(own.get("wholesale_price")) or number(product.get("wholesale_price"))
    row = combination if combination is not None else product
    pictures = links(own, "images")
    stock_row = stocks.get((product_id, combination_id))
    return VariantRecord(
        sku=text(row.get("reference")),
        price_minor=terms.gross_minor(net),
        options=_chosen(own, words),
        external_id=f"{product_id}:{combination_id}",
        cost_minor=minor(cost, terms.currency) if cost > 0 else None,
        barcode=text(row.get("ean13")) or text(row.get("upc")) or text(row.get("isbn")),
        weight_grams=terms.grams(weight) if weight > 0 else None,
        stock=_stock(stock_row, terms),
        image_external_id=text(pictures[0].get("id")) if pictures else "",
        facts={"stock_id": text(stock_row.get("id"))} if stock_row else {},
    )


def _chosen(combination: Row, words: Words) -> dict[str, str]:
    chosen = {}
    for item in links(combination, "product_option_values"):
        value_id = text(item.get("id"))
        if value_id not in words.values or words.values[value_id][0] not in words.options:
            raise ValueError(f"Its combination has the option value {value_id}, which the shop does not tell.")
        option_id, name = words.values[value_id]
        chosen[words.options[option_id]] = name
    return chosen


def _stock(row: Row | None, terms: Terms) -> int | None:
    """None: sold without end."""
    if row is None:
        return None
    rule = text(row.get("out_of_stock"))
    if rule == ALLOW or (rule == AS_THE_SHOP and terms.oversells):
        return None
    return int(number(row.get("quantity")))


def _options(variants: Sequence[VariantRecord], words: Words) -> tuple[OptionRecord, ...]:
    found: dict[str, dict[str, None]] = {}
    for variant in variants:
        for name, value in variant.options.items():
            found.setdefault(name, {})[value] = None
    ids = {name: option_id for option_id, name in words.options.items()}
    return tuple(
        OptionRecord(name, tuple(values), position, ids.get(name, ""))
        for position, (name, values) in enumerate(found.items())
    )


def _images(row: Row, slug: str, terms: Terms) -> tuple[ImageRecord, ...]:
    main = text(row.get("id_default_image"))
    ids = [text(item.get("id")) for item in links(row, "images")]
    ids.sort(key=lambda found: found != main)
    return tuple(
        ImageRecord(f"{terms.base_url}/{found}-large_default/{slug or 'p'}.jpg", "", place, found, is_main=not place)
        for place, found in enumerate(ids)
    )


def links(row: Row, name: str) -> list[Row]:
    """A list below a row, whatever stands there."""
    lists = row.get("associations")
    found = lists.get(name) if isinstance(lists, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def text(value: Any) -> str:
    """A text of theirs; of several languages the first."""
    if isinstance(value, list):
        value = value[0].get("value") if value and isinstance(value[0], Mapping) else ""
    return "" if value is None or value is False else str(value)
