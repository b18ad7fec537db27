"""The store's colours and type as one small style sheet: custom properties alone; the rest of the look reads them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TypePair:
    """A face for headings and one for text, from what devices carry: nothing is fetched."""

    name: str
    display: str
    text: str


_SANS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
#: the first is the look that the shop comes with (static/css/tokens.css)
TYPE_PAIRS: dict[str, TypePair] = {
    "": TypePair("Bookish: an old-style serif over a plain sans", "", ""),
    "plain": TypePair("Plain: one sans for everything", _SANS, _SANS),
    "humanist": TypePair(
        "Friendly: a humanist sans",
        "Seravek, 'Gill Sans Nova', Ubuntu, Calibri, 'DejaVu Sans', sans-serif",
        "Seravek, 'Gill Sans Nova', Ubuntu, Calibri, 'DejaVu Sans', sans-serif",
    ),
    "geometric": TypePair(
        "Modern: a geometric sans over a plain one", "Avenir, Montserrat, Corbel, 'URW Gothic', sans-serif", _SANS
    ),
    "slab": TypePair(
        "Printed: a slab serif over a plain sans", "Rockwell, 'Rockwell Nova', 'Roboto Slab', serif", _SANS
    ),
    "serif": TypePair(
        "Literary: serifs throughout",
        "Charter, 'Bitstream Charter', 'Sitka Text', Cambria, Georgia, serif",
        "Charter, 'Bitstream Charter', 'Sitka Text', Cambria, Georgia, serif",
    ),
    "typewriter": TypePair(
        "Workshop: a typewriter over a plain sans", "'Nimbus Mono PS', 'Courier New', 'Cutive Mono', monospace", _SANS
    ),
}

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


def fonts_of(key: str) -> dict[str, str]:
    """What a brand keeps of a pair: {type, display_font, text_font}. KeyError for an unknown one."""
    pair = TYPE_PAIRS[key]
    return {"type": key, "display_font": pair.display, "text_font": pair.text}


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
