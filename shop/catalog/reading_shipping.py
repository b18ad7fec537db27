"""Printify's shipping payloads → rates. Pure and bounded (contracts/printify.md §5.2).

v2 tells each variant and country by method; v1 tells flat profiles of the standard method, used where v2 has none.
Days are the provider's handling time: the parcel's way comes on top.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

METHODS = ("standard", "priority", "express", "economy")
REST = "REST_OF_THE_WORLD"
MOST_MINOR = 10**7
MOST_ROWS = 200_000
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Rate(NamedTuple):
    """What it costs to send one item, and each further one. `variant_external_id` 0: every variant."""

    method: str
    country: str
    variant_external_id: int
    first_minor: int
    more_minor: int
    currency: str
    days_min: int
    days_max: int


def read_rates(payload: Mapping[str, Any]) -> list[Rate]:
    """{"v1": ShippingInfo | null, "v2": {method: [row, …]}} → compact rates. What cannot be read is left out."""
    told = payload.get("v2")
    by_method: dict[str, Any] = told if isinstance(told, dict) else {}
    rates = [rate for method in METHODS for rate in _from_v2(method, by_method.get(method))]
    if not any(rate.method == "standard" for rate in rates):
        rates += _from_v1(payload.get("v1"))
    return compact(rates)


def compact(rates: Iterable[Rate]) -> list[Rate]:
    """One row for a method and country where every variant costs the same; else one for each variant."""
    groups: dict[tuple[str, str], dict[int, Rate]] = defaultdict(dict)
    for rate in rates:
        groups[rate.method, rate.country].setdefault(rate.variant_external_id, rate)
    variants = {rate.variant_external_id for group in groups.values() for rate in group.values()}
    found: list[Rate] = []
    for group in groups.values():
        alike = {rate._replace(variant_external_id=0) for rate in group.values()}
        found += alike if len(alike) == 1 and len(group) == len(variants) else group.values()
    return sorted(found)


def _from_v2(method: str, rows: Any) -> Iterable[Rate]:
    if not isinstance(rows, list):
        return
    for row in rows[:MOST_ROWS]:
        told = row.get("attributes") if isinstance(row, dict) else None
        if not isinstance(told, dict):
            continue
        country, price, days = (_part(told, name) for name in ("country", "shippingCost", "handlingTime"))
        first, more = _cost(price.get("firstItem"), "amount"), _cost(price.get("additionalItems"), "amount")
        variant = told.get("variantId")
        code = _country(country.get("code"))
        if code and first and more and type(variant) is int and 0 < variant < 2**63:
            low, high = _days(days.get("from")), _days(days.get("to"))
            yield Rate(method, code, variant, first[0], more[0], first[1], min(low, high), max(low, high))


def _from_v1(told: Any) -> Iterable[Rate]:
    if not isinstance(told, dict) or not isinstance(told.get("profiles"), list):
        return
    handling = told.get("handling_time")
    days = _days(handling.get("value")) if isinstance(handling, dict) else 0
    for profile in told["profiles"][:1000]:
        if not isinstance(profile, dict):
            continue
        first, more = _cost(profile.get("first_item"), "cost"), _cost(profile.get("additional_items"), "cost")
        ids, countries = profile.get("variant_ids"), profile.get("countries")
        if not first or not more or not isinstance(ids, list) or not isinstance(countries, list):
            continue
        for country in filter(None, map(_country, countries)):
            for variant in ids:
                if type(variant) is int and 0 < variant < 2**63:
                    yield Rate("standard", country, variant, first[0], more[0], first[1], days, days)


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _cost(told: Any, name: str) -> tuple[int, str] | None:
    if not isinstance(told, dict):
        return None
    amount, currency = told.get(name), told.get("currency")
    if type(amount) is not int or not 0 <= amount <= MOST_MINOR:
        return None
    return (amount, currency) if isinstance(currency, str) and _CURRENCY.fullmatch(currency) else None


def _country(told: Any) -> str | None:
    return told if isinstance(told, str) and (told == REST or _COUNTRY.fullmatch(told)) else None


def _days(told: Any) -> int:
    return told if type(told) is int and 0 <= told <= 365 else 0
