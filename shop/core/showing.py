"""A stored JSON value for reading by staff: secrets and card data hidden, long things cut."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from shop.core.secrets import redact

HIDDEN = "[hidden]"
CHARS, DEEPEST, MOST_ITEMS, LONGEST_TEXT = 20_000, 12, 200, 2000
_SECRET = re.compile(
    r"(?i)secret|password|passwd|token|api_?key|private|credential|authorization|signature"
    r"|^(cvc|cvv|cvc2|pan|iban|fingerprint|account_number|routing_number|exp_month|exp_year|number_full)$"
)
_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")


def shown_json(value: Any, chars: int = CHARS) -> str:
    """Indented, at most `chars` characters; says so where it was cut."""
    text = json.dumps(hide(value), indent=2, ensure_ascii=False, default=str)
    return text if len(text) <= chars else text[:chars] + "\n… cut here"


def hide(value: Any, depth: int = 0) -> Any:
    """The same shape without what nobody needs to read: by the names of fields, and by the look of values."""
    if depth > DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:MOST_ITEMS]
        return {str(k): HIDDEN if v and _SECRET.search(str(k)) else hide(v, depth + 1) for k, v in pairs}
    if isinstance(value, list | tuple):
        return [hide(item, depth + 1) for item in value[:MOST_ITEMS]]
    if isinstance(value, str):
        return _DIGITS.sub(_unless_no_card, redact(value[:LONGEST_TEXT]))
    return value


def _unless_no_card(found: re.Match[str]) -> str:
    """Long numbers that pass the check digit of cards are hidden; other ids stay."""
    digits = [int(c) for c in found[0] if c.isdigit()]
    doubled = [d if n % 2 == 0 else d * 2 - 9 * (d > 4) for n, d in enumerate(reversed(digits))]
    return HIDDEN if sum(doubled) % 10 == 0 else found[0]
