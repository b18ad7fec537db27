"""What machines read: sitemap.xml, robots.txt, the manifest, schema.org data beside a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

import orjson
from flask import Response

from shop import page_cache
from shop.catalog.collections import current_shelves
from shop.catalog.index import current_index
from shop.catalog.reading import read
from shop.catalog.structured import script_safe
from shop.content.showing import current_content
from shop.core.languages import path_in
from shop.errors import NotFound
from shop.storefront.context import page_locale, public_url
from shop.storefront.languages import alternates
from shop.tenancy.languages import store_languages
from shop.tenancy.profile import current_profile

PER_SITEMAP = 5000  # the protocol allows 50,000; smaller files stay light to make and to keep

_PRODUCTS = """
SELECT slug, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM products
 WHERE status = 'active' AND id BETWEEN %(first)s AND %(last)s ORDER BY id"""
_CLOSED = ("/cart", "/checkout", "/orders", "/admin", "/api", "/account")


def sitemap() -> Response:
    """GET /sitemap.xml: everything in one file, or a list of files when there are too many products."""
    index = current_index()
    if index.size > PER_SITEMAP:
        files = ["/sitemap-pages.xml"] + [f"/sitemap-{n}.xml" for n in range(1, -(-index.size // PER_SITEMAP) + 1)]
        body = "".join(f"<sitemap><loc>{escape(public_url(f))}</loc></sitemap>" for f in files)
        return _xml(f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{body}</sitemapindex>')
    return _urlset([*_pages(), *_products(1)])


def sitemap_part(name: str) -> Response:
    """GET /sitemap-<pages or number>.xml"""
    if name == "pages":
        return _urlset(_pages())
    if not (name.isascii() and name.isdigit() and len(name) <= 6):
        raise NotFound
    entries = list(_products(int(name)))
    if not entries:
        raise NotFound
    return _urlset(entries)


def robots() -> Response:
    """GET /robots.txt"""
    page_cache.allow()
    known = store_languages()
    closed = dict.fromkeys(path_in(path, code, known[0]) for code in known for path in _CLOSED)
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), "", f"Sitemap: {public_url('/sitemap.xml')}"]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


def manifest() -> Response:
    """GET /manifest.webmanifest"""
    page_cache.allow()
    name = current_profile().name
    facts = {
        "name": name,
        "short_name": name[:24],
        "start_url": "/",
        "display": "browser",
        "icons": [{"src": "/favicon.svg", "sizes": "any", "type": "image/svg+xml"}],
    }
    return Response(orjson.dumps(facts), mimetype="application/manifest+json")


def breadcrumbs_data(trail: Sequence[tuple[str, str]], *more: str) -> str:
    """BreadcrumbList from the home page on, with other ready JSON texts beside it."""
    steps = [(current_profile().name, "/"), *trail]
    crumbs: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": n, "name": name, "item": public_url(url)}
            for n, (name, url) in enumerate(steps, 1)
        ],
    }
    texts = [script_safe(crumbs), *more]
    return texts[0] if len(texts) == 1 else "[" + ",".join(texts) + "]"


def organization_data() -> str:
    """Organization and WebSite with its search, for the home page."""
    profile = current_profile()
    home = public_url("/")
    organization: dict[str, Any] = {"@type": "Organization", "@id": f"{home}#store", "name": profile.name, "url": home}
    if profile.support_email:
        organization["email"] = profile.support_email
    if profile.legal_name:
        organization["legalName"] = profile.legal_name
    logo = (profile.brand or {}).get("logo_url")
    if logo:
        organization["logo"] = logo if logo.startswith("http") else public_url(logo)
    site = {
        "@type": "WebSite",
        "url": home,
        "name": profile.name,
        "publisher": {"@id": f"{home}#store"},
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": public_url("/search?q={search_term_string}")},
            "query-input": "required name=search_term_string",
        },
    }
    return script_safe({"@context": "https://schema.org", "@graph": [organization, site]})


def _pages() -> Iterable[tuple[str, str]]:
    shelves = current_shelves()
    yield "/", ""
    yield "/collections", ""
    for collection in shelves.collections.values():
        yield collection.url, ""
    for page in current_content().pages(page_locale()).values():
        yield page.url, ""


def _products(part: int) -> Iterable[tuple[str, str]]:
    ids = current_index().ids[(part - 1) * PER_SITEMAP : part * PER_SITEMAP]
    if not ids:
        return []
    return [(f"/products/{slug}", changed) for slug, changed in read(_PRODUCTS, {"first": ids[0], "last": ids[-1]})]


def _urlset(entries: Iterable[tuple[str, str]]) -> Response:
    """Each page once for each language, with its other languages beside it."""
    base, known = public_url(), store_languages()
    space = ' xmlns:xhtml="http://www.w3.org/1999/xhtml"' if len(known) > 1 else ""
    parts = [f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"{space}>']
    for path, changed in entries:
        when = f"<lastmod>{changed}</lastmod>" if changed else ""
        others = "".join(
            f'<xhtml:link rel="alternate" hreflang="{code}" href="{escape(url)}"/>'
            for code, url in alternates(base + path)
        )
        for code in known:
            parts.append(f"<url><loc>{escape(base + path_in(path, code, known[0]))}</loc>{when}{others}</url>")
    return _xml("\n".join([*parts, "</urlset>"]))


def _xml(body: str) -> Response:
    page_cache.allow()
    return Response('<?xml version="1.0" encoding="UTF-8"?>\n' + body, mimetype="application/xml")
