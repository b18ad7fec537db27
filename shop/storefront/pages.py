"""The store's texts: about, shipping, returns, privacy, terms."""

from __future__ import annotations

from flask import Response

from shop.catalog.collections import current_shelves
from shop.catalog.words import plain_text
from shop.errors import NotFound
from shop.storefront.context import public_url, show
from shop.storefront.seo import breadcrumbs_data


def content_page(slug: str) -> Response:
    """GET /pages/<slug>"""
    page = current_shelves().pages.get(slug)
    if page is None:
        raise NotFound("This page does not exist.")
    return show(
        "storefront/page.html",
        title=page.title,
        html=page.html,
        page_title=page.title,
        page_description=plain_text(page.html, 155),
        canonical_url=public_url(page.url),
        jsonld=breadcrumbs_data([(page.title, page.url)]),
    )
