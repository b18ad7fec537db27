"""Prices of cards, documents and the index in another currency, and as another language writes them. Pure.

Cards and documents are kept in the store's currency, with the prices a merchant fixed beside it; so a change of rate
rewrites nothing, and a page in another currency asks the database nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shop.catalog.fixed_prices import Spans
from shop.catalog.words import plain_text
from shop.core.money import format_minor
from shop.tenancy.currencies import Pricing

if TYPE_CHECKING:
    from shop.catalog.shelf import Card


def span_in(pricing: Pricing, low: int, high: int, was: int, spans: Spans | None) -> tuple[int, int, int]:
    """(lowest, highest, before of the lowest) in a currency, from the store's and what is fixed."""
    own = spans.get(pricing.code) if spans and not pricing.is_base else None
    if own is None:
        return pricing.price(low), pricing.price(high), pricing.price(was)
    fixed, rest = own
    assert fixed is not None
    if rest is None:
        return fixed[0], fixed[1], fixed[2]
    others = [pricing.price(minor) for minor in rest]
    cheapest = fixed if fixed[0] <= others[0] else others
    return cheapest[0], max(fixed[1], others[1]), cheapest[2]


def card_in(card: Card, pricing: Pricing, locale: str, words: Mapping[str, str]) -> Card:
    """The card as a page in this currency and language draws it. `words`: of the catalogue, in this language."""
    low, high, was = span_in(pricing, card.price_minor, card.price_max_minor, card.was_minor, card.fixed)
    lowest = _lowest(card, pricing, low) if was > low else None
    mine = card.texts.get(locale) or {}
    return replace(
        card,
        title=mine.get("title") or card.title,
        type=words.get(card.type, card.type),
        swatches=[replace(s, title=words.get(s.title, s.title)) for s in card.swatches] if words else card.swatches,
        price_minor=low,
        price_max_minor=high,
        price_text=format_minor(low, pricing.code, locale),
        compare_text=format_minor(was, pricing.code, locale) if was > low else None,
        from_price=high > low,
        lowest_text=None if lowest is None else format_minor(lowest, pricing.code, locale),
        drawn={},
        told={},
    )


def _lowest(card: Card, pricing: Pricing, low: int) -> int:
    """Of the 30 days before the reduction: as it was asked in this currency, else by the rate, else its own."""
    if pricing.is_base or pricing.code in card.fixed:
        return card.lowest.get(pricing.code, low)
    return pricing.price(card.lowest[pricing.base]) if pricing.base in card.lowest else low


def document_in(
    document: Mapping[str, Any], pricing: Pricing, locale: str, words: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The document of a product with its prices in this currency, and its texts in this language where it has them.
    `words`: of the catalogue, in this language."""
    variants = [
        {
            **v,
            "price_minor": pricing.of(v["price_minor"], v.get("fixed")),
            "was_minor": pricing.before(v["was_minor"], v.get("fixed")),
        }
        for v in document["variants"]
    ]
    priced = [v for v in variants if v["available"]] or variants
    cheapest = min(priced, key=lambda v: v["price_minor"], default=None)
    low, was = (cheapest["price_minor"], cheapest["was_minor"]) if cheapest else (0, 0)
    return {
        **document,
        **_texts_in(document, locale, words or {}),
        "variants": variants,
        "price_minor": low,
        "price_text": format_minor(low, pricing.code, locale),
        "compare_text": format_minor(was, pricing.code, locale) if was > low else None,
        "from_price": max((v["price_minor"] for v in priced), default=0) > low,
    }


def _texts_in(document: Mapping[str, Any], locale: str, words: Mapping[str, str]) -> dict[str, Any]:
    """What the document says in this language; the rest stays as it is. A translated text brings the title and the
    description for search engines with it: the original's would be in the wrong language."""
    mine = (document.get("texts") or {}).get(locale) or {}
    found: dict[str, Any] = {}
    if "title" in mine:
        found |= {"title": mine["title"], "seo_title": ""}
    if "html" in mine:
        found |= {"description_html": mine["html"], "seo_description": plain_text(mine["html"], 155)}
    found |= {name: mine[name] for name in ("seo_title", "seo_description") if name in mine}
    if words:
        found["type_key"] = document["type"]
        found["type"] = words.get(document["type"], document["type"])
        found["options"] = [
            {
                **option,
                "name": words.get(option["name"], option["name"]),
                "values": [{**value, "title": words.get(value["title"], value["title"])} for value in option["values"]],
            }
            for option in document["options"]
        ]
    return found
