"""Countries a shopper may choose, by name in their language."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from babel import Locale
from flask_babel import get_locale

#: countries that Stripe Checkout takes no shipping address for, or that no carrier of the providers serves
NOT_SERVED = frozenset({"AS", "CX", "CC", "CU", "HM", "IR", "KP", "MH", "FM", "NF", "MP", "PW", "SD", "SY", "UM", "VI"})


@lru_cache(maxsize=16)
def all_countries(locale: str = "en") -> tuple[tuple[str, str], ...]:
    """(ISO 3166 code, name), sorted by name."""
    names: dict[str, str] = {str(code): str(name) for code, name in Locale.parse(locale).territories.items()}
    found = [
        (code, names[code])
        for code in names
        if len(code) == 2
        and code.isalpha()
        and code not in NOT_SERVED
        and code not in ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
    ]
    return tuple(sorted(found, key=lambda pair: unaccented(pair[1])))


@lru_cache(maxsize=1)
def known_codes() -> frozenset[str]:
    return frozenset(code for code, _ in all_countries())


def countries_served(ships_to: tuple[str, ...], locale: str = "en") -> list[tuple[str, str]]:
    """What the store ships to; all countries when it names none."""
    return [pair for pair in all_countries(locale) if not ships_to or pair[0] in ships_to]


def country_name(code: str, locale: str = "en") -> str:
    return str(Locale.parse(locale).territories.get(code, code))


def country_here(code: str) -> str:
    """Its name in the language of this request."""
    return country_name(code, str(get_locale() or "en"))


def unaccented(name: str) -> str:
    """For sorting: Émirats stands between Égypte and Équateur, not after Zimbabwe."""
    return "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c)).casefold()
