"""What a product's fixed prices span, beside its prices by rate. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: of a product in one currency: [lowest, highest, before of the lowest] of its fixed prices, and the same of the
#: store's prices of all other variants, or None where each has a fixed one
Spans = Mapping[str, Sequence[Sequence[int] | None]]


def fixed_spans(variants: Sequence[Any]) -> dict[str, list[list[int] | None]]:
    """{"EUR": [fixed, other]} for each currency in which a variant has a fixed price; rows of variants."""
    codes = sorted({code for v in variants for code in v.fixed_prices})
    made: dict[str, list[list[int] | None]] = {}
    for code in codes:
        fixed = sorted(tuple(v.fixed_prices[code]) for v in variants if code in v.fixed_prices)
        rest = [(v.price_minor, v.compare_at_minor or 0) for v in variants if code not in v.fixed_prices]
        made[code] = [[fixed[0][0], fixed[-1][0], fixed[0][1]], _span(rest)]
    return made


def _span(prices: list[tuple[int, int]]) -> list[int] | None:
    if not prices:
        return None
    low, was = min(prices, key=lambda pair: pair[0])
    return [low, max(price for price, _ in prices), was]
