"""Which languages this store speaks, and addresses in them."""

from __future__ import annotations

from flask import current_app

from shop.core.languages import offered, path_in, spoken
from shop.tenancy.profile import current_profile


def main_language() -> str:
    """The language whose addresses have no prefix."""
    return spoken(current_profile().locale)


def store_languages() -> tuple[str, ...]:
    """Every language a buyer may choose, the main one first."""
    profile = current_profile()
    return offered(spoken(profile.locale), profile.languages)


def address_in(path: str, locale: str | None) -> str:
    """A path in the language of a shopper; in the main one where theirs is not offered (any more)."""
    known = store_languages()
    return path_in(path, locale if locale in known else known[0], known[0]) if locale else path


def absolute_url_for(path: str, locale: str | None) -> str:
    """The same as an absolute address, for letters and other places outside the shop."""
    return str(current_app.config["IMPRINT"].public_url).rstrip("/") + address_in(path, locale)
