"""Search, and suggestions while somebody types."""

from __future__ import annotations

from array import array
from urllib.parse import urlencode

from flask import Response, request

from shop.catalog.collections import current_shelves
from shop.catalog.index import current_index, index_in
from shop.catalog.listing import list_products, read_address
from shop.catalog.searching import Results, search, suggest
from shop.catalog.shelf import cards_of
from shop.catalog.words import clean_query, fold
from shop.storefront.context import page_locale, public_url, show
from shop.storefront.speaking import say as _
from shop.storefront.words import labels
from shop.tenancy.currencies import current_pricing

SUGGESTED = 8


def search_page() -> Response:
    """GET /search?q=…: what was found, filtered like any list; without a query, everything. Never a 500, whatever is
    typed. At most four statements."""
    query = clean_query(request.args.get("q"))
    exact = request.args.get("exact") == "1"
    pricing = current_pricing()
    index = index_in(pricing)
    results = search(query, page_locale(), exact) if query else None
    ranked = index.places_of(results.ids) if results else array("I")
    default_sort = "relevance" if results else "featured"
    asked = read_address(request.args.items(multi=True), pricing.code, default_sort)
    asked.query, asked.exact = query, exact
    listing = list_products(
        index,
        asked,
        path="/search",
        labels=labels(page_locale()),
        currency=pricing.code,
        locale=page_locale(),
        within=index.mask_at(ranked) if results else None,
        ranked=ranked,
        default_sort=default_sort,
    )
    listing.cards = cards_of(listing.ids)
    title = _("Results for “%(query)s”", query=query) if query else _("Everything")
    return show(
        "storefront/search.html",
        fragment="listing",
        shared=not query and not asked.filtered,
        robots="noindex, follow",
        title=title,
        query=query,
        corrected=_corrected(results),
        suggestions=_suggestions() if results and not len(results.ids) else [],
        listing=listing,
        page_title=title,
        page_description=None,
        canonical_url=public_url("/search"),
    )


def suggest_fragment() -> Response:
    """GET /search/suggest?q=…: a fragment for the search panel."""
    query = clean_query(request.args.get("q"))
    ids, words = suggest(query)
    wanted = fold(query)
    collections = [c for c in current_shelves().collections.values() if wanted and wanted in fold(c.title)][:3]
    return show(
        "storefront/search_suggest.html",
        shared=False,
        robots="noindex",
        products=cards_of(ids),
        words=words,
        collections=collections if len(wanted) > 1 else [],
        query=query,
    )


def _corrected(results: Results | None) -> dict[str, str] | None:
    if results is None or results.corrected is None:
        return None
    again = urlencode([("q", results.query), ("exact", "1")])
    return {"from": results.query, "to": results.corrected, "original_url": f"/search?{again}"}


def _suggestions() -> list[dict[str, str]]:
    """Where to go when nothing was found: collections, then types."""
    found = [{"title": c.title, "url": c.url} for c in current_shelves().collections.values()]
    types = sorted(current_index().values["type"].values(), key=lambda v: -v.bits.bit_count())
    found += [{"title": v.title, "url": f"/search?type={v.slug}"} for v in types]
    return found[:SUGGESTED]
