"""What a bank wants to see, by the reason it was told (contracts/stripe.md §7). Pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST_CHARACTERS = 150_000  # all texts together
MOST_BYTES = 4_500_000  # all files together


@dataclass(frozen=True)
class TextField:
    """`name` is the gateway's. `lines`: how high its box is; 1 is one line."""

    name: str
    label: str
    hint: str = ""
    lines: int = 1
    at_most: int = 300


@dataclass(frozen=True)
class FileField:
    name: str
    label: str
    hint: str = ""


@dataclass(frozen=True)
class Reason:
    """`words` are what the buyer says; `advice` is what usually convinces the bank."""

    words: str
    advice: str
    parts: tuple[str, ...]


_TEXTS: dict[str, tuple[TextField, ...]] = {
    "about": (
        TextField("product_description", "What was sold", "As a stranger would understand it", 4, 5000),
        TextField("customer_name", "The buyer’s name"),
        TextField("customer_email_address", "The buyer’s e-mail address"),
        TextField("customer_purchase_ip", "The buyer’s internet address", "Where you know it", at_most=45),
        TextField("billing_address", "Billing address", "", 4, 1000),
    ),
    "shipping": (
        TextField("shipping_address", "Shipped to", "", 4, 1000),
        TextField("shipping_carrier", "Carrier", "Several: with commas"),
        TextField("shipping_tracking_number", "Tracking number", "Several: with commas", at_most=1000),
        TextField("shipping_date", "Shipped on"),
    ),
    "refund": (
        TextField("refund_policy_disclosure", "How the buyer was shown your refund policy", "", 3, 5000),
        TextField("refund_refusal_explanation", "Why the buyer has no right to a refund", "", 4, 10_000),
    ),
    "cancellation": (
        TextField("cancellation_policy_disclosure", "How the buyer was shown your rules for cancelling", "", 3, 5000),
        TextField("cancellation_rebuttal", "Why it was not cancelled in time", "", 4, 10_000),
    ),
    "duplicate": (
        TextField("duplicate_charge_id", "The other payment", "Its id at the payment provider (ch_…)"),
        TextField("duplicate_charge_explanation", "How the two payments differ", "", 4, 10_000),
    ),
    "more": (TextField("uncategorized_text", "Your account of what happened", "Facts with dates", 10, 20_000),),
}
_FILES: dict[str, tuple[FileField, ...]] = {
    "about": (
        FileField("receipt", "Receipt", "The invoice or the order confirmation"),
        FileField("customer_communication", "Letters with the buyer", "What was written before the dispute"),
    ),
    "shipping": (
        FileField("shipping_documentation", "Proof of shipping", "From the carrier, with the address on it"),
        FileField("customer_signature", "The buyer’s signature", "On delivery"),
    ),
    "refund": (FileField("refund_policy", "Your refund policy"),),
    "cancellation": (FileField("cancellation_policy", "Your rules for cancelling"),),
    "duplicate": (FileField("duplicate_charge_documentation", "Papers of both payments"),),
    "more": (FileField("uncategorized_file", "Something else"),),
}
TITLES = {
    "about": "The sale",
    "shipping": "The way to the buyer",
    "refund": "Refunds",
    "cancellation": "Cancelling",
    "duplicate": "The other payment",
    "more": "Your words",
}

REASONS: dict[str, Reason] = {
    "product_not_received": Reason(
        "What I bought never came.",
        "Show that it was delivered: carrier, tracking number, and the address it went to.",
        ("about", "shipping", "refund", "more"),
    ),
    "product_unacceptable": Reason(
        "What came was broken, or not what was described.",
        "Show what the page said, what was sent, and what you offered when they wrote.",
        ("about", "shipping", "refund", "more"),
    ),
    "fraudulent": Reason(
        "I did not make this payment.",
        "Show that the holder of the card bought it: the same name and address as before, letters, a delivery.",
        ("about", "shipping", "more"),
    ),
    "unrecognized": Reason(
        "I do not know this payment.",
        "Show what was bought, by whom, and that it was delivered. Often a reminder settles it.",
        ("about", "shipping", "more"),
    ),
    "duplicate": Reason(
        "I was charged twice.",
        "Show that they are two purchases, or that one was given back.",
        ("about", "duplicate", "shipping", "more"),
    ),
    "credit_not_processed": Reason(
        "A refund I was promised never came.",
        "Show the refund you made, or why none was due.",
        ("about", "refund", "cancellation", "more"),
    ),
    "subscription_canceled": Reason(
        "I had cancelled before I was charged.",
        "Show when it was cancelled and what your rules say.",
        ("about", "cancellation", "refund", "more"),
    ),
}
_OTHER = Reason(
    "Something is wrong with this payment.",
    "Tell what was bought, when it was delivered, and what was written since.",
    ("about", "shipping", "refund", "more"),
)


def reason_of(code: str) -> Reason:
    return REASONS.get(code, _OTHER)


def text_fields(code: str) -> list[tuple[str, tuple[TextField, ...]]]:
    """(heading, fields) for a reason."""
    return [(TITLES[part], _TEXTS[part]) for part in reason_of(code).parts]


def file_fields(code: str) -> list[FileField]:
    return [field for part in reason_of(code).parts for field in _FILES[part]]
