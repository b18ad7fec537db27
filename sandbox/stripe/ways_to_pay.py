"""Which ways to pay the account offers. Source: contracts/stripe.md (`payment_method_configurations`)."""

from __future__ import annotations

from sandbox.stripe.book import Obj

_ON = ("card", "apple_pay", "google_pay", "link", "klarna", "paypal")
_OFF = ("alipay", "amazon_pay", "bancontact", "eps", "ideal", "p24", "sepa_debit")


def default_configuration() -> Obj:
    """As a new account has it: cards and wallets; PayPal is switched on and not granted yet."""
    return {
        "id": "pmc_sandbox_default",
        "object": "payment_method_configuration",
        "active": True,
        "application": None,
        "is_default": True,
        "livemode": False,
        "name": "Default",
        "parent": None,
        **{name: _way(name in _ON, name != "paypal") for name in (*_ON, *_OFF)},
    }


def _way(is_on: bool, is_granted: bool) -> Obj:
    value = "on" if is_on else "off"
    return {
        "available": is_on and is_granted,
        "display_preference": {"overridable": None, "preference": value, "value": value},
    }
