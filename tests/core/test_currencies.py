"""Prices in other currencies, as a pure thing: the merchant's rule holds for any amount, rate and currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.stripe import money as stripe
from shop.core.money import exponent, payable, step
from shop.tenancy.currencies import KNOWN, ROUNDINGS, WAYS, Pricing

rates = st.decimals("0.0001", "20000", places=4).filter(lambda rate: rate > 0)
amounts = st.integers(0, 5_000_000)
codes = st.sampled_from([code for code in KNOWN if code != "USD"])
pricings = st.builds(
    Pricing, st.just("USD"), codes, rates, st.sampled_from(ROUNDINGS), st.sampled_from(WAYS)
)  # fmt: skip


def told(minor: int, rate: str, rounding: str = "none", way: str = "nearest", code: str = "EUR") -> int:
    return Pricing("USD", code, Decimal(rate), rounding, way).price(minor)


@pytest.mark.parametrize(
    ("minor", "rate", "rounding", "way", "code", "expected"),
    [
        (2500, "0.92", "none", "nearest", "EUR", 2300),
        (2501, "0.5", "none", "nearest", "EUR", 1251),  # 1250.5: half a cent goes up
        (2500, "0.923", "0.05", "nearest", "EUR", 2310),
        (2500, "0.923", "0.10", "up", "EUR", 2310),
        (2500, "0.925", "whole", "nearest", "EUR", 2300),
        (2500, "0.925", "whole", "up", "EUR", 2400),
        (2500, "0.92", "99", "nearest", "EUR", 2299),
        (2500, "0.92", "99", "up", "EUR", 2399),
        (2500, "0.92", "95", "up", "EUR", 2395),
        (10, "0.92", "99", "nearest", "EUR", 99),  # never nothing
        (2500, "151.237", "none", "nearest", "JPY", 3781),
        (2500, "151.237", "10", "up", "JPY", 3790),
        (2500, "151.237", "100", "nearest", "JPY", 3800),
        (2500, "0.3071", "none", "nearest", "KWD", 7680),  # 7.6775: three decimals end in 0
        (2500, "0.3071", "95", "up", "KWD", 7950),
        (0, "0.92", "99", "up", "EUR", 0),
    ],
)  # fmt: skip
def test_prices_are_rounded_by_the_rule(
    minor: int, rate: str, rounding: str, way: str, code: str, expected: int
) -> None:
    assert told(minor, rate, rounding, way, code) == expected


def test_a_price_below_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="is no price"):
        told(-1, "0.92")


@given(pricings, amounts)
def test_every_price_can_be_charged_and_is_near_the_rate(pricing: Pricing, minor: int) -> None:
    price, exact = pricing.price(minor), Decimal(minor) * pricing.rate * Decimal(10) ** (exponent(pricing.code) - 2)
    distance = pricing._grid[0]
    assert price >= 0 and price % step(pricing.code) == 0
    assert (price > 0) == (minor > 0)
    if pricing.way == "up" and minor:
        assert exact <= price < max(exact, 0) + 2 * distance
    elif price > distance:
        assert abs(price - exact) * 2 <= distance


@given(pricings, amounts, amounts)
def test_a_dearer_thing_is_never_cheaper_in_another_currency(pricing: Pricing, a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert pricing.price(low) <= pricing.price(high)
    assert pricing.amount(low) <= pricing.amount(high)
    assert pricing.amount(high) % step(pricing.code) == 0 and (pricing.amount(high) > 0) == (high > 0)


@given(amounts)
def test_the_stores_own_currency_is_left_alone(minor: int) -> None:
    own = Pricing("USD", "USD")
    assert own.price(minor) == own.amount(minor) == own.store_minor(minor) == minor and own.to_store == 1
    assert own.of(minor, {"USD": [1, 0]}) == minor


@given(codes, rates, amounts)
def test_there_and_back_is_the_same_to_half_a_step(code: str, rate: Decimal, minor: int) -> None:
    pricing = Pricing("USD", code, rate)
    there = pricing.price(minor)
    off_by = float(pricing.to_store) * step(code)  # one step of theirs, in ours
    assert abs(pricing.store_minor(there) - minor) <= max(1, off_by + 1) or there == step(code)


def test_a_fixed_price_wins_over_the_rate() -> None:
    pricing = Pricing("USD", "EUR", Decimal("0.92"), "99", "up")
    assert pricing.of(2500, {"EUR": [1900, 2400]}) == 1900 and pricing.before(2500, {"EUR": [1900, 2400]}) == 2400
    assert pricing.of(2500, {"GBP": [1700, 0]}) == 2399 and pricing.before(0, {"GBP": [1700, 0]}) == 0


@pytest.mark.parametrize("code", KNOWN)
def test_every_currency_on_offer_is_written_as_the_payment_page_writes_it(code: str) -> None:
    assert code.lower() in stripe.CURRENCIES
    assert exponent(code) == stripe.exponent(code.lower())


@given(st.integers(0, 10**9))
def test_three_decimals_end_in_0(minor: int) -> None:
    assert payable(minor, "KWD") % 10 == 0 and abs(payable(minor, "KWD") - minor) <= 5
    assert payable(minor, "JPY") == payable(minor, "USD") == minor
