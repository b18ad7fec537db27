"""What holds in the European Union: its countries, their standard rates, and what the merchant chose.

Rates: standard rates of VAT, European Commission, "Taxes in Europe" database (ec.europa.eu/taxation_customs/tedb), as
in force in late 2026. A merchant changes them at Settings → Taxes; these are only what a table begins with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop.core.money import exponent

EU_VAT = {
    "AT": "0.20", "BE": "0.21", "BG": "0.20", "HR": "0.25", "CY": "0.19", "CZ": "0.21", "DK": "0.25", "EE": "0.24",
    "FI": "0.255", "FR": "0.20", "DE": "0.19", "GR": "0.24", "HU": "0.27", "IE": "0.23", "IT": "0.22", "LV": "0.21",
    "LT": "0.21", "LU": "0.17", "MT": "0.18", "NL": "0.21", "PL": "0.23", "PT": "0.23", "RO": "0.21", "SK": "0.23",
    "SI": "0.22", "ES": "0.21", "SE": "0.25",
}  # fmt: skip
#: where the law wants "incl. VAT" beside prices for consumers
TELLS_VAT = frozenset({*EU_VAT, "GB", "CH", "NO", "IS", "LI"})
#: whose VAT is charged on sales to other EU countries (Directive 2006/112/EC, articles 33 and 59c)
OSS = ("destination", "home")
THRESHOLD_EUR = 10_000


@dataclass(frozen=True)
class EuRules:
    """`oss`: "home" while cross-border sales stay below the threshold, "destination" above it or by choice.
    `threshold_minor`: in the store's currency; 0 where nobody said: 10,000 whole units, which is right for euros."""

    oss: str = "destination"
    threshold_minor: int = 0

    def threshold(self, currency: str) -> int:
        return self.threshold_minor or THRESHOLD_EUR * 10 ** exponent(currency)


def eu_rules_of(stored: Mapping[str, Any] | None) -> EuRules:
    """From store_profile.eu; what is missing or odd is as it comes."""
    stored = stored or {}
    oss, threshold = stored.get("oss"), stored.get("threshold_minor")
    return EuRules(
        oss=str(oss) if oss in OSS else "destination",
        threshold_minor=threshold if isinstance(threshold, int) and threshold > 0 else 0,
    )


def rates_that_hold(table: Sequence[dict[str, Any]], home: str, rules: EuRules) -> Sequence[dict[str, Any]]:
    """The store's table of rates; below the threshold, every other EU country's rate is the home country's."""
    if rules.oss != "home" or home not in EU_VAT:
        return table
    own = next((row for row in table if row.get("country") == home), None)
    elsewhere = [row for row in table if row.get("country") not in EU_VAT]
    return [*elsewhere, *({**own, "country": country} for country in EU_VAT)] if own is not None else elsewhere


def with_standard_rates(table: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The table with a row for every EU country that has none; what is there stays."""
    known = {row.get("country") for row in table}
    new = [
        {"country": country, "rate": rate, "on_shipping": True, "name": "VAT"}
        for country, rate in EU_VAT.items()
        if country not in known
    ]
    return [*table, *new]
