"""Brand colours: contrast is computed when they are saved, and the rest of the set is derived. Pure.

Ratios are those of WCAG 2.2 (1 to 21); 4.5 is what small text needs.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable

from shop.errors import InvalidInput

#: the storefront's paper and ink (static/css/tokens.css)
PAPER, SURFACE_SUNKEN, INK = "#faf8f3", "#f0ece2", "#1f1d19"
DARK_PAPER, DARK_SURFACE, DARK_INK = "#161512", "#292621", "#10231a"
ENOUGH = 4.5
_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


def read_colour(raw: str) -> str:
    """ "#1F5C4A", "1f5c4a" or "#abc" → "#1f5c4a". Raises InvalidInput (field "accent")."""
    found = _HEX.fullmatch(raw.strip())
    if found is None:
        raise InvalidInput(fields={"accent": "Write the colour as six hexadecimal digits, like #1f5c4a."})
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(c * 2 for c in digits))


def luminance(colour: str) -> float:
    def linear(part: int) -> float:
        c = part / 255
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    r, g, b = (linear(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(colour: str) -> str:
    """White or near-black: whichever reads better on `colour`."""
    return max(("#ffffff", INK), key=lambda ink: contrast(colour, ink))


def brand_colours(accent: str) -> dict[str, str]:
    """The whole set from one colour: {accent, accent_ink, accent_dark, accent_dark_ink}.

    Raises InvalidInput, with a colour that would do, when the accent cannot be read on paper, or text on it.
    """
    worst = min(contrast(accent, PAPER), contrast(accent, SURFACE_SUNKEN))
    if worst < ENOUGH:
        would_do = _darken(accent)
        raise InvalidInput(
            fields={
                "accent": f"{accent} is too pale to read on paper: its contrast is {worst:.1f}, at least {ENOUGH} is "
                f"needed. A darker one of the same hue that works: {would_do}."
            }
        )
    ink = ink_on(accent)
    if contrast(accent, ink) < ENOUGH:
        raise InvalidInput(fields={"accent": f"Neither white nor black text can be read on {accent}."})
    dark = _lighten(accent)
    return {"accent": accent, "accent_ink": ink, "accent_dark": dark, "accent_dark_ink": _dark_ink(dark)}


def _dark_ink(colour: str) -> str:
    return max((DARK_INK, DARK_PAPER, "#ffffff"), key=lambda ink: contrast(colour, ink))


def _darken(colour: str) -> str:
    """The same hue, as little darker as is enough."""
    return _walk(colour, -1, lambda c: min(contrast(c, PAPER), contrast(c, SURFACE_SUNKEN)) >= ENOUGH)


def _lighten(colour: str) -> str:
    """The same hue for the dark theme: readable on its paper and its surfaces, and not shrill."""
    return _walk(_calm(colour), 1, lambda c: min(contrast(c, DARK_PAPER), contrast(c, DARK_SURFACE)) >= 8)


def _calm(colour: str) -> str:
    hue, light, saturation = _hls(colour)
    return _hex(hue, light, min(saturation, 0.38))


def _walk(colour: str, direction: int, enough: Callable[[str], bool]) -> str:
    hue, light, saturation = _hls(colour)
    found = colour
    for _ in range(100):
        if enough(found):
            return found
        light = min(1.0, max(0.0, light + direction * 0.01))
        found = _hex(hue, light, saturation)
    return found


def _hls(colour: str) -> tuple[float, float, float]:
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return colorsys.rgb_to_hls(r, g, b)


def _hex(hue: float, light: float, saturation: float) -> str:
    r, g, b = colorsys.hls_to_rgb(hue, light, saturation)
    return "#" + "".join(f"{round(c * 255):02x}" for c in (r, g, b))
