"""Taxes of a line: the caller's tax rates, or a small table in the place of Stripe Tax.

The table is an approximation for trying things out: one standard rate per country, state or province, no thresholds, no
reduced rates. It collects everywhere it knows a rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.stripe.book import Obj
from sandbox.stripe.money import rounded

_EUROPE = {
    "AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19", "DK": "25", "EE": "24", "ES": "21",
    "FI": "25.5", "FR": "20", "GR": "24", "HR": "25", "HU": "27", "IE": "23", "IT": "22", "LT": "21", "LU": "17",
    "LV": "21", "MT": "18", "NL": "21", "PL": "23", "PT": "23", "RO": "21", "SE": "25", "SI": "22", "SK": "23",
    "GB": "20", "CH": "8.1", "NO": "25", "IS": "24",
}  # fmt: skip
_ELSEWHERE = {"AU": ("10", "GST"), "NZ": ("15", "GST"), "JP": ("10", "JCT"), "SG": ("9", "GST"), "IN": ("18", "GST")}
_STATES = {
    "AL": "4", "AZ": "5.6", "AR": "6.5", "CA": "7.25", "CO": "2.9", "CT": "6.35", "FL": "6", "GA": "4", "HI": "4",
    "ID": "6", "IL": "6.25", "IN": "7", "IA": "6", "KS": "6.5", "KY": "6", "LA": "5", "ME": "5.5", "MD": "6",
    "MA": "6.25", "MI": "6", "MN": "6.875", "MS": "7", "MO": "4.225", "NE": "5.5", "NV": "6.85", "NJ": "6.625",
    "NM": "4.875", "NY": "4", "NC": "4.75", "ND": "5", "OH": "5.75", "OK": "4.5", "PA": "6", "RI": "7", "SC": "6",
    "SD": "4.2", "TN": "7", "TX": "6.25", "UT": "4.85", "VT": "6", "VA": "4.3", "WA": "6.5", "WV": "6", "WI": "5",
    "WY": "4", "DC": "6",
}  # fmt: skip
_PROVINCES = {
    "AB": "5", "BC": "12", "MB": "12", "NB": "15", "NL": "15", "NS": "14", "NT": "5", "NU": "5", "ON": "13", "PE": "15",
    "QC": "14.975", "SK": "11", "YT": "5",
}  # fmt: skip
NOT_TAXED = "txcd_00000000"


@dataclass(frozen=True, slots=True)
class Rate:
    """One tax on a line. ``shown`` is the tax_rate object of the answer."""

    percentage: Decimal
    inclusive: bool
    shown: Obj


def table_rate(address: Obj | None, inclusive: bool) -> Rate | None:
    """The automatic rate at an address; None where nothing is collected."""
    if not address or not address.get("country"):
        return None
    country = str(address["country"])
    state = str(address.get("state") or "").upper()
    percentage, name, kind, where = _look_up(country, state)
    if percentage is None:
        return None
    shown: dict[str, Any] = {
        "id": f"txr_sandbox_{where.lower().replace('-', '_')}_{'incl' if inclusive else 'excl'}",
        "object": "tax_rate",
        "active": False,
        "country": country,
        "created": 0,
        "description": None,
        "display_name": name,
        "effective_percentage": float(percentage),
        "flat_amount": None,
        "inclusive": inclusive,
        "jurisdiction": where,
        "jurisdiction_level": "state" if "-" in where else "country",
        "livemode": False,
        "metadata": {},
        "percentage": float(percentage),
        "rate_type": "percentage",
        "state": where.partition("-")[2] or None,
        "tax_type": kind,
    }
    return Rate(Decimal(percentage), inclusive, shown)


def given_rate(tax_rate: Obj) -> Rate:
    """A tax rate the caller made."""
    return Rate(Decimal(str(tax_rate["percentage"])), bool(tax_rate["inclusive"]), tax_rate)


def tax_parts(amount: int, rates: list[Rate]) -> list[Obj]:
    """The taxes on ``amount`` (after discounts), each ``{amount, rate, taxability_reason, taxable_amount}``.

    Inclusive rates are inside the amount; exclusive ones come on top of what is left without them.
    """
    included = sum((rate.percentage for rate in rates if rate.inclusive), Decimal(0))
    net = Decimal(amount) * 100 / (100 + included)
    parts: list[Obj] = []
    for rate in rates:
        part = rounded(net * rate.percentage / 100)
        parts.append(
            {
                "amount": part,
                "rate": rate.shown,
                "taxability_reason": "standard_rated",
                "taxable_amount": rounded(net),
            }
        )
    return parts


def added(parts: list[Obj]) -> int:
    """What the taxes add to the price: exclusive ones only."""
    return sum(part["amount"] for part in parts if not part["rate"]["inclusive"])


def _look_up(country: str, state: str) -> tuple[str | None, str, str, str]:
    if country == "US":
        return _STATES.get(state), "Sales Tax", "sales_tax", f"US-{state}"
    if country == "CA":
        return _PROVINCES.get(state), "GST/HST", "hst", f"CA-{state}"
    if country in _EUROPE:
        return _EUROPE[country], "VAT", "vat", country
    percentage, name = _ELSEWHERE.get(country, (None, ""))
    return percentage, name, name.lower(), country
