"""What a form sent, bounded and cleaned. Every reader raises InvalidInput with the field's name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from email_validator import EmailNotValidError, validate_email

from shop.core.amounts import LARGEST_MINOR as LARGEST_MINOR
from shop.core.amounts import NotAnAmount, read_amount
from shop.core.money import exponent
from shop.errors import InvalidInput
from shop.words import mark


def text(
    form: Mapping[str, str], name: str, label: str, at_most: int, *, required: bool = True, lines: bool = False
) -> str:
    """One line of text (several with `lines`), without control characters."""
    raw = unicodedata.normalize("NFC", form.get(name, "").replace("\r\n", "\n"))
    kept = "".join(c for c in raw if (c == "\n" and lines) or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
    value = kept.strip()
    if required and not value:
        raise InvalidInput(fields={name: mark("%(label)s is missing.", label=label)})
    if len(value) > at_most:
        raise InvalidInput(
            fields={name: mark("%(label)s is too long: at most %(n)s characters.", label=label, n=at_most)}
        )
    return value


def email(form: Mapping[str, str], name: str, label: str, *, required: bool = True) -> str:
    value = text(form, name, label, 254, required=required)
    if not value:
        return ""
    try:
        return str(validate_email(value, check_deliverability=False, test_environment=True).normalized)
    except EmailNotValidError as error:
        raise InvalidInput(fields={name: mark("%(label)s is not an e-mail address.", label=label)}) from error


def amount(
    form: Mapping[str, str], name: str, label: str, currency: str, *, required: bool = True, locale: str = "en"
) -> int:
    """Minor units from what a person types (amounts.py): "12.50", "12,50", "$1,200". 0 when empty and not required."""
    raw = form.get(name, "").strip()
    if not raw:
        if required:
            raise InvalidInput(fields={name: mark("%(label)s is missing.", label=label)})
        return 0
    try:
        return read_amount(raw, currency, locale)
    except NotAnAmount as refusal:
        raise InvalidInput(fields={name: refusal.about(label)}) from refusal


def percent(form: Mapping[str, str], name: str, label: str) -> str:
    """A rate as text, "0.19" for 19: more than 0, less than 100, at most four decimals."""
    raw = form.get(name, "").strip().rstrip("%").strip()
    value = _decimal(raw, name, f"{label} is not a number. Write it like 19 or 7.7.")
    rate = (value / 100).normalize()
    if not 0 < rate < 1 or -int(rate.as_tuple().exponent) > 6:
        raise InvalidInput(fields={name: f"{label} must be between 0 and 100, with at most four decimals."})
    return f"{rate:f}"


def whole(form: Mapping[str, str], name: str, label: str, low: int, high: int) -> int:
    raw = form.get(name, "").strip()
    if not raw.isascii() or not raw.isdigit() or len(raw) > 9 or not low <= int(raw) <= high:
        raise InvalidInput(
            fields={
                name: mark(
                    "%(label)s must be a whole number from %(low)s to %(high)s.", label=label, low=low, high=high
                )
            }
        )
    return int(raw)


def choice(form: Mapping[str, str], name: str, label: str, options: Mapping[str, object] | tuple[str, ...]) -> str:
    value = form.get(name, "")
    if value not in options:
        raise InvalidInput(fields={name: mark("%(label)s: choose one of the options.", label=label)})
    return value


def plain_amount(minor: int, currency: str) -> str:
    """An amount for a form's field: plain_amount(1250, "USD") -> "12.50"."""
    places = exponent(currency)
    return f"{Decimal(minor).scaleb(-places):.{places}f}"


def _decimal(raw: str, name: str, message: str) -> Decimal:
    if "," in raw and "." in raw:
        raw = raw.replace(",", "") if raw.rfind(".") > raw.rfind(",") else raw.replace(".", "").replace(",", ".")
    elif "," in raw:
        whole_part, _, rest = raw.rpartition(",")
        raw = raw.replace(",", "") if len(rest) == 3 and whole_part else raw.replace(",", ".")
    if not raw or len(raw) > 20 or not all(c.isascii() and (c.isdigit() or c == ".") for c in raw):
        raise InvalidInput(fields={name: message})
    try:
        return Decimal(raw)
    except InvalidOperation as error:
        raise InvalidInput(fields={name: message}) from error
