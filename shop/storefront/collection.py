"""A collection with its filters, and the page of all collections."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from shop.catalog.addresses import COLLECTION
from shop.catalog.collections import ShownCollection, current_shelves
from shop.catalog.facets import CatalogIndex
from shop.catalog.index import current_index, index_in
from shop.catalog.listing import Asked, canonical_query, list_products, read_address
from shop.catalog.shelf import CardImage, cards_of
from shop.catalog.words import plain_text
from shop.errors import NotFound
from shop.storefront.context import first_picture, page_locale, public_url, show
from shop.storefront.moved import moved
from shop.storefront.seo import breadcrumbs_data
from shop.storefront.speaking import say as _
from shop.storefront.words import labels
from shop.tenancy.currencies import current_pricing
from shop.words import mark

HIDDEN = frozenset({"collection"})


def collection_page(slug: str) -> Response | BaseResponse:
    """GET /collections/<slug>"""
    collection = current_shelves().collections.get(slug)
    if collection is None:
        elsewhere = moved(COLLECTION, slug, "/collections")
        if elsewhere is not None:
            return elsewhere
        raise NotFound(mark("This collection does not exist."))
    pricing = current_pricing()
    index = index_in(pricing)
    asked = read_address(request.args.items(multi=True), pricing.code)
    listing = list_products(
        index,
        asked,
        path=collection.url,
        labels=labels(page_locale()),
        currency=pricing.code,
        locale=page_locale(),
        within=members(index, slug),
        collection=slug,
        hidden_facets=HIDDEN,
    )
    listing.cards = cards_of(listing.ids)
    asked.page = listing.page
    robots, canonical = _for_robots(asked, collection)
    return show(
        "storefront/collection.html",
        fragment="listing",
        shared=not asked.filtered,
        robots=robots,
        title=collection.title,
        description_html=collection.description_html,
        listing=listing,
        page_title=collection.title if listing.page == 1 else f"{collection.title} ({listing.page})",
        page_description=plain_text(collection.description_html, 155) or collection.title,
        page_image=first_picture(listing.cards),
        canonical_url=canonical,
        jsonld=breadcrumbs_data([(collection.title, collection.url)]),
    )


def collections_page() -> Response:
    """GET /collections"""
    return show(
        "storefront/collections.html",
        title=_("Collections"),
        collections=tiles(),
        page_title=_("Collections"),
        canonical_url=public_url("/collections"),
    )


@dataclass(frozen=True, slots=True)
class Tile:
    """A collection as a picture with its name."""

    title: str
    url: str
    text: str
    count: int
    image: CardImage | None


def tiles(limit: int = 60) -> list[Tile]:
    """Collections that hold something, each with a picture of its own where there is one. At most one statement."""
    index = current_index()
    filled = [c for c in current_shelves().collections.values() if members(index, c.slug)][:limit]
    leading = {c.slug: index.page(members(index, c.slug), "featured", 0, 3, collection=c.slug) for c in filled}
    cards = {card.id: card for card in cards_of(sorted({i for ids in leading.values() for i in ids}))}
    used: set[str] = set()
    made = []
    for collection in filled:
        images = [cards[i].image for i in leading[collection.slug] if i in cards]
        known = [image for image in images if image is not None]
        image = next((i for i in known if i.src not in used), known[0] if known else None)
        if image is not None:
            used.add(image.src)
        count = members(index, collection.slug).bit_count()
        made.append(Tile(collection.title, collection.url, plain_text(collection.description_html, 90), count, image))
    return made


def members(index: CatalogIndex, slug: str) -> int:
    """The mask of a collection's products."""
    known = index.values["collection"].get(slug)
    return known.bits if known else 0


def _for_robots(asked: Asked, collection: ShownCollection) -> tuple[str | None, str]:
    """Filtered combinations are endless: robots follow their links and keep the plain page."""
    if asked.filtered or asked.sort != "featured":
        return "noindex, follow", public_url(collection.url)
    return None, public_url(collection.url + canonical_query(asked))
