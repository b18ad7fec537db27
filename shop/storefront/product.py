"""A product: its pictures, its options, its price, and what goes well with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as BaseResponse

from shop.catalog.addresses import PRODUCT
from shop.catalog.collections import current_shelves
from shop.catalog.facets import CatalogIndex
from shop.catalog.guides import guide_for
from shop.catalog.index import current_index
from shop.catalog.past_prices.lowest import lowest_text
from shop.catalog.safety.reading import shown_safety
from shop.catalog.shelf import Card, cards_of
from shop.catalog.showing import ShownOption, choose, find_document, options_shown, variants_shown, was_text
from shop.catalog.structured import absolute, product_group
from shop.catalog.telling import document_in
from shop.catalog.transit import delivery_days
from shop.catalog.words import slug_of
from shop.content.showing import current_content
from shop.core.money import format_minor
from shop.errors import NotFound
from shop.recommending.bought_together import MOST, in_order
from shop.reviews.reading import Rating
from shop.storefront.context import page_locale, public_url, show
from shop.storefront.moved import moved
from shop.storefront.reviews.listing import product_rating, rating_data
from shop.storefront.seo import breadcrumbs_data
from shop.storefront.speaking import say as _
from shop.tenancy.currencies import current_pricing
from shop.tenancy.profile import Profile, current_profile
from shop.tenancy.return_rules import is_personalised, return_rules_of
from shop.words import mark

RELATED = 4
SPARE = 4  # some may be sold out, or there already


@dataclass(slots=True)
class ShownProduct:
    """A product as its template reads it."""

    id: int
    slug: str
    title: str
    type: str
    brand: str
    description_html: str
    images: list[dict[str, Any]]
    options: list[ShownOption]
    variants: list[dict[str, Any]]
    price_text: str
    compare_text: str | None
    from_price: bool
    selected_variant: Mapping[str, Any] | None
    in_stock: bool
    delivery_text: str | None
    details: list[dict[str, str]]
    size_guide: dict[str, Any] | None
    breadcrumbs: list[dict[str, str]]
    gpsr_html: str | None
    lowest_text: str | None = None
    rating: Rating | None = None
    safety: dict[str, str] | None = None
    is_personalised: bool = False


@dataclass(slots=True)
class Recommended:
    """`is_counted`: all of these were bought together with the product, and none was put there by a person."""

    cards: list[Card]
    is_counted: bool


def product_page(slug: str) -> Response | BaseResponse:
    """GET /products/<slug>, with ?variant=<id> or ?option.<key>=<value id>: chosen here, so it works without a script.

    One statement for the product, at most one for the recommended cards.
    """
    document = find_document(slug)
    if document is None:
        elsewhere = moved(PRODUCT, slug, "/products")
        if elsewhere is not None:
            return elsewhere
        raise NotFound(mark("This product is not in the shop any more."))
    profile, pricing = current_profile(), current_pricing()
    if not pricing.is_base or page_locale() != profile.locale:
        document = document_in(document, pricing, page_locale(), current_shelves().words)
    index = current_index()
    product = shown_product(document, request.args, profile, index)
    picture = product.images[0]["full"] if product.images else None
    address = f"/products/{slug}"
    return show(
        "storefront/product.html",
        shared=not request.args,
        product=product,
        recommended=recommended(index, document),
        page_title=document["seo_title"] or document["title"],
        page_description=document["seo_description"],
        page_image=absolute(picture, public_url()) if picture else None,
        canonical_url=public_url(address),
        jsonld=breadcrumbs_data(
            [(step["title"], step["url"]) for step in product.breadcrumbs[1:-1]] + [(document["title"], address)],
            product_group(
                document,
                public_url(),
                pricing.code,
                public_url(address),
                rating_data(product.rating),
                is_base=pricing.is_base,
            ),
        ),
    )


def shown_product(
    document: Mapping[str, Any], choices: Mapping[str, str], profile: Profile, index: CatalogIndex
) -> ShownProduct:
    """Texts, prices and pickers for what is chosen so far."""
    chosen, variant = choose(document, choices)
    currency = current_pricing().code
    price_text, compare_text, from_price = document["price_text"], document["compare_text"], document["from_price"]
    if variant is not None:
        price_text = format_minor(variant["price_minor"], currency, page_locale())
        compare_text, from_price = was_text(variant, currency, page_locale()), False
    delivery = delivery_text(document, profile)
    return ShownProduct(
        id=document["id"],
        slug=document["slug"],
        title=document["title"],
        type=document["type"],
        brand=document["brand"],
        description_html=document["description_html"],
        images=document["images"],
        options=options_shown(document, chosen),
        variants=variants_shown(document, currency, page_locale(), current_pricing()),
        price_text=price_text,
        compare_text=compare_text,
        from_price=from_price,
        selected_variant=variant,
        in_stock=document["in_stock"] if variant is None else variant["available"],
        delivery_text=delivery,
        details=_details(delivery),
        size_guide=guide_for(document, index),
        breadcrumbs=_trail(document, index),
        gpsr_html=document["gpsr_html"],
        lowest_text=_lowest_text(document, variant),
        rating=product_rating(document),
        safety=shown_safety(document, profile.eu),
        is_personalised=is_personalised(document.get("personalised"), return_rules_of(profile.returning)),
    )


def _lowest_text(document: Mapping[str, Any], variant: Mapping[str, Any] | None) -> str | None:
    """Beside the reduction that is shown: of what is chosen, else of the cheapest that can be bought."""
    if variant is None and document["compare_text"]:
        on_sale = [v for v in document["variants"] if v["available"]] or document["variants"]
        variant = min(on_sale, key=lambda v: v["price_minor"], default=None)
    return lowest_text(variant, current_pricing(), page_locale()) if variant is not None else None


def delivery_text(document: Mapping[str, Any], profile: Profile) -> str | None:
    """ "Delivered in 3–8 business days": printing and the way to the store's country; None when unknown."""
    low, high = delivery_days(document.get("days"), profile.shipping_fallback, profile.country)
    if not high:
        return None
    if low in (0, high):
        return str(_("Delivered in about %(days)s business days", days=high))
    return str(_("Delivered in %(low)s–%(high)s business days", low=low, high=high))


