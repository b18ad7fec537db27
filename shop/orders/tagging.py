"""Tags of orders: short words a shop sorts its orders by."""

from __future__ import annotations

import unicodedata

from shop.errors import InvalidInput

MOST_TAGS = 20
MOST_CHARS = 40


def read_tags(raw: str) -> list[str]:
    """ "Gift, VIP ,gift" -> ["Gift", "VIP"]: in their order, each once whatever its case. Raises InvalidInput."""
    if len(raw) > 2000:
        raise InvalidInput(fields={"tags": "Those are too many tags."})
    found: dict[str, str] = {}
    for part in raw.split(","):
        kept = "".join(c for c in unicodedata.normalize("NFC", part) if unicodedata.category(c)[0] != "C")
        tag = " ".join(kept.split())
        if len(tag) > MOST_CHARS:
            raise InvalidInput(fields={"tags": f"A tag has at most {MOST_CHARS} letters."})
        if tag:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        raise InvalidInput(fields={"tags": f"An order has at most {MOST_TAGS} tags."})
    return list(found.values())
