"""An amount as people type it: "1.234,50", "1 234,5", "１２", "٣", "1,5 €". Read right, or refused with words. Pure.

Which sign parts the decimals is seen from the amount itself where it can be, else from the language; what could be
meant in two ways is refused rather than guessed, because it is money.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_symbol, get_decimal_symbol

from shop.core.money import exponent, step
from shop.core.words import N_
from shop.words import mark

LONGEST = 40
LARGEST_MINOR = 2_000_000_000  # fits a 32-bit column
#: signs that several currencies share
_SHARED = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP"),
    "¥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK"),
}
_MINUS = "-−‒–—﹣"
_APOSTROPHES = "'’ʼ＇‘"
_GROUPED = re.compile(r"\d{1,3}(?:([ ',.])\d{3})(?:\1\d{3})*")


class NotAnAmount(ValueError):
    """`says`: a sentence about the field `label`, to be filled in with `values`."""

    def __init__(self, says: str, **values: str) -> None:
        super().__init__(says)
        self.says, self.values = says, values

    def about(self, label: str) -> str:
        return mark(self.says, label=label, **self.values)


NOT_ONE = N_("%(label)s is not an amount. Write it like 12.50.")


def read_amount(raw: str, currency: str, locale: str = "en") -> int:
    """Minor units: read_amount("1.234,50", "EUR") -> 123450. Raises NotAnAmount."""
    number = read_number(_without_currency(raw, currency, locale), locale)
    minor = number.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise NotAnAmount("%(label)s has too many decimals for %(currency)s.", currency=currency)
    if minor > LARGEST_MINOR:
        raise NotAnAmount("%(label)s is out of range.")
    if int(minor) % step(currency):
        raise NotAnAmount("%(label)s must end in 0: cards know two decimals of %(currency)s.", currency=currency)
    return int(minor)


def read_number(raw: str, locale: str = "en", example: str = NOT_ONE) -> Decimal:
    """A number without sign or exponent, as a language writes it. Raises NotAnAmount."""
    if len(raw) > LONGEST:
        raise NotAnAmount(example)
    text = _plain(raw)
    if (text and text[0] in _MINUS) or (text[:1] == "(" and text[-1:] == ")"):
        raise NotAnAmount("%(label)s is not an amount: it must not be less than nothing.")
    if not any(sign.isdigit() for sign in text) or any(sign not in "0123456789., '" for sign in text):
        raise NotAnAmount(example)
    whole, fraction = _parted(text, _decimal_sign(locale), example)
    whole = _ungrouped(whole, example)
    if len(whole) > 16 or len(fraction) > 12 or not (whole or fraction).isdigit():
        raise NotAnAmount("%(label)s is out of range." if len(whole) > 16 else example)
    return Decimal(f"{whole or '0'}.{fraction or '0'}")


def _plain(raw: str) -> str:
    """ASCII digits, one kind of space and of apostrophe; Arabic signs for what they mean."""
    made = []
    for sign in unicodedata.normalize("NFKC", raw).strip():
        digit = unicodedata.decimal(sign, None)
        if digit is not None:
            made.append(str(digit))
        elif sign in _APOSTROPHES:
            made.append("'")
        elif sign in "٫٬،":
            made.append("." if sign == "٫" else ",")
        else:
            made.append(" " if sign.isspace() else sign)
    return "".join(made).strip()


def _parted(text: str, decimal_sign: str, example: str) -> tuple[str, str]:
    """(the whole part with its groups, the decimals)."""
    points, commas = text.count("."), text.count(",")
    if points and commas:
        last = "." if text.rfind(".") > text.rfind(",") else ","
        if text.count(last) > 1:
            raise NotAnAmount(example)
        return _split(text, last)
    sign = "." if points else ","
    count = points + commas
    if count != 1:
        return text, ""
    before, after = _split(text, sign)
    is_group = sign != decimal_sign and len(after) == 3 and before.lstrip("0") != "" and before[:1] != "0"
    return (text, "") if is_group and len(before) <= 3 else (before, after)


def _split(text: str, sign: str) -> tuple[str, str]:
    before, _, after = text.rpartition(sign)
    return before, after


def _ungrouped(whole: str, example: str) -> str:
    if whole.isdigit() or not whole:
        return whole
    if not _GROUPED.fullmatch(whole):
        raise NotAnAmount(example)
    return "".join(sign for sign in whole if sign.isdigit())


def _without_currency(raw: str, currency: str, locale: str) -> str:
    """The number alone. Raises NotAnAmount where another currency stands beside it."""
    if len(raw) > LONGEST:
        raise NotAnAmount(NOT_ONE)
    text = unicodedata.normalize("NFKC", raw).strip()
    own = sorted({currency, *_signs(currency, locale)}, key=len, reverse=True)
    for name in own:
        for cut in (text.removeprefix(name), text.removesuffix(name)):
            if cut != text and len(cut) < len(text):
                return cut.strip()
        if text.upper().startswith(name.upper()):
            return text[len(name) :].strip()
        if text.upper().endswith(name.upper()):
            return text[: -len(name)].strip()
    foreign = re.fullmatch(r"[\d.,' ]+([A-Za-z]{3})|([A-Za-z]{3})[\d.,' ]+", text)
    other = next((sign for sign in text if unicodedata.category(sign) == "Sc"), "")
    if other or (foreign and (foreign[1] or foreign[2]).upper() in _codes()):
        raise NotAnAmount("%(label)s is in %(currency)s: leave out another currency’s name.", currency=currency)
    return text


@lru_cache(maxsize=256)
def _signs(currency: str, locale: str) -> tuple[str, ...]:
    shared = [sign for sign, codes in _SHARED.items() if currency in codes]
    return (*(get_currency_symbol(currency, locale=_known(one)) for one in ("en", locale)), *shared)


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset(Locale("en").currencies)


@lru_cache(maxsize=64)
def _decimal_sign(locale: str) -> str:
    found = get_decimal_symbol(_known(locale))
    return found if found in ".," else "."


@lru_cache(maxsize=64)
def _known(locale: str) -> str:
    try:
        return str(Locale.parse(locale.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return "en"
