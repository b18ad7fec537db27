"""What sending a cart costs, by destination and quantity. Pure, given the rates.

Printify's rule: each print provider sends its own parcel; inside one parcel the dearest first item counts once and
everything else at its "additional item" price. Where Printify has no price, the store's fallback table speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.cart.pricing import PricedLine
from shop.catalog.models import ShippingRate
from shop.catalog.transit import delivery_days, table_row
from shop.words import mark

ELSEWHERE = "REST_OF_THE_WORLD"
METHODS = ("economy", "standard", "priority", "express")
LABELS = {
    "economy": mark("Economy"),
    "standard": mark("Standard"),
    "priority": mark("Priority"),
    "express": mark("Express"),
}


@dataclass(frozen=True)
class Rate:
    blueprint_id: int
    print_provider_id: int
    method: str
    country: str
    variant_external_id: int
    first_minor: int
    more_minor: int
    days_min: int
    days_max: int


@dataclass(frozen=True)
class ShippingQuote:
    method: str
    label: str
    minor: int
    days_min: int
    days_max: int
    is_free: bool = False


#: nothing is sent: the buyer takes everything away
HANDED_OVER = ShippingQuote("handed", "Handed over", 0, 0, 0)


def read_rates(session: Session, lines: Sequence[PricedLine], country: str, currency: str) -> list[Rate]:
    """Every rate that may apply to these lines; one statement."""
    blueprints = {line.blueprint_id for line in lines}
    if not blueprints:
        return []
    rows = session.execute(
        select(
            ShippingRate.blueprint_id,
            ShippingRate.print_provider_id,
            ShippingRate.method,
            ShippingRate.country,
            ShippingRate.variant_external_id,
            ShippingRate.first_minor,
            ShippingRate.more_minor,
            ShippingRate.days_min,
            ShippingRate.days_max,
        ).where(
            ShippingRate.blueprint_id.in_(blueprints),
            ShippingRate.country.in_([country, ELSEWHERE]),
            ShippingRate.currency == currency,
        )
    )
    return [Rate(*row) for row in rows]


def without_covered(rates: Sequence[Rate], zones: Sequence[Mapping[str, Any]], country: str) -> list[Rate]:
    """The rates without those of standard shipping, where one of the merchant's zones covers the country: then the zone
    says what standard costs, and Printify what is faster."""
    if table_row(zones, country) is None:
        return list(rates)
    return [rate for rate in rates if rate.method != "standard"]


def quote_shipping(
    lines: Sequence[PricedLine],
    rates: Sequence[Rate],
    fallback: Sequence[Mapping[str, Any]],
    country: str,
    *,
    free_from_minor: int = 0,
) -> list[ShippingQuote]:
    """Every method that can carry the whole cart, cheapest first. Empty when nothing can be sent there.

    Standard is free from `free_from_minor` of goods (0: never).
    """
    if not lines:
        return []
    best: dict[tuple[int, int, str, int], Rate] = {}
    for rate in sorted(rates, key=lambda r: r.country == country):  # the country's own rate wins over "elsewhere"
        best[rate.blueprint_id, rate.print_provider_id, rate.method, rate.variant_external_id] = rate
    quotes = []
    subtotal = sum(line.total_minor for line in lines)
    for method in METHODS:
        found = _price_method(lines, best, fallback, country, method)
        if found is None:
            continue
        minor, days_min, days_max = found
        free = method == "standard" and 0 < free_from_minor <= subtotal
        quotes.append(ShippingQuote(method, LABELS[method], 0 if free else minor, days_min, days_max, free))
    return sorted(quotes, key=lambda q: (q.minor, q.days_max))


def _price_method(
    lines: Sequence[PricedLine],
    rates: dict[tuple[int, int, str, int], Rate],
    fallback: Sequence[Mapping[str, Any]],
    country: str,
    method: str,
) -> tuple[int, int, int] | None:
    parcels: dict[int, list[tuple[int, int, int]]] = {}
    days = (0, 0)
    for line in lines:
        key = (line.blueprint_id, line.print_provider_id, method)
        rate = rates.get((*key, line.variant_external_id)) or rates.get((*key, 0))
        if rate is not None:
            first, more, low, high = rate.first_minor, rate.more_minor, rate.days_min, rate.days_max
        else:
            row = table_row(fallback, country) if method == "standard" else None
            if row is None:
                return None
            first, more = int(row["first_minor"]), int(row["more_minor"])
            low, high = 0, 0
        parcels.setdefault(line.print_provider_id, []).append((first, more, line.quantity))
        days = (max(days[0], low), max(days[1], high))
    total = 0
    for items in parcels.values():
        total += sum(more * quantity for _, more, quantity in items)
        total += max(first - more for first, more, _ in items)  # one item of the parcel pays the first price
    return max(0, total), *delivery_days(days, fallback, country, method)
