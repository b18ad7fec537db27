"""What to do about a failure, in plain words: by the kind of work, and by what the other side said."""

from __future__ import annotations

import re

_KEY = "{who} does not accept our key. Put a working one in under Settings → Services, press “Check”, then “Try again”."
_AWAY = "{who} did not answer for a day. When it works again, press “Try again”: nothing is done twice."

#: kind → (pattern in the reason, hint); the first that fits
_BY_REASON: dict[str, tuple[tuple[str, str], ...]] = {
    "fulfilment_orders": (
        (
            r"not linked to a print product",
            "Refresh the catalogue so that the variant is linked to Printify again, or swap it for another one on"
            " the order’s page. Then press “Try again”.",
        ),
        (
            r"\b(payment|balance|billing|credit card|charge)",
            "Printify could not charge you. Settle it in your Printify account (Payments), then press “Try again”.",
        ),
        (
            r"address|zip|postal|country|region|city|phone",
            "Printify does not accept the address. Open the order, correct it, then press “Try again”. If in "
            "doubt, ask the buyer.",
        ),
        (
            r"out of stock|unavailable|discontinued|not available|disabled|no longer",
            "This cannot be printed any more. Open the order: swap the variant, or cancel and refund.",
        ),
        (
            r"cancelled this order|does not know this order",
            "It will not be printed as it stands. Open the order: send it again, or cancel it and refund the buyer.",
        ),
        (
            r"image|artwork|design|resolution|copyright|trademark",
            "Printify has a complaint about the design. Settle it in your Printify account, then press “Try again”.",
        ),
    ),
    "letters": (
        (
            r"no such|unknown user|does not exist|mailbox unavailable|\b5\.1\.[0-6]|invalid recipient",
            "The address does not exist. Correct it on the order and send the letter again, or give up.",
        ),
        (
            r"\bfull\b|quota|\b[45]\.2\.2",
            "The reader’s mailbox is full. Try again tomorrow, or reach them another way.",
        ),
        (
            r"spam|blocked|blacklist|reputation|dmarc|spf|\b5\.7\.",
            "Their mail server refuses mail of your domain. Check SPF, DKIM and DMARC of your sender address with"
            " your mail provider, then try again.",
        ),
        (
            r"sender|from address|verified|verify",
            "The sender’s address is not verified at the mail provider. Verify it there, then press “Try again”.",
        ),
        (
            r"cannot be written",
            "The letter’s text has a mistake. Open Letters, correct or reset the text, then try again.",
        ),
    ),
    "refunds": (
        (
            r"already.{0,20}refunded|charge_already_refunded",
            "It was refunded at Stripe already. Give up: the order learns the truth from Stripe by itself.",
        ),
        (
            r"insufficient|balance",
            "Your Stripe balance does not cover it. Top it up at Stripe or wait for sales, then press “Try again”.",
        ),
        (
            r"disput",
            "The payment is disputed, so Stripe refunds nothing. Answer or accept the dispute instead; give up here.",
        ),
        (
            r"expired|too old|days",
            "The payment is too old to be refunded on the card. Pay the buyer another way; give up here.",
        ),
        (
            r"no such|resource_missing",
            "Stripe does not know this payment: was the key of another account put in? Check Settings → Services.",
        ),
    ),
    "dispute_answers": (
        (
            r"past due|deadline|\bclosed\b|no longer|already (won|lost)",
            "The bank takes no answer any more. Give up: the outcome comes by itself.",
        ),
        (
            r"file|size|too large|type",
            "A file does not suit Stripe. Open the dispute, take it out or replace it, and send again.",
        ),
    ),
    "images": (
        (
            r"answered (403|404|410)|not found",
            "The picture is not there any more. Refresh the catalogue; if Printify has a new one, it replaces "
            "this. Else give up.",
        ),
        (
            r"too large|pixels|not an image|cannot identify",
            "The file is no usable picture. Replace it at Printify, refresh the catalogue, then give up here.",
        ),
        (
            r"not fetched|not public",
            "Its address leads somewhere the shop does not fetch from. Replace the picture at Printify.",
        ),
    ),
    "inbound_events": (
        (
            r"without line items|could not be read|do not know|unexpected",
            "The other service answered in a way the shop does not know. Press “Try again”; if it stays, tell "
            "support the reason, and give up: the regular readers go on.",
        ),
    ),
    "channel_events": (
        (
            r".",
            "The platform told that something changed there, and it could not be read. The regular sync reads it too: "
            "press “Try again”, or give up when the sync has been through since.",
        ),
    ),
    "catalog_runs": (
        (
            r"truncated|empty|ended early",
            "Printify’s list came incomplete, so nothing was changed. Press “Try again”.",
        ),
    ),
    "new_products": (
        (
            r"image|artwork|resolution|pixels",
            "Printify does not take the picture. Upload a better one and compose the product again.",
        ),
    ),
}

_SERVICES = {
    "fulfilment_orders": "Printify", "catalog_runs": "Printify", "images": "Printify", "new_products": "Printify",
    "refunds": "Stripe", "dispute_answers": "Stripe", "letters": "The mail provider",
}  # fmt: skip
_KEY_REFUSED = re.compile(
    r"does not accept our key|refused our key|\b40[13]\b|unauthor|authenticat|\b535\b|api key", re.IGNORECASE
)

GENERAL = {
    "merchant": "Have a look at the reason, put it right where it says, then press “Try again”.",
    "us": "This is a fault on our side. Press “Try again”; if it comes back, tell support the reason shown.",
    "wait": "It was tried many times. Press “Try again” when the other service works again.",
}


def hint_for(kind: str, error_kind: str, why: str) -> str:
    """One or two sentences that say what to do next."""
    for pattern, hint in _BY_REASON.get(kind, ()):
        if re.search(pattern, why, re.IGNORECASE):
            return hint
    who = _SERVICES.get(kind) or _named_in(why)
    if who and _KEY_REFUSED.search(why):
        return _KEY.format(who=who)
    if who and error_kind == "wait":
        return _AWAY.format(who=who)
    return GENERAL.get(error_kind, GENERAL["us"])


def _named_in(why: str) -> str:
    start = why[:40].lower()
    return next((name for name in ("Stripe", "Printify") if name.lower() in start), "")
