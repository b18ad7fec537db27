"""The store's colours as one small style sheet, and its mark."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from flask import Response

from shop import page_cache
from shop.core.statics import STATIC
from shop.tenancy.profile import current_profile

_COLOUR = re.compile(r"^#[0-9a-fA-F]{6}$")
_FONTS = re.compile(r"^[A-Za-z0-9 ,'\"-]{1,200}$")
_PROPERTIES = (
    ("--brand-accent", "accent", _COLOUR),
    ("--brand-accent-ink", "accent_ink", _COLOUR),
    ("--brand-accent-dark", "accent_dark", _COLOUR),
    ("--brand-accent-dark-ink", "accent_dark_ink", _COLOUR),
    ("--brand-display", "display_font", _FONTS),
    ("--brand-text", "text_font", _FONTS),
)


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


def style_of(brand: Mapping[str, Any]) -> str:
    """The style sheet of a brand; values that are not what they should be are left out. The text upon an accent is
    chosen by contrast unless the brand names it."""
    values = dict(brand)
    for name in ("accent", "accent_dark"):
        if _COLOUR.match(str(values.get(name) or "")) and not values.get(f"{name}_ink"):
            values[f"{name}_ink"] = readable_on(str(values[name]))
    lines = [
        f"{prop}:{values[key]}" for prop, key, shape in _PROPERTIES if values.get(key) and shape.match(str(values[key]))
    ]
    return ":root{" + ";".join(lines) + "}\n"


def readable_on(colour: str) -> str:
    """Black or white, whichever stands out more (WCAG 2.2): readable_on("#23553f") -> "#ffffff"."""
    light = luminance(colour)
    return "#ffffff" if (1.05 / (light + 0.05)) >= ((light + 0.05) / 0.05) else "#000000"


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def brand_version(brand: Mapping[str, Any]) -> str:
    return hashlib.sha256(style_of(brand).encode()).hexdigest()[:8]
