"""Cards by id, kept in the process while the catalogue's version stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, g

from shop.catalog.collections import current_shelves
from shop.catalog.reading import read
from shop.catalog.telling import card_in
from shop.core.scope import current_store
from shop.tenancy.currencies import Pricing, current_pricing
from shop.tenancy.profile import current_profile, current_versions, on_forget

MAX_HELD = 1500


@dataclass(slots=True)
class CardImage:
    alt: str
    width: int
    height: int
    src: str
    srcset_avif: str
    srcset_webp: str
    colour: str
    full: str
    sources: None = None


@dataclass(slots=True)
class Swatch:
    title: str
    hex: str


@dataclass(slots=True)
class Card:
    """A product's card; attributes instead of a dictionary, since templates read them many times."""

    id: int
    slug: str
    url: str
    title: str
    type: str
    price_minor: int
    price_max_minor: int
    was_minor: int
    fixed: dict[str, Any]
    price_text: str
    compare_text: str | None
    from_price: bool
    image: CardImage | None
    image2: CardImage | None
    swatches: list[Swatch]
    more_colours: int
    sold_out: bool
    #: of the 30 days before the reduction that is shown; by currency, and ready
    lowest: dict[str, int]
    lowest_text: str | None
    #: of its reviews: how many, and their stars to a tenth
    reviews: int
    stars: float
    #: {locale: {"title": …}}
    texts: dict[str, dict[str, str]]
    #: what a page made of it, by the way of drawing (storefront/grid.py); it goes when the card goes
    drawn: dict[tuple[object, ...], str] = field(default_factory=dict)
    #: the same card in other currencies and languages
    told: dict[tuple[object, ...], Card] = field(default_factory=dict)


_held: dict[str, tuple[int, dict[int, Card]]] = {}


def cards_of(product_ids: Sequence[int]) -> list[Card]:
    """Cards in the order of the ids, with prices in the page's currency and language; what is not on sale any more is
    left out. At most one statement."""
    cards = _stored(product_ids)
    profile, pricing = current_profile(), current_pricing()
    locale = g.get("locale") or profile.locale
    if pricing.is_base and profile.locale.startswith(locale):
        return cards
    return [_told(card, pricing, locale) for card in cards]


def _told(card: Card, pricing: Pricing, locale: str) -> Card:
    key = (pricing, locale)
    found = card.told.get(key)
    if found is None:
        found = card.told[key] = card_in(card, pricing, locale, current_shelves().words)
    return found


def _stored(product_ids: Sequence[int]) -> list[Card]:
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    version = current_versions().catalog
    held = _held.get(key)
    if held is None or held[0] != version:
        held = (version, {})
        _held[key] = held
    known = held[1]
    missing = [i for i in product_ids if i not in known]
    if missing:
        if len(known) + len(missing) > MAX_HELD:
            known = {i: known[i] for i in product_ids if i in known}
            _held[key] = (version, known)
        rows = read(
            "SELECT card, rating_count, rating_sum FROM products"
            " WHERE id = ANY(%(ids)s) AND status = 'active' AND card ? 'id'",
            {"ids": missing},
        )
        for raw, count, total in rows:
            known[raw["id"]] = _card(raw, count, total)
    return [known[i] for i in product_ids if i in known]


def _card(raw: dict[str, Any], count: int, total: int) -> Card:
    return Card(
        id=raw["id"],
        slug=raw["slug"],
        url=raw["url"],
        title=raw["title"],
        type=raw["type"],
        price_minor=raw["price_minor"],
        price_max_minor=raw["price_max_minor"],
        was_minor=raw.get("was_minor", 0),
        fixed=raw.get("fixed") or {},
        price_text=raw["price_text"],
        compare_text=raw["compare_text"],
        from_price=raw["from_price"],
        image=CardImage(**raw["image"]) if raw["image"] else None,
        image2=CardImage(**raw["image2"]) if raw["image2"] else None,
        swatches=[Swatch(**s) for s in raw["swatches"]],
        more_colours=raw["more_colours"],
        sold_out=raw["sold_out"],
        lowest=raw.get("lowest") or {},
        lowest_text=raw.get("lowest_text"),
        texts=raw.get("texts") or {},
        reviews=count,
        stars=round(total / count, 1) if count else 0.0,
    )


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
