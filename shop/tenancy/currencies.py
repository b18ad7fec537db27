"""The currencies a store sells in: its own, and those whose prices follow a rate, a rounding rule, or are fixed.

Everything is kept in the store's currency. Another currency's price is the variant's fixed one, or the store's price
at the merchant's rate, rounded once by the merchant's rule. Pure, but for `current_pricing`. Rates are typed by the
merchant; a service that knows them would write `store_profile.currencies` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from flask import g

from shop.core.money import exponent, payable, step
from shop.tenancy.profile import Profile, current_profile

#: what a price is rounded to; "99" and "95" are what it ends in
ROUNDINGS = ("none", "0.05", "0.10", "whole", "10", "100", "99", "95")
WAYS = ("nearest", "up")
#: what card payments know, with as many decimals as we write (contracts/stripe.md); a price has one way to be told
KNOWN = (
    "USD", "EUR", "GBP", "CAD", "AUD", "NZD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "BGN", "TRY",
    "JPY", "KRW", "SGD", "HKD", "CNY", "INR", "THB", "PHP", "MYR", "MXN", "BRL", "ZAR", "ILS", "AED", "SAR", "QAR",
    "KWD", "BHD", "JOD", "OMR", "TND", "CLP", "VND",
)  # fmt: skip
#: {"EUR": [price, price before or 0]} in that currency's minor units
Fixed = Mapping[str, Sequence[int]]


@dataclass(frozen=True, eq=False)  # kept and compared by being the same: hashing five fields costs a list a tenth
class Pricing:
    """The store's amounts, told in `code`. `rate`: so much of `code` for one of `base`."""

    base: str
    code: str
    rate: Decimal = Decimal(1)
    rounding: str = "none"
    way: str = "nearest"

    @property
    def is_base(self) -> bool:
        return self.code == self.base

    @cached_property
    def _factor(self) -> Fraction:
        """Minor units of `code` for one minor unit of `base`."""
        return Fraction(self.rate) * Fraction(10) ** (exponent(self.code) - exponent(self.base))

    @cached_property
    def _grid(self) -> tuple[int, int]:
        """(distance, offset): what is charged is a whole number of distances, plus the offset."""
        whole, least = 10 ** exponent(self.code), step(self.code)
        if self.rounding in ("99", "95"):
            return whole, -(whole // 100) * (100 - int(self.rounding))
        sizes = {"0.05": whole // 20, "0.10": whole // 10, "whole": whole, "10": 10 * whole, "100": 100 * whole}
        return max(least, sizes.get(self.rounding, least)), 0

    @cached_property
    def to_store(self) -> Decimal:
        """Minor units of the store's currency for one of `code`: what sums over orders multiply by."""
        return Decimal(1) if self.is_base else _plain(1 / self._factor, 15)

    def price(self, minor: int) -> int:
        """A price of the store, by the rule. What costs nothing goes on costing nothing. Raises ValueError below 0."""
        return payable(minor, self.code) if self.is_base else _told(self, minor)

    def amount(self, minor: int) -> int:
        """What is taken off, or must be spent: to the rule's distance, nearest, without its endings."""
        return payable(minor, self.code) if self.is_base or minor <= 0 else _amount(self, minor)

    def of(self, minor: int, fixed: Fixed | None) -> int:
        """The price of a variant that has these fixed prices."""
        own = fixed.get(self.code) if fixed and not self.is_base else None
        return int(own[0]) if own else self.price(minor)

    def before(self, minor: int, fixed: Fixed | None) -> int:
        """Its earlier price; 0: there is none. A fixed price has one of its own."""
        own = fixed.get(self.code) if fixed and not self.is_base else None
        return int(own[1]) if own else self.price(minor)

    def store_minor(self, minor: int) -> int:
        """Back into the store's currency, half a unit up: what sums are made of, never what is charged."""
        return minor if self.is_base else _nearest(minor * Fraction(self.to_store), 1)

    def least_store(self, minor: int, most: int) -> int:
        """The lowest price of the store, up to `most`, that is told as `minor` or more."""
        low, high = 0, most
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.price(middle) >= minor else (middle + 1, high)
        return low


@lru_cache(maxsize=16384)
def _told(pricing: Pricing, minor: int) -> int:
    if minor < 0:
        raise ValueError(f"{minor} is no price")
    if minor == 0:
        return 0
    distance, offset = pricing._grid
    exact = minor * pricing._factor - offset
    count = -(-exact // distance) if pricing.way == "up" else (exact + Fraction(distance, 2)) // distance
    return max(1, int(count)) * distance + offset


@lru_cache(maxsize=4096)
def _amount(pricing: Pricing, minor: int) -> int:
    exact, least = minor * pricing._factor, step(pricing.code)
    return _nearest(exact, pricing._grid[0]) or max(least, _nearest(exact, least))


def _nearest(exact: Fraction, distance: int) -> int:
    return int((exact + Fraction(distance, 2)) // distance) * distance


def _plain(value: Fraction, places: int) -> Decimal:
    scaled = int(value * 10**places + Fraction(1, 2))
    return Decimal(scaled).scaleb(-places)


@lru_cache(maxsize=256)
def _made(base: str, code: str, rate: str, rounding: str, way: str) -> Pricing | None:
    try:
        found = Decimal(rate)
    except InvalidOperation:
        return None
    if code == base or code not in KNOWN or not (found.is_finite() and 0 < found <= 1_000_000):
        return None
    return Pricing(base, code, found, rounding if rounding in ROUNDINGS else "none", way if way in WAYS else "nearest")


def _from_row(base: str, row: Mapping[str, Any]) -> Pricing | None:
    return _made(base, *(str(row.get(name) or "") for name in ("code", "rate", "rounding", "way")))


def offered(profile: Profile) -> tuple[str, ...]:
    """Codes of the currencies a shopper may choose, the store's own first; that alone where there is no choice."""
    made = (_from_row(profile.currency, row) for row in profile.currencies)
    return (profile.currency, *(p.code for p in made if p is not None))


def pricing_for(profile: Profile, code: str | None) -> Pricing:
    """The prices in this currency; in the store's own where it is not offered (any more)."""
    if code and code != profile.currency:
        for row in profile.currencies:
            if row.get("code") == code:
                return _from_row(profile.currency, row) or _own(profile.currency)
    return _own(profile.currency)


@lru_cache(maxsize=64)
def _own(currency: str) -> Pricing:
    return Pricing(currency, currency)


def current_pricing() -> Pricing:
    """Of the page being made: its visitor's choice (`g.currency`, set by the shop window), else the store's own."""
    return pricing_for(current_profile(), g.get("currency"))
