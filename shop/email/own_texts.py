"""A merchant's own words in a letter: plain text with placeholders from a fixed list, filled in one pass and escaped.

Nothing here is a template: `{order_number}` is looked up, everything else is text. A part whose placeholder is unknown
or has nothing to say in this letter falls back to our words, so a text can never stop a letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from markupsafe import Markup, escape
from sqlalchemy import select

from shop.core.scope import current_store
from shop.email.models import LetterTexts
from shop.errors import InvalidInput
from shop.extensions import db
from shop.tenancy.profile import current_versions, on_forget

#: part of a letter → (what it is called, most characters)
PARTS: dict[str, tuple[str, int]] = {
    "subject": ("Subject", 150),
    "heading": ("Heading", 150),
    "intro": ("Opening text", 2000),
    "outro": ("Closing text", 2000),
}
MOST_VALUE = 300
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


@dataclass(frozen=True)
class Placeholder:
    """`path` leads to its value in the letter's facts (email/samples.py); `first_word` takes only that."""

    name: str
    means: str
    path: tuple[str, ...]
    first_word: bool = False


_SHOP = (
    Placeholder("shop_name", "the shop’s name", ("brand", "name")),
    Placeholder("support_email", "your address for buyers", ("brand", "support_email")),
)
_NUMBER = (Placeholder("order_number", "the order’s number", ("order", "number")),)
_ORDER = (
    *_NUMBER,
    Placeholder("first_name", "the buyer’s first name", ("order", "customer_name"), first_word=True),
    Placeholder("customer_name", "the buyer’s name", ("order", "customer_name")),
    Placeholder("order_date", "the day of the order", ("order", "placed_on")),
)
_PARCEL = (
    *_ORDER,
    Placeholder("carrier", "who carries the parcel", ("parcel", "carrier")),
    Placeholder("tracking_number", "the parcel’s number", ("parcel", "number")),
)
_CONTACT = (
    Placeholder("first_name", "the writer’s first name", ("name",), first_word=True),
    Placeholder("name", "the writer’s name", ("name",)),
    Placeholder("order_number", "the order it is about", ("order_number",)),
)
_EXPIRES = (Placeholder("expires", "until when the link works", ("expires",)),)
_RETURN = (
    *_ORDER,
    Placeholder("return_number", "the return’s number", ("back", "number")),
)
_OF_LETTER: dict[str, tuple[Placeholder, ...]] = {
    "order_confirmation": _ORDER,
    "shipped": _PARCEL,
    "delivered": _PARCEL,
    "refunded": (
        *_ORDER,
        Placeholder("refund_amount", "how much goes back", ("refund", "amount")),
        Placeholder("refund_reason", "why", ("refund", "reason")),
    ),
    "cancelled": (
        *_ORDER,
        Placeholder("refund_amount", "how much goes back", ("cancellation", "refund")),
        Placeholder("cancellation_reason", "why", ("cancellation", "reason")),
    ),
    "review_request": _ORDER,
    "order_link": _NUMBER,
    "payment_link": (
        Placeholder("first_name", "the customer’s first name", ("name",), first_word=True),
        Placeholder("name", "the customer’s name", ("name",)),
        Placeholder("expires", "until when the link works", ("expires",)),
    ),
    "return_received": _RETURN,
    "return_question": (*_RETURN, Placeholder("question", "what you ask", ("back", "question"))),
    "return_approved": _RETURN,
    "return_declined": _RETURN,
    "return_settled": (*_RETURN, Placeholder("refund_amount", "how much goes back", ("back", "amount"))),
    "withdrawal_receipt": (
        Placeholder("reference", "the declaration’s number", ("withdrawal", "reference")),
        Placeholder("received", "when it was received", ("withdrawal", "received")),
    ),
    "merchant_new_order": _ORDER,
    "payment_failed": (Placeholder("reason", "what the bank said", ("checkout", "problem")),),
    "abandoned_cart": _EXPIRES,
    "abandoned_cart_second": _EXPIRES,
    "abandoned_cart_last": _EXPIRES,
    "stock_confirm": (Placeholder("title", "what somebody waits for", ("title",)),),
    "contact": _CONTACT,
    "contact_received": _CONTACT,
    "merchant_failure": (
        Placeholder("what", "what happened", ("what",)),
        Placeholder("why", "why", ("why",)),
        Placeholder("hint", "what to do", ("hint",)),
    ),
    "merchant_notice": (
        Placeholder("title", "what happened", ("title",)),
        Placeholder("text", "more about it", ("text",)),
    ),
    "catalog_stale": (
        Placeholder("age", "how old the catalogue is", ("age",)),
        Placeholder("since", "when it was last read", ("since",)),
        Placeholder("why", "why", ("why",)),
    ),
}


