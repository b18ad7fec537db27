"""Stripe's test cards and what each of them does. Source: contracts/stripe.md §12."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """``decline`` is ``(code, decline_code, message)``; ``dispute`` and ``refund`` say what happens afterwards."""

    number: str
    says: str
    decline: tuple[str, str, str] | None = None
    challenge: bool = False
    dispute: str | None = None
    refund: str | None = None


_DECLINED = "Your card was declined."
CARDS = (
    Card("4242424242424242", "succeeds"),
    Card("5555555555554444", "succeeds"),
    Card("378282246310005", "succeeds"),
    Card("4000000000000002", "is declined", ("card_declined", "generic_decline", _DECLINED)),
    Card(
        "4000000000009995",
        "has insufficient funds",
        ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    ),
    Card("4000000000000069", "has expired", ("expired_card", "expired_card", "Your card has expired.")),
    Card(
        "4000000000000127",
        "has another security code",
        ("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    ),
    Card(
        "4000000000000119",
        "meets a processing error",
        (
            "processing_error",
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
    Card("4000002760003184", "asks for 3-D Secure", challenge=True),
    Card("4000002500003155", "asks for 3-D Secure", challenge=True),
    Card("4000000000000259", "is disputed later as fraud", dispute="fraudulent"),
    Card("4000000000002685", "is disputed later: not received", dispute="product_not_received"),
    Card("4000000000007726", "refunds slowly", refund="pending"),
    Card("4000000000005126", "fails its refund later", refund="fails"),
)
BY_NUMBER = {card.number: card for card in CARDS}
NOT_A_TEST_CARD = (
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, "
    "visit: https://stripe.com/docs/testing.",
)
# Shown on the payment page, with what each is good for.
SHOWN = ("4242424242424242", "4000000000000002", "4000000000009995", "4000002760003184", "4000000000000259")


def digits(typed: str) -> str:
    """A card number without its spaces and dashes."""
    return re.sub(r"[\s-]", "", typed)


def looks_right(number: str) -> bool:
    """12–19 digits that pass the Luhn check."""
    if not re.fullmatch(r"\d{12,19}", number):
        return False
    total = 0
    for place, letter in enumerate(reversed(number)):
        value = int(letter) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def brand(number: str) -> str:
    if number.startswith("4"):
        return "visa"
    if re.match(r"5[1-5]|2[2-7]", number):
        return "mastercard"
    if re.match(r"3[47]", number):
        return "amex"
    return "discover" if number.startswith("6") else "unknown"


def spaced(number: str) -> str:
    """``4242 4242 4242 4242``, as printed on the card."""
    if number.startswith("3"):
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
