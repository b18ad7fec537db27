"""The storefront's look with colours and type that are not saved: header, button, price and goods in a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request, url_for

from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import SECTIONS
from shop.catalog.index import current_index
from shop.catalog.shelf import cards_of
from shop.core.pages import render
from shop.errors import InvalidInput
from shop.guards import in_our_frames
from shop.tenancy.brand_style import style_of
from shop.tenancy.profile import current_profile

SHOWN = 4


@bp.get("/settings/brand/preview")
@staff_only()
def brand_preview_now() -> Response:
    """What is saved; for the frame before anything is typed."""
    return _frame(current_profile().brand or {}, {})


@bp.post("/settings/brand/preview")
@staff_only(May.SETTINGS)
def brand_preview() -> Response:
    """What was typed."""
    try:
        brand = SECTIONS["brand"].read(request.form, current_profile().currency)["brand"]
    except InvalidInput as error:
        return _frame(current_profile().brand or {}, error.fields, status=422)
    return _frame({**(current_profile().brand or {}), **brand}, {})


@bp.get("/settings/brand/preview.css")
@staff_only()
def brand_preview_css() -> Response:
    """?accent=&type=: the style sheet of these values; what is wrong is left out."""
    try:
        brand = SECTIONS["brand"].read(request.args, "")["brand"]
    except InvalidInput:
        brand = {}
    return Response(style_of(brand), mimetype="text/css")


def _frame(brand: Mapping[str, Any], errors: Mapping[str, str], status: int = 200) -> Response:
    index = current_index()
    css = url_for("admin.brand_preview_css", accent=brand.get("accent") or "", type=brand.get("type") or "")
    response = render(
        "admin/brand_preview.html",
        status=status,
        errors=errors,
        css_url=css if brand.get("accent") else "/brand.css",
        logo_url=brand.get("logo_url"),
        cards=cards_of(index.page(index.all, "newest", 0, SHOWN)),
    )
    response.headers["Content-Security-Policy"] = in_our_frames()
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
