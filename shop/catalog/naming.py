"""Slugs: readable, unique, and never changed once given."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

MOST_CHARS = 120
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "þ": "th", "&": " and "})


def slugify(title: str) -> str:
    """slugify("Föx & Fern – Tee") -> "fox-and-fern-tee"; "product" when no letter is left."""
    if not title.isascii() or "&" in title:
        spelled = title.lower().translate(_SPELLED)
        title = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    slug = _NOT_WORD.sub("-", title.lower()).strip("-")[:MOST_CHARS].strip("-")
    return slug or "product"


def unique_slug(title: str, external_id: str, taken: Collection[str]) -> str:
    """The title's slug; where that is taken, with an ending made of the outside id: the same every time."""
    base = slugify(title)
    tail = _NOT_WORD.sub("", external_id.lower())
    for candidate in (base, f"{base}-{tail[-6:]}", f"{base}-{tail[-24:]}"):
        if candidate not in taken:
            return candidate
    number = 2
    while f"{base}-{tail[-24:]}-{number}" in taken:
        number += 1
    return f"{base}-{tail[-24:]}-{number}"
