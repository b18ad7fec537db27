"""Their products in our words. Pure (contracts/shopify.md §3, §4; unified-model.md §2–§4).

A node that does not fit becomes an `Unreadable` with a story, never an exception for its page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from shop.channels.records import (
    ImageRecord,
    OptionRecord,
    ProductRecord,
    ProductStatus,
    Unreadable,
    VariantRecord,
)
from shop.core.money import exponent

Json = Mapping[str, Any]
MOST_MINOR = 10**12
MOST_TEXT = 600_000  # letters of a description; more is no description
_GRAMS = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}
_STATUS = {
    "ACTIVE": ProductStatus.ACTIVE,
    "UNLISTED": ProductStatus.ACTIVE,  # on sale for who knows the address
    "DRAFT": ProductStatus.DRAFT,
    "ARCHIVED": ProductStatus.ARCHIVED,
}
PLAIN = ("Title", "Default Title")


class Odd(ValueError):
    """It does not fit our mapping; says what and why."""


def read_product(node: Any, shop: Json) -> ProductRecord | Unreadable:
    """`shop`: {"currencyCode", "taxesIncluded"}. All variants must be in the node."""
    external_id = str(node.get("id") or "") if isinstance(node, Mapping) else ""
    try:
        return _product(node, shop)
    except (Odd, KeyError, TypeError, AttributeError, ValueError) as error:
        why = str(error) if isinstance(error, Odd) else f"it has not the shape of a product ({type(error).__name__})"
        return Unreadable(external_id, f"This product of Shopify cannot be read: {why}.", node)


def _product(node: Json, shop: Json) -> ProductRecord:
    currency = str(shop["currencyCode"])
    title, html = _text(node, "title"), _text(node, "descriptionHtml")
    if not title.strip():
        raise Odd("it has no title")
    if len(html) > MOST_TEXT:
        raise Odd(f"its description has {len(html):,} letters")
    media = _nodes(node["media"])
    pictures = [one for one in media if one.get("mediaContentType") == "IMAGE"]
    options = [one for one in node["options"] if not _is_plain(one)]
    status, is_published = str(node["status"]), bool(node.get("publishedAt"))
    unknown: dict[str, Any] = {}
    if status not in _STATUS or status == "UNLISTED":
        unknown["status"] = status
    if len(pictures) < len(media):
        unknown["media"] = [one for one in media if one not in pictures]
    found = _STATUS.get(status, ProductStatus.DRAFT)
    if found is ProductStatus.ACTIVE and not is_published:
        found = ProductStatus.DRAFT
    seo = node.get("seo") or {}
    return ProductRecord(
        title=title,
        currency=currency,
        variants=tuple(read_variant(one, currency) for one in _nodes(node["variants"])),
        external_id=str(node["id"]),
        description_html=html,
        slug=_text(node, "handle"),
        status=found,
        vendor=_text(node, "vendor"),
        kind="gift_card" if node.get("isGiftCard") else _text(node, "productType"),
        tags=tuple(str(tag) for tag in node.get("tags") or ()),
        options=tuple(_option(one, place) for place, one in enumerate(options)),
        images=read_images(pictures),
        seo_title=str(seo.get("title") or ""),
        seo_text=str(seo.get("description") or ""),
        includes_tax=bool(shop["taxesIncluded"]) if shop.get("taxesIncluded") is not None else None,
        updated_at=read_time(node.get("updatedAt")),
        unknown=unknown,
        raw=node,
    )


def read_variant(node: Json, currency: str) -> VariantRecord:
    """Raises Odd."""
    item = node.get("inventoryItem") or {}
    chosen = {str(one["name"]): str(one["value"]) for one in node["selectedOptions"]}
    if chosen == {PLAIN[0]: PLAIN[1]}:
        chosen = {}
    compare, cost = node.get("compareAtPrice"), (item.get("unitCost") or {}).get("amount")
    media = _nodes(node["media"]) if node.get("media") else []
    stock = node.get("inventoryQuantity")
    return VariantRecord(
        sku=str(node.get("sku") or ""),
        price_minor=read_minor(node["price"], currency),
        options=chosen,
        external_id=str(node["id"]),
        compare_at_minor=None if compare is None else read_minor(compare, currency),
        cost_minor=None if cost is None else read_minor(cost, str(item["unitCost"].get("currencyCode") or currency)),
        barcode=str(node.get("barcode") or ""),
        weight_grams=read_grams((item.get("measurement") or {}).get("weight")),
        stock=int(stock) if item.get("tracked") and stock is not None else None,
        image_external_id=str(media[0]["id"]) if media else "",
        facts={
            "inventory_item": str(item.get("id") or ""),
            "oversell": node.get("inventoryPolicy") == "CONTINUE",
            "requires_shipping": item.get("requiresShipping") is not False,
        },
    )


def read_images(pictures: Sequence[Json]) -> tuple[ImageRecord, ...]:
    """Those that are ready; what is still being processed comes with the next change."""
    ready = [one for one in pictures if (one.get("image") or {}).get("url")]
    return tuple(
        ImageRecord(str(one["image"]["url"]), str(one.get("alt") or ""), place, str(one["id"]), place == 0)
        for place, one in enumerate(ready)
    )


def _option(node: Json, place: int) -> OptionRecord:
    values = tuple(str(value["name"]) for value in node["optionValues"])
    return OptionRecord(str(node["name"]), values, place, str(node["id"]))


def _is_plain(option: Json) -> bool:
    """A product without options has one all the same."""
    names = [value["name"] for value in option["optionValues"]]
    return option["name"] == PLAIN[0] and names == [PLAIN[1]]


# -- the platform's small words


def read_minor(text: Any, currency: str) -> int:
    """A decimal text in minor units, half up: read_minor("24.90", "EUR") -> 2490. Raises Odd."""
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        raise Odd(f"{str(text)[:40]!r} is no amount") from None
    if not amount.is_finite():
        raise Odd(f"{str(text)[:40]!r} is no amount")
    minor = amount.scaleb(exponent(currency))
    if abs(minor) > MOST_MINOR:
        raise Odd(f"{str(text)[:40]!r} is too much")
    return int(minor.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def read_bag(bag: Json | None, currency: str) -> int:
    """`shopMoney` of a MoneyBag; 0 without one. Raises Odd for another currency than the order's."""
    if not bag:
        return 0
    money = bag["shopMoney"]
    if str(money["currencyCode"]) != currency:
        raise Odd(f"an amount is in {money['currencyCode']}, and the rest in {currency}")
    return read_minor(money["amount"], currency)


def read_grams(weight: Any) -> int | None:
    """{"value", "unit"} in whole grams, half up (0.4 lb -> 181); None where it is unknown."""
    if not isinstance(weight, Mapping) or weight.get("unit") not in _GRAMS:
        return None
    try:
        grams = Decimal(str(weight.get("value"))) * _GRAMS[weight["unit"]]
        return int(grams.quantize(Decimal(1), rounding=ROUND_HALF_UP)) or None
    except InvalidOperation:
        return None


def read_time(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    told = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)


def _text(node: Json, name: str) -> str:
    return str(node.get(name) or "").replace("\0", "")


def _nodes(connection: Json) -> list[Json]:
    return list(connection["nodes"])
