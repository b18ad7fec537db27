"""The smallest amount a payment page takes, by currency (docs.stripe.com/currencies, minimum charge amounts)."""

from __future__ import annotations

from shop.core.money import exponent

_LEAST = {
    "USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
    "GBP": 30, "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50,
    "PLN": 200, "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000,
}  # fmt: skip


def least_charge(currency: str) -> int:
    """Minor units. Where none is published, one whole unit of the currency."""
    return _LEAST.get(currency.upper(), 10 ** exponent(currency))
