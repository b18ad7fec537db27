"""The order people expect sizes in: XS before S before M, 11oz before 15oz, 8×10 before 12×18."""

from __future__ import annotations

import re

_LETTERS = {"xxxs": 0, "xxs": 1, "xs": 2, "s": 3, "small": 3, "m": 4, "medium": 4, "l": 5, "large": 5, "xl": 6}
_EXTRA = re.compile(r"^(\d{1,2})\s?xl$|^(x{2,6})l$")
_NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,3})?")


def size_rank(title: str) -> tuple[int, float, float, str]:
    """A sort key: one size for all, letters, then numbers by value, then the rest by name."""
    text = title.strip().lower()
    if text in ("one size", "os"):
        return (0, 0.0, 0.0, text)
    if text in _LETTERS:
        return (1, float(_LETTERS[text]), 0.0, text)
    extra = _EXTRA.match(text)
    if extra:
        return (1, 5.0 + (int(extra[1]) if extra[1] else len(extra[2])), 0.0, text)
    numbers = [float(n.replace(",", ".")) for n in _NUMBER.findall(text)[:2]]
    if numbers:
        return (2, numbers[0], numbers[1] if len(numbers) > 1 else 0.0, text)
    return (3, 0.0, 0.0, text)
