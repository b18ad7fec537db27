"""Shopify's search syntax, as far as this stand-in knows it: `name:value`, `name:'value'`, `updated_at:>='…'`."""

from __future__ import annotations

import re

from sandbox.shopify.executing import Wrong
from sandbox.shopify.shopfront import seconds_of

_WORD = re.compile(r"([a-z_]+):(>=|<=|>|<)?(?:'([^']*)'|\"([^\"]*)\"|(\S+))|(\S+)")
KNOWN = frozenset({"updated_at", "status", "sku", "source_identifier", "email", "name", "test"})


def words_of(query: str) -> dict[str, str]:
    """Filters by name; "" holds what stands alone. Raises Wrong for one that this stand-in does not know."""
    found: dict[str, str] = {}
    for name, _, one, two, three, alone in _WORD.findall(query):
        if alone:
            found[""] = f"{found.get('', '')} {alone}".strip()
            continue
        if name not in KNOWN:
            raise Wrong(f"this stand-in does not know the filter {name}")
        found[name] = one or two or three
    return found


def since_of(query: str) -> float:
    """The second of `updated_at:>=`; 0 without. Raises ValueError."""
    told = words_of(query).get("updated_at")
    return seconds_of(told) if told else 0.0
