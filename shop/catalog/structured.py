"""schema.org data of a product (ProductGroup with its variants), as text that may stand inside a script element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from shop.catalog.words import plain_text
from shop.core.money import Money

MAX_VARIANTS = 150
_VARIES = {"color": "https://schema.org/color", "size": "https://schema.org/size"}


def script_safe(data: object) -> str:
    """JSON that cannot end the script element it stands in."""
    text = orjson.dumps(data).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def absolute(url: str, base: str) -> str:
    """An address as the outside needs it; `base` is the shop's public address without a last slash."""
    return url if url.startswith(("http://", "https://")) else base + url


def product_group(
    document: Mapping[str, Any],
    base: str,
    currency: str,
    page: str = "",
    more: Mapping[str, Any] | None = None,
    *,
    is_base: bool = True,
) -> str:
    """ProductGroup with hasVariant; the offers carry price, availability and their own address. `page`: the product's
    page in the language of its texts; `more` of the group: its rating and reviews; not `is_base`: the addresses of the
    offers name the currency."""
    url = page or f"{base}/products/{document['slug']}"
    images = [absolute(i["full"], base) for i in document["images"]]
    group: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "ProductGroup",
        "@id": url,
        "url": url,
        "name": document["title"],
        "description": plain_text(document["description_html"], 2000) or document["title"],
        "productGroupID": str(document["id"]),
        "category": document["type"],
    }
    group.update(more or {})
    if images:
        group["image"] = images[:6]
    if document["brand"]:
        group["brand"] = {"@type": "Brand", "name": document["brand"]}
    varies = [_VARIES[o["kind"]] for o in document["options"] if o["kind"] in _VARIES]
    if varies:
        group["variesBy"] = varies
    titles = {v["id"]: (o["kind"], v["title"]) for o in document["options"] for v in o["values"]}
    suffix = "" if is_base else f"&currency={currency}"
    group["hasVariant"] = [
        _variant(v, document["title"], url, images, titles, currency, suffix)
        for v in document["variants"][:MAX_VARIANTS]
    ]
    return script_safe(group)


def _variant(
    variant: Mapping[str, Any],
    title: str,
    url: str,
    images: Sequence[str],
    titles: Mapping[int, tuple[str, str]],
    currency: str,
    suffix: str = "",
) -> dict[str, Any]:
    chosen = [titles[value] for value in variant["options"] if value in titles]
    found: dict[str, Any] = {
        "@type": "Product",
        "sku": str(variant["id"]),
        "name": " – ".join([title, *(text for _, text in chosen)]),
        "offers": {
            "@type": "Offer",
            "url": f"{url}?variant={variant['id']}{suffix}",
            "price": str(Money(variant["price_minor"], currency).decimal),
            "priceCurrency": currency,
            "availability": "https://schema.org/" + ("InStock" if variant["available"] else "OutOfStock"),
            "itemCondition": "https://schema.org/NewCondition",
        },
    }
    for kind, text in chosen:
        if kind in ("color", "size"):
            found[kind] = text
    if images:
        at = variant["image"] or 0
        found["image"] = images[at] if at < len(images) else images[0]
    return found
