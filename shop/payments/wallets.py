"""Which ways to pay the payment page offers, to be told before a buyer goes there.

Facts come from the account's default payment method configuration (contracts/stripe.md); a way counts when it is
switched on there and granted to the account. Which of them a buyer sees in the end depends on their device, country and
currency: so they are told as what there is, never promised. What a configuration calls a way, and how it is told, is
here and nowhere else; unknown ways are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: as the configuration calls it → as buyers know it (names of their own, in every language)
NAMES = {
    "card": "Visa, Mastercard",
    "apple_pay": "Apple Pay",
    "google_pay": "Google Pay",
    "link": "Link",
    "paypal": "PayPal",
    "klarna": "Klarna",
    "amazon_pay": "Amazon Pay",
    "revolut_pay": "Revolut Pay",
    "ideal": "iDEAL",
    "bancontact": "Bancontact",
    "eps": "EPS",
    "p24": "Przelewy24",
    "blik": "BLIK",
    "twint": "TWINT",
    "mobilepay": "MobilePay",
    "swish": "Swish",
    "sepa_debit": "SEPA",
    "cashapp": "Cash App Pay",
    "affirm": "Affirm",
    "afterpay_clearpay": "Afterpay",
    "alipay": "Alipay",
    "wechat_pay": "WeChat Pay",
}


def ways_in(configurations: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Keys of NAMES that the default configuration offers, in our order."""
    chosen = next((c for c in configurations if c.get("is_default") and c.get("active")), None)
    if chosen is None:
        return ()
    return tuple(name for name in NAMES if _is_offered(chosen.get(name)))


def _is_offered(way: Any) -> bool:
    if not isinstance(way, Mapping) or way.get("available") is not True:
        return False
    preference = way.get("display_preference")
    return isinstance(preference, Mapping) and preference.get("value") == "on"


def marks_of(stored: Mapping[str, Any] | None) -> list[str]:
    """What pages tell, from store_profile.payment_marks: the merchant’s own choice, else what Stripe said."""
    stored = stored or {}
    own, found = stored.get("own"), stored.get("found")
    chosen = own if isinstance(own, list) else found if isinstance(found, list) else []
    return [NAMES[name] for name in NAMES if name in chosen]