def recommended(index: CatalogIndex, document: Mapping[str, Any]) -> Recommended:
    """What a merchant pinned and what is bought together; where that is not enough, others of the same kind. One
    statement at most, none of it sold out."""
    pinned, out = document.get("goes_with") or [], document.get("goes_not_with") or []
    mine = in_order(pinned, document.get("bought_with") or [], [*out, document["id"]])
    others = [i for i in _related_ids(index, document) if i not in mine and i not in out]
    cards = [card for card in cards_of([*mine[:MOST], *others]) if not card.sold_out][:RELATED]
    counted = set(mine) - set(pinned)
    return Recommended(cards, bool(cards) and all(card.id in counted for card in cards))


def _related_ids(index: CatalogIndex, document: Mapping[str, Any]) -> list[int]:
    """Others of the same kind and collection first; who comes first differs from product to product."""
    me = document["id"]
    at = index.mask_of([me])
    type_ = document.get("type_key", document["type"])
    kind = index.values["type"].get(slug_of(type_)) if type_ else None
    mine = [v.bits for v in index.values["collection"].values() if v.bits & at]
    near = 0
    for bits in mine:
        near |= bits
    for mask in ((near & kind.bits) if kind else 0, near, kind.bits if kind else 0, index.all):
        others = mask & ~at
        if others.bit_count() >= RELATED:
            ids = index.page(others, "featured", 0, 6 * RELATED)
            start = me % len(ids)
            return (ids[start:] + ids[:start])[: RELATED + SPARE]
    return list(index.page(index.all & ~at, "featured", 0, RELATED + SPARE))


def _trail(document: Mapping[str, Any], index: CatalogIndex) -> list[dict[str, str]]:
    at = index.mask_of([document["id"]])
    trail = [{"title": str(_("Home")), "url": "/"}]
    for collection in current_shelves().collections.values():
        known = index.values["collection"].get(collection.slug)
        if known and known.bits & at:
            trail.append({"title": collection.title, "url": collection.url})
            break
    return [*trail, {"title": document["title"], "url": ""}]


def _details(delivery: str | None) -> list[dict[str, str]]:
    pages = current_content().pages(page_locale())
    more = {"shipping": _("How we ship"), "returns": _("Returns and exchanges")}
    links = " · ".join(f'<a href="{pages[slug].url}">{name}</a>' for slug, name in more.items() if slug in pages)
    text = _("Your order goes to print within a day or two. You get a tracking link as soon as it leaves the press.")
    first = f"<p>{delivery}. {text}</p>" if delivery else f"<p>{text}</p>"
    return [{"title": str(_("Delivery and returns")), "html": first + (f"<p>{links}</p>" if links else "")}]
