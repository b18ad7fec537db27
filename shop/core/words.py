"""Words that are said elsewhere than where they stand."""

from __future__ import annotations


def N_(text: str) -> str:
    """Marks a text for the translators; it is translated where it is shown, with `_`."""
    return text
