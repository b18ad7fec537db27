"""Take a person out of a text or a JSON value. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from shop.workflows.personal_data import SHORTEST_WORD, Person

ERASED = "[erased]"
#: keys whose values are a person's, in our facts and in what Stripe and Printify send
PERSONAL = frozenset(
    {
        "email", "customer_email", "receipt_email", "to_email", "phone", "customer_name", "first_name", "last_name",
        "full_name", "line1", "line2", "address1", "address2", "city", "postal_code", "zip", "receipt_number",
        "last4", "fingerprint", "ip", "ip_address", "customer_purchase_ip", "customer_email_address", "billing_address",
        "shipping_address", "customer_signature", "iban", "bank_code", "verified_name", "verified_email",
    }
)  # fmt: skip
#: a "name" or a "region" is a person's only beside one of these
BESIDE = frozenset({"email", "phone", "line1", "address1", "postal_code", "zip", "city", "address", "last4"})
ONLY_BESIDE = frozenset({"name", "state", "region", "company", "address", "address_lines", "ship_to", "bill_to"})


class Redactor:
    """Made once for a person."""

    def __init__(self, person: Person) -> None:
        self._all = _pattern([*person.spellings, *person.words])

    def text(self, value: str) -> str:
        """Without their addresses, names, numbers."""
        return self._all.sub(ERASED, value) if self._all else value

    def json(self, value: Any) -> Any:
        """The same shape, without what is personal by its key or by what it says."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if not isinstance(value, dict):
            return value
        is_person = bool(BESIDE & {str(key).lower() for key in value})
        kept: dict[str, Any] = {}
        for key, item in value.items():
            name = str(key).lower()
            is_theirs = name in PERSONAL or (is_person and name in ONLY_BESIDE)
            if not is_theirs or item is None or isinstance(item, bool):
                kept[self.text(str(key))] = self.json(item)
            elif isinstance(item, dict):
                kept[str(key)] = self.json(item)
            else:
                kept[str(key)] = ERASED
        return kept


def words_in(value: Any) -> Iterator[str]:
    """What JSON says about a person under the keys above: an earlier address, another spelling of the name."""
    if isinstance(value, list):
        for item in value:
            yield from words_in(item)
    if not isinstance(value, dict):
        return
    is_person = bool(BESIDE & {str(key).lower() for key in value})
    for key, item in value.items():
        name = str(key).lower()
        if isinstance(item, str) and (name in PERSONAL or (is_person and name == "name")):
            word = " ".join(item.split())
            if len(word) >= SHORTEST_WORD and word != ERASED and not (word.isdigit() and len(word) < 4):
                yield word
        else:
            yield from words_in(item)


def _pattern(words: list[str]) -> re.Pattern[str] | None:
    """Longest first, so that a whole name goes before its parts."""
    found = sorted({word for word in words if word}, key=len, reverse=True)
    if not found:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in found)})(?!\w)", re.IGNORECASE)
