"""Their words for money, time and weight, and ours (contracts/unified-model.md §1). Pure."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from shop.core.money import exponent

GRAMS = {
    "kg": Decimal(1000), "g": Decimal(1), "lbs": Decimal("453.59237"), "oz": Decimal("28.349523125"),
    "t": Decimal(1_000_000),
}  # fmt: skip
_LARGEST = Decimal(10) ** 12
_NET_PLACES = Decimal("0.000001")


class Odd(ValueError):
    """A value that does not fit: the record is parked with this sentence."""


@dataclass(frozen=True)
class Terms:
    """How this shop tells prices and weights. `tax_rate`: percent that is added to net prices, so that both sides speak
    of the same; None: told as they are."""

    currency: str
    weight_unit: str = "kg"
    taxes_included: bool | None = None
    tax_rate: Decimal | None = None

    @property
    def includes_tax(self) -> bool | None:
        return True if self.converts else self.taxes_included

    @property
    def converts(self) -> bool:
        return self.tax_rate is not None and self.taxes_included is False


def decimal_of(text: Any, what: str) -> Decimal:
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        raise Odd(f"{what} is no number: {str(text)[:40]!r}") from None
    if not value.is_finite() or abs(value) >= _LARGEST:
        raise Odd(f"{what} is out of range: {str(text)[:40]!r}")
    return value


def minor_of(text: Any, currency: str, what: str = "the amount") -> int:
    """ "24.90" → 2490; half up. Raises Odd."""
    return int(decimal_of(text or "0", what).scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def price_of(text: Any, terms: Terms, what: str = "the price") -> int:
    value = decimal_of(text, what)
    if value < 0:
        raise Odd(f"{what} is below zero: {str(text)[:40]!r}")
    if terms.converts and terms.tax_rate is not None:
        value *= 1 + terms.tax_rate / 100
    return minor_of(value, terms.currency, what)


def price_text(minor: int, terms: Terms) -> str:
    """2490 → "24.90"; as a net price with six decimals, so that the same comes back."""
    value = Decimal(minor).scaleb(-exponent(terms.currency))
    if terms.converts and terms.tax_rate is not None:
        return str((value / (1 + terms.tax_rate / 100)).quantize(_NET_PLACES, rounding=ROUND_HALF_UP))
    return f"{value:f}"


def amount_text(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def grams_of(text: Any, unit: str) -> int | None:
    if text in (None, ""):
        return None
    return int((decimal_of(text, "the weight") * GRAMS.get(unit, GRAMS["kg"])).quantize(Decimal(1), ROUND_HALF_UP))


def weight_text(grams: int | None, unit: str) -> str:
    """180 → "0.18" where they weigh in kg; "" for none."""
    if grams is None:
        return ""
    value = (Decimal(grams) / GRAMS.get(unit, GRAMS["kg"])).quantize(Decimal("0.000001")).normalize()
    return f"{value:f}"


def time_of(raw: Mapping[str, Any], name: str) -> datetime | None:
    """Of the `_gmt` twin, which carries no Z (§2); None when there is none."""
    text = raw.get(f"{name}_gmt")
    if not text:
        return None
    try:
        told = datetime.fromisoformat(str(text))
    except ValueError:
        raise Odd(f"{name} is no time: {str(text)[:40]!r}") from None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


def text_of(raw: Mapping[str, Any], name: str) -> str:
    """Names are stored with entities: "Tom &amp; Jerry"."""
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise Odd(f"{name} is no text")
    return html.unescape(str(value))


def list_of(raw: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Odd(f"{name} is no list")
    return [entry for entry in value if isinstance(entry, dict)]


def id_of(raw: Any) -> str:
    """Raises Odd for anything without a number."""
    value = raw.get("id") if isinstance(raw, dict) else None
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise Odd("it has no id")
    return str(value)


def meta_of(raw: Mapping[str, Any], key: str) -> str:
    for entry in list_of(raw, "meta_data"):
        if entry.get("key") == key:
            return str(entry.get("value") or "")
    return ""


def variant_key(product_id: int | str, variation_id: int | str) -> str:
    """ "501:502"; of a product without variations "501:0"."""
    return f"{product_id}:{variation_id or 0}"


def parts_of(variant_external_id: str) -> tuple[str, str]:
    """Product and variation ("0": none). Raises Odd."""
    product, _, variation = variant_external_id.partition(":")
    if not product.isdigit() or not (variation or "0").isdigit():
        raise Odd(f"no variant of WooCommerce: {variant_external_id[:40]!r}")
    return product, variation or "0"
