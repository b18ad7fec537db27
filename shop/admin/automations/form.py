"""The fields of an automation: how it fills them, and what came of them, every wrong one told at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from shop.admin.reading_forms import amount, choice, email, plain_amount, text
from shop.automations.keeping import Wanted
from shop.automations.models import Automation
from shop.automations.rules import Conditions
from shop.core.transaction import release_connection
from shop.errors import InvalidInput
from shop.orders.tagging import read_tags
from shop.tenancy.profile import current_profile
from shop.webhook_delivery.endpoints import check_url
from shop.webhook_delivery.events import EVENTS

T = TypeVar("T")
LABELS = {
    "name": "Name",
    "event": "When",
    "total": "Total at least",
    "countries": "Countries",
    "channels": "Channels",
    "tags": "Tags",
    "skus": "Products or SKUs",
    "rating": "Stars",
    "url": "Address to call",
    "letter_to": "Letter to",
    "letter_title": "Title",
    "letter_text": "Text",
    "tag_order": "Tag for the order",
    "tag_customer": "Tag for the customer",
}
RATINGS = {"": "Any", "1": "1 star", "2": "2 stars or fewer", "3": "3 stars or fewer", "4": "4 stars or fewer"}
PLACEHOLDERS = ("order", "total", "country", "channel", "stars", "product", "why")
MOST_WORDS, LONGEST_WORD = 20, 120


def fill(row: Automation | None, url: str = "") -> dict[str, str]:
    """The fields as the row fills them."""
    if row is None:
        return dict.fromkeys(LABELS, "") | {"event": "order.placed"}
    asked, letter = row.conditions, row.actions.get("letter") or {}
    total = asked.get("total_at_least_minor")
    lists = {name: ", ".join(asked.get(name, ())) for name in ("countries", "channels", "tags", "skus")}
    return {
        "name": row.name,
        "event": row.event,
        "total": plain_amount(total, asked.get("currency", "EUR")) if total is not None else "",
        **lists,
        "rating": str(asked.get("rating_at_most") or ""),
        "url": url,
        **{f"letter_{name}": letter.get(name, "") for name in ("to", "title", "text")},
        "tag_order": row.actions.get("tag_order", ""),
        "tag_customer": row.actions.get("tag_customer", ""),
    }


def typed_in(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form.get(name, "").replace("\0", "").strip()[:5000] for name in LABELS}


def read(typed: Mapping[str, str]) -> Wanted:
    """Raises InvalidInput with every wrong field. Asks the name servers for the address: outside a transaction."""
    errors: dict[str, str] = {}

    def take(work: Callable[[], T], otherwise: T) -> T:
        try:
            return work()
        except InvalidInput as error:
            errors.update(error.fields)
            return otherwise

    currency = current_profile().currency
    name = take(lambda: text(typed, "name", "The name", 120), "")
    event = take(lambda: choice(typed, "event", "When", EVENTS), "")
    total = take(lambda: amount(typed, "total", "The total", currency, required=False), 0)
    conditions = Conditions(
        total_at_least_minor=total or None,
        currency=currency if total else "",
        countries=take(lambda: _countries(typed), ()),
        channels=take(lambda: _words(typed, "channels"), ()),
        tags=take(lambda: _words(typed, "tags"), ()),
        skus=take(lambda: _words(typed, "skus"), ()),
        rating_at_most=int(take(lambda: choice(typed, "rating", "Stars", RATINGS), "") or 0) or None,
    )
    actions = {"letter": take(lambda: _letter(typed), None)}
    actions |= {name: take(lambda n=name: _tag(typed, n), "") for name in ("tag_order", "tag_customer")}  # type: ignore[misc]
    url = ""
    if typed["url"]:
        release_connection()
        url = take(lambda: check_url(typed["url"]), "")
    kept = {name: value for name, value in actions.items() if value}
    if not errors and not kept and not url:
        errors["url"] = "Say what is to be done: call an address, send a letter, or tag."
    if errors:
        raise InvalidInput(fields=errors)
    return Wanted(name, event, conditions, kept, url)


def _letter(typed: Mapping[str, str]) -> dict[str, str] | None:
    if not any(typed[f"letter_{name}"] for name in ("to", "title", "text")):
        return None
    return {
        "to": email(typed, "letter_to", "The address of the letter"),
        "title": text(typed, "letter_title", "The title of the letter", 150),
        "text": text(typed, "letter_text", "The text of the letter", 2000, required=False, lines=True),
    }


def _tag(typed: Mapping[str, str], name: str) -> str:
    try:
        found = read_tags(typed[name])
    except InvalidInput as error:
        raise InvalidInput(fields={name: error.user_message}) from error
    if len(found) > 1:
        raise InvalidInput(fields={name: "One tag only, without commas."})
    return found[0] if found else ""


def _words(typed: Mapping[str, str], name: str) -> tuple[str, ...]:
    """ "A, b ,A" → ("A", "b")."""
    said = text(typed, name, LABELS[name], MOST_WORDS * LONGEST_WORD, required=False)
    words: dict[str, str] = {}
    for part in said.split(","):
        if word := " ".join(part.split()):
            words.setdefault(word.casefold(), word)
    if len(words) > MOST_WORDS:
        raise InvalidInput(fields={name: f"{LABELS[name]}: at most {MOST_WORDS}."})
    if any(len(word) > LONGEST_WORD for word in words.values()):
        raise InvalidInput(fields={name: f"{LABELS[name]}: each has at most {LONGEST_WORD} characters."})
    return tuple(words.values())


def _countries(typed: Mapping[str, str]) -> tuple[str, ...]:
    found = tuple(word.upper() for word in _words(typed, "countries"))
    wrong: list[Any] = [word for word in found if not re.fullmatch("[A-Z]{2}", word)]
    if wrong:
        raise InvalidInput(fields={"countries": "Write countries by their two letters, like DE, AT, CH."})
    return found
