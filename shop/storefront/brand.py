"""The store's colours as one small style sheet, and its mark."""

from __future__ import annotations

from flask import Response

from shop import page_cache
from shop.core.statics import STATIC
from shop.tenancy.brand_style import style_of
from shop.tenancy.profile import current_profile


def brand_css() -> Response:
    """GET /brand.css: custom properties alone; the rest of the look reads them."""
    page_cache.allow()
    response = Response(style_of(current_profile().brand or {}), mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def favicon() -> Response:
    """GET /favicon.svg and /favicon.ico"""
    page_cache.allow()
    response = Response((STATIC / "img" / "icon.svg").read_bytes(), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=86400"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
