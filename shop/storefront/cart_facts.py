"""What the cart page shows, in words and formatted prices."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from shop.cart.changing import MAX_QUANTITY
from shop.cart.models import Cart
from shop.cart.pricing import PricedLine
from shop.checkout.countries import countries_served
from shop.checkout.quoting import Quote
from shop.checkout.shipping import ShippingQuote
from shop.content.showing import current_content
from shop.core.money import format_minor
from shop.storefront.discount_words import discount_facts
from shop.storefront.gift_card_words import gift_card_facts
from shop.storefront.tax_words import tax_note
from shop.tenancy.checkout_rules import rules_of
from shop.tenancy.currencies import current_pricing
from shop.tenancy.profile import Profile
from shop.words import tell


def cart_facts(cart: Cart | None, quote: Quote | None, profile: Profile, locale: str) -> dict[str, Any]:
    """The context of templates/storefront/cart.html."""
    if cart is None or quote is None or not quote.lines:
        return _empty(profile)

    rules = rules_of(profile.checkout)

    def money(minor: int) -> str:
        return format_minor(minor, quote.currency, locale)

    return {
        "lines": [_line(line, money) for line in quote.lines],
        "count": sum(line.quantity for line in quote.sellable),
        "notices": _notices(quote, money),
        "subtotal_text": money(quote.subtotal_minor),
        "shipping_text": _shipping_text(quote, money),
        "tax_text": money(quote.tax.minor) if quote.tax.minor and not quote.tax.included else None,
        "tax_note": tax_note(quote.tax, quote.country, money, locale),
        **discount_facts(quote.discounts, money, locale),
        **gift_card_facts(quote, money, locale),
        "total_text": money(quote.total_minor),
        "total_minor": quote.total_minor,
        "currency": quote.currency,
        "free_shipping": _free_shipping(quote, money),
        "country": quote.country,
        "countries": countries_served(tuple(profile.ships_to), locale),
        "shipping_methods": [_method(option, quote.chosen, money) for option in quote.shipping],
        "note": cart.note,
        "takes_notes": rules.takes_notes,
        "terms": _terms(locale) if rules.shows_terms else [],
        "reminder_email": cart.email or "",
        "can_checkout": quote.problem is None,
        "problem": None if quote.problem is None else tell(quote.problem),
    }


def _terms(locale: str) -> list[tuple[str, str]]:
    """(title, address) of the texts that hold for a purchase."""
    pages = current_content().pages(locale).values()
    return [(page.title, page.url) for page in pages if page.legal in ("terms", "returns", "privacy")]


def _empty(profile: Profile) -> dict[str, Any]:
    return {
        "lines": [],
        "count": 0,
        "notices": [],
        "free_shipping": None,
        "can_checkout": False,
        "problem": None,
        "note": "",
        "country": profile.country,
        "subtotal_text": format_minor(0, current_pricing().code),
        "total_text": format_minor(0, current_pricing().code),
    }


def _line(line: PricedLine, money: Any) -> dict[str, Any]:
    return {
        "id": line.id,
        "title": line.title,
        "url": f"/products/{line.slug}?variant={line.variant_id}",
        "variant_title": line.variant_title,
        "image": line.image,
        "unit_text": money(line.unit_minor),
        "total_text": money(line.total_minor) if line.available else "",
        "quantity": line.quantity,
        "max_quantity": MAX_QUANTITY,
        "available": line.available,
        "problem": None if line.available else _("This is not available any more. Please remove it."),
        "note": _("Made to your specification: it cannot be withdrawn from.") if line.is_personalised else None,
    }


def _notices(quote: Quote, money: Any) -> list[str]:
    """A changed price is told before payment."""
    return [
        _(
            "The price of %(title)s changed from %(old)s to %(new)s.",
            title=line.title,
            old=money(line.seen_minor),
            new=money(line.unit_minor),
        )
        for line in quote.lines
        if line.problem == "price_changed"
    ]


def _shipping_text(quote: Quote, money: Any) -> str:
    if quote.chosen is None:
        return "–"
    return str(_("Free")) if quote.chosen.minor == 0 else money(quote.chosen.minor)


def _free_shipping(quote: Quote, money: Any) -> dict[str, Any] | None:
    threshold = quote.free_from_minor
    if threshold <= 0 or not any(o.method == "standard" for o in quote.shipping):
        return None
    left = max(0, threshold - quote.subtotal_minor)
    return {
        "threshold_text": money(threshold),
        "remaining_text": money(left),
        "percent": min(100, quote.subtotal_minor * 100 // threshold),
        "reached": left == 0,
    }


def _method(option: ShippingQuote, chosen: ShippingQuote | None, money: Any) -> dict[str, Any]:
    estimate = None
    if option.days_max:
        low, high = option.days_min, option.days_max
        days = str(high) if low in (0, high) else f"{low}–{high}"
        estimate = _("%(days)s business days", days=days)
    return {
        "key": option.method,
        "name": tell(option.label),
        "price_text": _("Free") if option.minor == 0 else money(option.minor),
        "estimate": estimate,
        "selected": chosen is not None and option.method == chosen.method,
    }
