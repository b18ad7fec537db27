"""The store's texts: about, shipping, returns, privacy, terms."""

from __future__ import annotations

from flask import Response, redirect
from werkzeug.wrappers import Response as BaseResponse

from shop.catalog.words import plain_text
from shop.content.showing import ShownPage, current_content
from shop.errors import NotFound
from shop.storefront.context import page_locale, public_url, show
from shop.storefront.seo import breadcrumbs_data
from shop.words import mark


def content_page(slug: str) -> Response | BaseResponse:
    """GET /pages/<slug>; an address that a page once had leads to it."""
    content = current_content()
    page = content.pages(page_locale()).get(slug)
    if page is None:
        if slug in content.redirects:
            return redirect(f"/pages/{content.redirects[slug]}", 301)
        raise NotFound(mark("This page does not exist."))
    return show_page(page)


def show_page(page: ShownPage) -> Response:
    return show(
        "storefront/page.html",
        title=page.title,
        html=page.html,
        page_title=page.seo_title or page.title,
        page_description=page.seo_description or plain_text(page.html, 155),
        canonical_url=public_url(page.url),
        jsonld=breadcrumbs_data([(page.title, page.url)]),
    )
