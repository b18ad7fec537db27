"""Sentences for people, raised in one place and said in another.

A domain does not know who reads its refusal. `mark` gives the English sentence, which is text like any other (logs, the
panel, the API), and remembers what it was made of; `tell` says it again in the language of whoever is shown it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext


class Marked(str):
    """An English sentence with its msgid and the values put into it, which may be marked themselves."""

    __slots__ = ("msgid", "values")
    msgid: str
    values: dict[str, Any]


def mark(text: str, /, **values: object) -> Marked:
    """mark("Use at most %(n)s characters.", n=256): found by `pybabel extract`, said by `tell`."""
    marked = Marked(text % values if values else text)
    marked.msgid, marked.values = text, values
    return marked


def together(sentences: Iterable[str]) -> Marked:
    """Several of them, one after the other."""
    parts = {f"s{n}": sentence for n, sentence in enumerate(sentences)}
    return mark(" ".join(f"%({name})s" for name in parts), **parts)


def tell(text: str) -> str:
    """In the language of this request; what was never marked, or is not in the catalogue, as it stands."""
    if not isinstance(text, Marked):
        return gettext(text) if text else ""
    said = gettext(text.msgid)
    if not text.values:
        return said
    return said % {name: tell(v) if isinstance(v, str) else v for name, v in text.values.items()}


def tell_all(errors: Mapping[str, str]) -> dict[str, str]:
    """The messages beside a form's fields."""
    return {name: tell(message) for name, message in errors.items()}
