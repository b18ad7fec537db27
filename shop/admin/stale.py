"""Two people fill the same form: what the second is shown, so that nothing either wrote is lost.

A form carries a short mark of each of its fields as they were when it was filled (`marks_of`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from shop.catalog.reading_fields import plain

MOST_MARKS = 250_000  # characters


@dataclass(frozen=True)
class Met:
    """`values`: what the form shows now; `changed`: fields that say something else since, with what they say."""

    values: dict[str, str]
    changed: dict[str, str]


def marks_of(values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={_mark(value)}" for name, value in values.items())


def meet(stored: Mapping[str, str], typed: Mapping[str, str], marks: str) -> Met:
    """Compare what is stored with what was typed into a form with these marks.

    A field changed since, which the second person left alone, takes the stored value; one that both changed keeps what
    was typed. Marks that are missing or garbled count as changed.
    """
    base = dict(part.split("=", 1) for part in marks[:MOST_MARKS].split(",") if "=" in part)
    values, changed = dict(stored), {}
    for name, value in stored.items():
        if name not in typed:
            continue
        values[name] = typed[name]
        if base.get(name) == _mark(value) or plain(typed[name]) == plain(value):
            continue
        changed[name] = value
        if base.get(name) == _mark(typed[name]):
            values[name] = value
    return Met(values, changed)


def _mark(value: str) -> str:
    return hashlib.sha256(plain(value).encode("utf-8", "replace")).hexdigest()[:8]
