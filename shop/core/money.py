"""Money is integer minor units with a currency that knows its exponent (JPY 0, USD 2, KWD 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision

#: "KWD8.600": a space belongs between letters and digits (CLDR), which Babel leaves out
_TOUCHING = re.compile(r"([A-Za-z])(\d)")


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """How many decimals the currency has."""
    return int(get_currency_precision(currency))


@lru_cache(maxsize=256)
def step(currency: str) -> int:
    """The smallest amount that can be paid, in minor units: of three decimals, cards know two (contracts/stripe.md)."""
    return 10 if exponent(currency) == 3 else 1


def payable(minor: int, currency: str) -> int:
    """The nearest amount that can be paid, half up: payable(1235, "KWD") -> 1240."""
    least = step(currency)
    return (2 * minor + least) // (2 * least) * least


@dataclass(frozen=True, order=False)
class Money:
    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __mul__(self, quantity: int) -> Money:
        return Money(self.minor * quantity, self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return format_minor(self.minor, self.currency)


@lru_cache(maxsize=8192)
def format_minor(minor: int, currency: str, locale: str = "en") -> str:
    """For people: format_minor(2500, "USD") -> "$25.00"."""
    amount = Decimal(minor).scaleb(-exponent(currency))
    return _TOUCHING.sub("\\1\u00a0\\2", str(format_currency(amount, currency, locale=locale)))


def share_of(minor: int, rate: Decimal) -> int:
    """`rate` of an amount, rounded half up to a whole minor unit: share_of(999, Decimal("0.19")) -> 190."""
    return int((Decimal(minor) * rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def included_share(minor: int, rate: Decimal) -> int:
    """The tax inside a gross amount: included_share(1190, Decimal("0.19")) -> 190."""
    return minor - int((Decimal(minor) / (1 + rate)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
