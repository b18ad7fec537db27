"""What a card and a gallery need of a product: pure, from rows to plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shop.catalog.fixed_prices import fixed_spans
from shop.catalog.words import slug_of
from shop.core.money import format_minor

MAX_SWATCHES = 5
CARD_WIDTH = 640  # pixels; a card is never drawn wider, times two for dense screens
PAGE_WIDTH = 1000

#: separators inside the facets text of a card: option | value | hex
GROUP, VALUE, HEX = "\x1d", "\x1f", "\x1e"


def picture_from(image: Mapping[str, Any], media_url: str, max_width: int = 0) -> dict[str, Any] | None:
    """One stored picture as templates read it; None while it is not stored yet.

    `image` has alt, width, height, colour, renditions {"avif": [[320, key], …], "webp": […], "jpeg": […]}.
    `max_width` leaves out renditions that would never be shown.
    """
    renditions: Mapping[str, Any] = image["renditions"] or {}
    webp = _fitting(renditions.get("webp"), max_width)
    avif = _fitting(renditions.get("avif"), max_width)
    jpeg = _fitting(renditions.get("jpeg"), 0)
    base = webp or jpeg or avif
    if not image["width"] or not base:
        return None
    shown = _nearest(base, max_width or PAGE_WIDTH)
    whole = (jpeg or base)[-1]
    return {
        "alt": image["alt"],
        "width": image["width"],
        "height": image["height"],
        "colour": image["colour"],
        "src": f"{media_url}/{shown[1]}",
        "srcset_avif": _srcset(avif, media_url),
        "srcset_webp": _srcset(webp, media_url),
        "full": f"{media_url}/{whole[1]}",
    }


def _fitting(sizes: Any, max_width: int) -> list[tuple[int, str]]:
    known = sorted((int(width), str(key)) for width, key in sizes or ())
    if not max_width:
        return known
    return [s for s in known if s[0] <= max_width] or known[:1]


def _nearest(sizes: Sequence[tuple[int, str]], width: int) -> tuple[int, str]:
    """The largest that is not wider than `width`."""
    return ([s for s in sizes if s[0] <= width] or list(sizes[:1]))[-1]


def _srcset(sizes: Iterable[tuple[int, str]], media_url: str) -> str:
    return ", ".join(f"{media_url}/{key} {width}w" for width, key in sizes)


def value_ids_in_use(variants: Iterable[Any]) -> set[int]:
    """Option values that some variant has; Printify also lists values nobody can choose."""
    return {value for variant in variants for value in variant.option_value_ids}


def card_of(
    product: Any, variants: Sequence[Any], images: Sequence[Any], currency: str, locale: str, media_url: str
) -> dict[str, Any]:
    """The card: texts are ready, so a list formats nothing. Prices are minor units."""
    pictures = [p for p in (picture_from(i._mapping, media_url, CARD_WIDTH) for i in images[:2]) if p]
    sold = [v for v in variants if v.is_available]
    priced = sold or list(variants)
    cheapest = min(priced, key=lambda v: v.price_minor, default=None)
    low = cheapest.price_minor if cheapest else 0
    high = max((v.price_minor for v in priced), default=0)
    was = cheapest.compare_at_minor if cheapest else None
    colours = colours_of(product.options, sold or variants)
    return {
        "id": product.id,
        "slug": product.slug,
        "url": f"/products/{product.slug}",
        "title": product.title,
        "type": product.product_type,
        "price_minor": low,
        "price_max_minor": high,
        "currency": currency,
        "price_text": format_minor(low, currency, locale),
        "compare_text": format_minor(was, currency, locale) if was and was > low else None,
        "from_price": high > low,
        **_lowest(cheapest, currency, locale),
        "was_minor": was or 0,
        "fixed": fixed_spans(priced),
        "image": pictures[0] if pictures else None,
        "image2": pictures[1] if len(pictures) > 1 else None,
        "swatches": [{"title": title, "hex": hex_} for title, hex_ in colours[:MAX_SWATCHES] if hex_],
        "more_colours": max(0, len(colours) - MAX_SWATCHES),
        "sold_out": not sold,
        "facets": facets_text(product.options, sold),
    }


def _lowest(cheapest: Any, currency: str, locale: str) -> dict[str, Any]:
    """The lowest price of the 30 days before, where a reduction is shown: ready, and for other currencies."""
    if cheapest is None or (cheapest.compare_at_minor or 0) <= cheapest.price_minor:
        return {}
    found = getattr(cheapest, "lowest", None) or {}
    text = format_minor(found.get(currency, cheapest.price_minor), currency, locale)
    return {"lowest": found, "lowest_text": text}


def colours_of(options: Iterable[Mapping[str, Any]], variants: Iterable[Any]) -> list[tuple[str, str]]:
    """(title, hex) of the colours these variants come in, in the product's order."""
    used = value_ids_in_use(variants)
    for option in options:
        if option.get("kind") == "color":
            return [(v["title"], v.get("hex") or "") for v in option["values"] if v["id"] in used]
    return []


def facets_text(options: Iterable[Mapping[str, Any]], variants: Sequence[Any]) -> str:
    """Colours and sizes that can be bought, packed: many products share one text, and the index reads each once."""
    used = value_ids_in_use(variants)
    colours: list[str] = []
    sizes: list[str] = []
    for option in options:
        values = [v for v in option["values"] if v["id"] in used]
        if option.get("kind") == "color":
            colours += [_unpacked(v["title"]) + HEX + (v.get("hex") or "") for v in values]
        elif option.get("kind") == "size":
            sizes += [_unpacked(v["title"]) for v in values]
    return VALUE.join(colours) + GROUP + VALUE.join(sizes)


def _unpacked(title: str) -> str:
    return "".join(c for c in title if c.isprintable())


def option_key(option: Mapping[str, Any], position: int) -> str:
    """The option's name in a form and an address: its own key, else its place."""
    return slug_of(option.get("key") or "") if option.get("key") else f"option{position + 1}"
