"""What a product's pages show of its reviews, and the page that shows all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from shop.catalog.addresses import PRODUCT
from shop.catalog.showing import find_document
from shop.core.paging import Page, page_number
from shop.core.settings import current_settings
from shop.errors import NotFound
from shop.reviews.reading import PER_PAGE, SORTS, Rating, ShownReview, list_shown, rating_of
from shop.storefront.context import public_url, show, shows_reviews
from shop.storefront.moved import moved


def product_rating(document: Mapping[str, Any]) -> Rating | None:
    """From the product's own document: no statement."""
    return rating_of(document.get("reviews"), _media_url()) if shows_reviews() else None


def rating_data(rating: Rating | None) -> dict[str, Any]:
    """schema.org data for the product's group, while there are reviews (developers.google.com, review snippets)."""
    if rating is None:
        return {}
    return {
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": rating.average,
            "reviewCount": rating.count,
            "bestRating": 5,
            "worstRating": 1,
        },
        "review": [_review_data(review) for review in rating.first],
    }


def _review_data(review: ShownReview) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "Review",
        "reviewRating": {"@type": "Rating", "ratingValue": review.rating, "bestRating": 5, "worstRating": 1},
        "author": {"@type": "Person", "name": review.name or str(_("Verified buyer"))},
        "datePublished": review.at.date().isoformat(),
        "reviewBody": review.body,
        "inLanguage": review.locale,
    }
    if review.title:
        found["name"] = review.title
    return found


def product_reviews(slug: str) -> Response | BaseResponse:
    """GET /products/<slug>/reviews?stars=&sort=&page=: kept as the product's own page is; htmx asks for more rows."""
    document = find_document(slug)
    if document is None:
        elsewhere = moved(PRODUCT, slug, "/products")
        if elsewhere is not None:
            return elsewhere
        raise NotFound("This product is not in the shop any more.")
    rating = product_rating(document)
    if rating is None:
        raise NotFound(_("Nobody has reviewed this product yet."))
    stars = request.args.get("stars", "")
    stars = stars if stars in ("1", "2", "3", "4", "5") else ""
    sort = request.args.get("sort", "") if request.args.get("sort") in SORTS else "new"
    total = next((many for n, many, _share in rating.rows if str(n) == stars), rating.count)
    found: Page[ShownReview] = Page([], total, page_number(request.args.get("page")), PER_PAGE)
    if found.page > found.pages:
        raise NotFound(_("There are not that many reviews."))
    rows = list_shown(
        document["id"], stars=int(stars or 0), sort=sort, page=found.page, media_url=_media_url()
    )
    return show(
        "storefront/reviews/all.html",
        fragment="rows",
        shared=not request.args,
        product=document,
        rating=rating,
        reviews=rows,
        found=found,
        only=stars,
        sort=sort,
        page_title=_("Reviews: %(title)s", title=document["title"]),
        canonical_url=public_url(f"/products/{slug}/reviews"),
    )


def _media_url() -> str:
    return current_settings().media_url.rstrip("/")