def may_be_reworded(letter: str) -> bool:
    """Letters about an account stay in our words: a warning must not say something else. A newsletter has its own."""
    return letter != "newsletter" and not letter.startswith(("staff_", "account_"))


def placeholders_of(letter: str) -> tuple[Placeholder, ...]:
    """What may stand in this letter's texts."""
    return (*_OF_LETTER.get(letter, ()), *_SHOP)


def check_text(letter: str, part: str, text: str) -> None:
    """Raises InvalidInput (field `part`) for a placeholder that this letter does not know, naming it."""
    known = {p.name for p in placeholders_of(letter)}
    for found in _BRACES.finditer(text):
        name = found[1]
        if name is None:
            raise InvalidInput(fields={part: "A brace lacks its other half. Placeholders look like {shop_name}."})
        if name not in known:
            may = ", ".join("{" + n + "}" for n in sorted(known))
            raise InvalidInput(fields={part: f"This letter does not know {{{name[:40]}}}. It knows: {may}."})


def own_words(letter: str, facts: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, str]:
    """{part: text} with every placeholder filled in; parts that cannot be filled are left out. Not escaped."""
    if not may_be_reworded(letter):
        return {}
    values = {p.name: _value(facts, p) for p in placeholders_of(letter)}
    words = {}
    for part in PARTS:
        text = texts.get(part)
        filled = _fill(text, values) if isinstance(text, str) and text.strip() else None
        if filled:
            words[part] = filled
    return words


def as_html(words: Mapping[str, str]) -> dict[str, Markup]:
    """Escaped, line ends kept."""
    return {part: Markup(escape(text).replace("\n", Markup("<br>\n"))) for part, text in words.items()}  # noqa: S704


def marked_facts(letter: str, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with each placeholder in the place of its value, to see our own words with placeholders."""
    marked = facts
    for p in placeholders_of(letter):
        if not p.first_word:
            marked = _with(marked, p.path, "{" + p.name + "}")
    return marked


def saved_texts(letter: str, locale: str) -> dict[str, Any]:
    """What the merchant wrote for this letter in this language. No statement while the settings stay as they are."""
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    version = current_versions().settings
    held = _held.get(key)
    if held is None or held[0] != version:
        rows = db.session.execute(select(LetterTexts.letter, LetterTexts.locale, LetterTexts.texts)).all()
        held = _held[key] = (version, {(row[0], row[1]): row[2] for row in rows if isinstance(row[2], dict)})
    return held[1].get((letter, locale), {})


_held: dict[str, tuple[int, dict[tuple[str, str], dict[str, Any]]]] = {}


def _fill(text: str, values: Mapping[str, str]) -> str | None:
    """One pass: what a value says is never looked at again. None: a placeholder is unknown or has nothing to say."""
    parts, at = [], 0
    for found in _BRACES.finditer(text):
        value = values.get(found[1]) if found[1] is not None else None
        if not value:
            return None
        parts += [text[at : found.start()], value]
        at = found.end()
    return "".join([*parts, text[at:]]).strip()


def _value(facts: Mapping[str, Any], p: Placeholder) -> str:
    found: Any = facts
    for step in p.path:
        found = found.get(step) if isinstance(found, Mapping) else None
    value = " ".join(str(found).split())[:MOST_VALUE] if isinstance(found, str | int) else ""
    return value.split(" ")[0] if p.first_word else value


def _with(facts: dict[str, Any], path: tuple[str, ...], value: str) -> dict[str, Any]:
    if len(path) == 1:
        return {**facts, path[0]: value}
    inner = facts.get(path[0])
    return {**facts, path[0]: _with(inner if isinstance(inner, dict) else {}, path[1:], value)}


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
