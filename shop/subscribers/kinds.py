"""The kinds of letters a person may switch on and off. Letters about an order or an account are none of these."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _


@dataclass(frozen=True)
class Kind:
    """`asked_for`: comes only to who asked for it and confirmed. The others come until they are refused."""

    name: LazyString
    means: LazyString
    asked_for: bool = False


NEWSLETTER, STOCK, PRICE, CART, REVIEW = "newsletter", "stock", "price", "cart", "review"

KINDS: dict[str, Kind] = {
    NEWSLETTER: Kind(_("Newsletter"), _("New things and offers, now and then."), asked_for=True),
    STOCK: Kind(_("Back in stock"), _("One letter when something you wait for can be bought again.")),
    PRICE: Kind(_("Lower prices"), _("One letter when something you watch becomes cheaper.")),
    CART: Kind(_("Your cart"), _("A reminder when you leave the payment page without paying.")),
    REVIEW: Kind(_("Reviews"), _("A question how you like what you bought.")),
}
