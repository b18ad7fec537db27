"""Links that let somebody in: encrypted in a letter's facts, opened only when the letter is sent.

Whoever may look at letters in the panel, or at the database, reads the letter without them.
"""

from __future__ import annotations

from typing import Any

from shop.core.secrets import decrypt, encrypt, is_under_newest_key

_MARK = "sealed"
VEILED = "https://…/(only in the letter itself)"


def seal(text: str) -> dict[str, str]:
    """A fact to put into `request_letter(facts=…)` instead of the text."""
    return {_MARK: encrypt(text)}


def open_sealed(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with what is sealed in clear: for the one who sends. Raises ValueError when no key fits."""
    return {name: decrypt(value[_MARK]) if _is_sealed(value) else value for name, value in facts.items()}


def veil(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with words in place of what is sealed: for everybody else."""
    return {name: VEILED if _is_sealed(value) else value for name, value in facts.items()}


def resealed(facts: dict[str, Any]) -> dict[str, Any] | None:
    """The facts sealed under the newest key, or None when they are already (or hold nothing sealed)."""
    old = {
        name: decrypt(value[_MARK])
        for name, value in facts.items()
        if _is_sealed(value) and not is_under_newest_key(value[_MARK])
    }
    return {**facts, **{name: seal(text) for name, text in old.items()}} if old else None


def _is_sealed(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {_MARK}
