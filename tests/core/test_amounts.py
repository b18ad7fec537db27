"""A hundred ways to type an amount."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.amounts import NotAnAmount, read_amount
from shop.core.money import exponent, format_minor, step

RIGHT = [
    # (typed, currency, language, minor units)
    ("12.50", "USD", "en", 1250), ("12,50", "USD", "en", 1250), ("12", "USD", "en", 1200), ("12.5", "USD", "en", 1250),
    ("0", "USD", "en", 0), ("0.00", "USD", "en", 0), (".5", "USD", "en", 50), ("5.", "USD", "en", 500),
    ("007", "USD", "en", 700), ("1,234", "USD", "en", 123400), ("1,234.50", "USD", "en", 123450),
    ("1.234,50", "EUR", "en", 123450), ("1.234,50", "EUR", "de", 123450), ("1.234", "EUR", "de", 123400),
    ("1,234.50", "EUR", "de", 123450), ("1 234,5", "EUR", "fr", 123450), ("1\u00a0234,50", "EUR", "fr", 123450),
    ("1\u202f234,50", "EUR", "fr", 123450), ("1\u2009234", "EUR", "fr", 123400), ("1'234.50", "CHF", "de", 123450),
    ("1’234.50", "CHF", "de-CH", 123450), ("1.234.567,89", "EUR", "es", 123456789),
    ("1,234,567", "USD", "en", 123456700), ("12 345", "EUR", "fr", 1234500), ("１２", "JPY", "en", 12),
    ("１２．５０", "USD", "en", 1250), ("１，２３４", "JPY", "en", 1234), ("٣", "USD", "en", 300),
    ("١٢٫٥", "USD", "en", 1250), ("١٬٢٣٤", "USD", "en", 123400), ("३", "USD", "en", 300), ("۱۲", "USD", "en", 1200),
    ("$12", "USD", "en", 1200), ("12 $", "USD", "en", 1200), ("$ 1,200", "USD", "en", 120000),
    ("USD 12", "USD", "en", 1200), ("12USD", "USD", "en", 1200), ("usd 12", "USD", "en", 1200),
    ("1,5 €", "EUR", "de", 150), ("€1.5", "EUR", "en", 150), ("1,5 EUR", "EUR", "fr", 150), ("12 €", "EUR", "es", 1200),
    ("£3", "GBP", "en", 300), ("¥300", "JPY", "en", 300), ("￥300", "JPY", "en", 300), ("300￥", "JPY", "ja", 300),
    ("CA$5", "CAD", "en", 500), ("$5", "CAD", "en", 500), ("100 kr", "SEK", "sv", 10000), ("kr 100", "NOK", "en", 10000),
    ("  12.50  ", "USD", "en", 1250), ("\t12\n", "USD", "en", 1200), ("0,5", "EUR", "en", 50),
    ("0,500", "KWD", "en", 500), ("1.230", "KWD", "en", 1230), ("1.23", "KWD", "en", 1230), ("1,230", "KWD", "de", 1230),
    ("KWD 2", "KWD", "en", 2000), ("300", "JPY", "en", 300), ("300.0", "JPY", "en", 300), ("1.000", "JPY", "de", 1000),
    ("1,000", "JPY", "en", 1000), ("19999999.99", "USD", "en", 1999999999), ("12.500000", "USD", "en", 1250),
    ("12.50", "USD", "xx", 1250), ("12.50", "USD", "", 1250), ("5,", "EUR", "de", 500),
]  # fmt: skip
WRONG = [
    # (typed, currency, language, a word of the refusal)
    ("", "USD", "en", "not an amount"), (" ", "USD", "en", "not an amount"), ("-", "USD", "en", "less than nothing"),
    ("-1", "USD", "en", "less than nothing"), ("-0", "USD", "en", "less than nothing"),
    ("−5", "USD", "en", "less than nothing"), ("(5)", "USD", "en", "less than nothing"),
    ("$-5", "USD", "en", "less than nothing"), ("5-", "USD", "en", "not an amount"), ("+5", "USD", "en", "not an amount"),
    ("1e3", "USD", "en", "not an amount"), ("1E3", "USD", "en", "not an amount"), ("0x10", "USD", "en", "not an amount"),
    ("1_000", "USD", "en", "not an amount"), ("NaN", "USD", "en", "not an amount"), ("nan", "USD", "en", "not an amount"),
    ("Infinity", "USD", "en", "not an amount"), ("-inf", "USD", "en", "less than nothing"),
    ("twelve", "USD", "en", "not an amount"), ("12 dollars", "USD", "en", "not an amount"),
    ("½", "USD", "en", "not an amount"), ("Ⅻ", "USD", "en", "not an amount"), ("²", "JPY", "ar", ""),
    ("1.234", "USD", "en", "too many decimals"), ("1,234", "EUR", "de", "too many decimals"),
    ("0.001", "USD", "en", "too many decimals"), ("12.5", "JPY", "en", "too many decimals"),
    ("1.2345", "KWD", "en", "too many decimals"), ("1.234", "KWD", "en", "must end in 0"),
    ("0.001", "KWD", "en", "must end in 0"), ("1,2,3", "USD", "en", "not an amount"),
    ("1.2.3", "USD", "en", "not an amount"), ("12,34,567", "USD", "en", "not an amount"),
    ("1,23.4,5", "USD", "en", "not an amount"), ("1 2 3", "EUR", "fr", "not an amount"),
    ("1 23", "EUR", "fr", "not an amount"), ("1 234'567", "EUR", "fr", "not an amount"), (".", "USD", "en", "not an amount"),
    (",", "USD", "en", "not an amount"), (".,", "USD", "en", "not an amount"), ("..5", "USD", "en", "not an amount"),
    ("12 €", "USD", "en", "is in USD"), ("$12", "EUR", "en", "is in EUR"), ("12 EUR", "USD", "en", "is in USD"),
    ("GBP 3", "USD", "en", "is in USD"), ("12 kr", "EUR", "de", "not an amount"), ("€", "EUR", "en", "not an amount"),
    ("99999999999", "USD", "en", "out of range"), ("9" * 30, "USD", "en", "out of range"),
    ("9" * 300, "USD", "en", "not an amount"), ("1" + "0" * 18, "JPY", "en", "out of range"),
    ("12%", "USD", "en", "not an amount"), ("12\x00", "USD", "en", "not an amount"),
    ("<b>1</b>", "USD", "en", "not an amount"), ("1;2", "USD", "en", "not an amount"), ("=1+1", "USD", "en", "not an amount"),
    ("12\u200b50", "USD", "en", "not an amount"), ("\u202e12", "USD", "en", "not an amount"),
    ("1'2345", "CHF", "de", "not an amount"), ("1.5.", "USD", "en", "not an amount"), ("$$5", "USD", "en", ""),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "currency", "locale", "minor"), RIGHT)
def test_what_is_an_amount_is_read_right(typed: str, currency: str, locale: str, minor: int) -> None:
    assert read_amount(typed, currency, locale) == minor


@pytest.mark.parametrize(("typed", "currency", "locale", "word"), WRONG)
def test_what_is_none_is_refused_with_words(typed: str, currency: str, locale: str, word: str) -> None:
    try:
        found = read_amount(typed, currency, locale)
    except NotAnAmount as refusal:
        assert word in refusal.about("It") and refusal.about("It").endswith(".")
    else:
        assert not word, found


@given(
    st.integers(0, 99_999_999),
    st.sampled_from(["USD", "EUR", "GBP", "CHF", "JPY", "KWD", "SEK", "CAD", "HUF", "KRW"]),
    st.sampled_from(["en", "de", "fr", "es", "de_CH", "sv", "it", "pt"]),
)
def test_what_we_write_we_can_read(minor: int, currency: str, locale: str) -> None:
    minor -= minor % step(currency)
    assert read_amount(format_minor(minor, currency, locale), currency, locale) == minor


@given(st.text(max_size=60), st.sampled_from(["USD", "JPY", "KWD"]), st.sampled_from(["en", "de", "ar", "zz", ""]))
def test_anything_else_is_an_amount_or_a_refusal(typed: str, currency: str, locale: str) -> None:
    try:
        minor = read_amount(typed, currency, locale)
    except NotAnAmount:
        return
    assert 0 <= minor <= 2_000_000_000 and minor % step(currency) == 0
    assert Decimal(minor).scaleb(-exponent(currency)) >= 0
