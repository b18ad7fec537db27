"""What is said about VAT beside prices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from babel.numbers import format_percent
from markupsafe import Markup, escape

from shop.checkout.countries import country_name
from shop.checkout.taxes import Tax
from shop.content.showing import current_content
from shop.core.words import N_
from shop.storefront.speaking import say as _
from shop.tenancy.eu_rules import TELLS_VAT
from shop.tenancy.profile import Profile


def vat_words(profile: Profile, locale: str) -> Markup | None:
    """ "incl. VAT, plus shipping", with a link to how it is sent; None where the law does not want it.

    The price is the same wherever it is sent; how much VAT is in it depends on the country, and the cart says that.
    """
    if not profile.prices_include_tax or profile.country not in TELLS_VAT:
        return None
    page = current_content().pages(locale).get("shipping")
    if page is None:
        return escape(_("incl. VAT, plus shipping"))
    words = _("incl. VAT, plus %(link)sshipping%(end)s", link="\x01", end="\x02")
    text = str(escape(words)).replace("\x01", f'<a href="{escape(page.url)}">').replace("\x02", "</a>")
    return Markup(text)  # noqa: S704  (escaped above; the address is ours)


def tax_note(tax: Tax, country: str, money: Callable[[int], str], locale: str) -> str | None:
    """The tax inside the total, by the rate of the country it goes to."""
    if not tax.minor or not tax.included:
        return None
    if tax.rate is None:
        return f"{tax.label}: {money(tax.minor)}"
    values: dict[str, Any] = {
        "amount": money(tax.minor),
        "rate": format_percent(tax.rate, locale=locale, decimal_quantization=False),
        "name": _(tax.name),
        "country": country_name(country, locale),
    }
    return _("Includes %(amount)s %(name)s (%(rate)s, %(country)s)", **values)


#: what a table of rates usually calls it
NAMES = (N_("VAT"), N_("Tax"))
