"""The words of lists and filters in the page's language, looked up once."""

from __future__ import annotations

from functools import lru_cache

from shop.catalog.collections import current_shelves
from shop.catalog.listing import Labels
from shop.storefront.speaking import say as _


def labels(locale: str) -> Labels:
    """Facet and sort names, and the collections' titles."""
    facets, price, sorts = _fixed(locale)
    shelves = current_shelves()
    return Labels(facets, price, sorts, {c.slug: c.title for c in shelves.collections.values()}, shelves.words)


@lru_cache(maxsize=8)
def _fixed(locale: str) -> tuple[dict[str, str], str, dict[str, str]]:
    facets = {"type": _("Type"), "color": _("Colour"), "size": _("Size"), "collection": _("Collection")}
    sorts = {
        "relevance": _("Best match"),
        "featured": _("Featured"),
        "newest": _("Newest"),
        "best_selling": _("Best-selling"),
        "price_up": _("Price, low to high"),
        "price_down": _("Price, high to low"),
        "title": _("Name, A to Z"),
    }
    return facets, _("Price"), sorts
