"""Three-way comparison, field by field: what was when both sides last agreed (base), what is here (ours), what is there
(theirs). Pure.

    only they changed it    → it comes here, where this connection reads
    only we changed it      → it goes there, where this connection writes
    both, to the same       → agreed
    both, differently       → a conflict: the field's rule settles it, or a person does

A field that one side cannot hold is absent from its fields, never None: what is absent is left alone on both sides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

Fields = Mapping[str, Any]


class Rule(StrEnum):
    """Who is right where both changed the same field."""

    OURS = "ours"
    THEIRS = "theirs"
    NEWEST = "newest"
    ASK = "ask"


class Direction(StrEnum):
    IMPORT = "import"
    EXPORT = "export"
    BOTH = "both"

    @property
    def reads(self) -> bool:
        return self is not Direction.EXPORT

    @property
    def writes(self) -> bool:
        return self is not Direction.IMPORT


@dataclass(frozen=True)
class Clash:
    """Both sides changed this field, and nobody may decide but a person: the three columns of the review page."""

    field: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True)
class Compared:
    """What to write on each side, what to ask, and what both agree on afterwards."""

    to_ours: dict[str, Any] = field(default_factory=dict)
    to_theirs: dict[str, Any] = field(default_factory=dict)
    clashes: tuple[Clash, ...] = ()
    base: dict[str, Any] = field(default_factory=dict)
    #: fields that only one side changed and that do not travel, as the connection does not read or write
    kept: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        return not (self.to_ours or self.to_theirs or self.clashes)


MISSING: Any = object()  # no base: the two sides meet for the first time


def compare(
    base: Fields | None,
    ours: Fields,
    theirs: Fields,
    *,
    direction: Direction = Direction.BOTH,
    rules: Mapping[str, Rule] | None = None,
    default: Rule = Rule.ASK,
    ours_at: datetime | None = None,
    theirs_at: datetime | None = None,
) -> Compared:
    """`rules`: by field's name, or by its kind (what stands after the last dot: "price_minor"). `base` None: first
    meeting; then a difference is settled by the direction, and by the rule where it goes both ways."""
    found = Compared()
    clashes, kept = [], []
    for name in sorted(ours.keys() & theirs.keys()):
        here, there = ours[name], theirs[name]
        before = MISSING if base is None else base.get(name, MISSING)
        if here == there:
            found.base[name] = here
            continue
        side = _side(before, here, there, direction)
        if side is None:
            side = _by_rule(_rule_of(name, rules or {}, default), ours_at, theirs_at)
        if side is None:
            clashes.append(Clash(name, None if before is MISSING else before, here, there))
            if before is not MISSING:
                found.base[name] = before
        elif side == "theirs" and direction.reads:
            found.to_ours[name] = found.base[name] = there
        elif side == "ours" and direction.writes:
            found.to_theirs[name] = found.base[name] = here
        else:
            kept.append(name)
            if before is not MISSING:
                found.base[name] = before
    return Compared(found.to_ours, found.to_theirs, tuple(clashes), found.base, tuple(kept))


def _side(before: Any, here: Any, there: Any, direction: Direction) -> str | None:
    """Whose value it is without asking a rule; None: both changed it."""
    if before is MISSING:
        return {Direction.IMPORT: "theirs", Direction.EXPORT: "ours", Direction.BOTH: None}[direction]
    if before == here:
        return "theirs"
    return "ours" if before == there else None


def _by_rule(rule: Rule, ours_at: datetime | None, theirs_at: datetime | None) -> str | None:
    if rule is Rule.NEWEST:
        if ours_at is None or theirs_at is None or ours_at == theirs_at:
            return None
        return "ours" if ours_at > theirs_at else "theirs"
    return None if rule is Rule.ASK else str(rule)


def _rule_of(name: str, rules: Mapping[str, Rule], default: Rule) -> Rule:
    return rules.get(name) or rules.get(name.rpartition(".")[2]) or default


def settle(found: Compared, chosen: Mapping[str, str]) -> Compared:
    """The same with some clashes decided by a person: field → "ours" | "theirs". Unknown fields are ignored."""
    to_ours, to_theirs, base, left = dict(found.to_ours), dict(found.to_theirs), dict(found.base), []
    for clash in found.clashes:
        side = chosen.get(clash.field)
        if side == "ours":
            to_theirs[clash.field] = base[clash.field] = clash.ours
        elif side == "theirs":
            to_ours[clash.field] = base[clash.field] = clash.theirs
        else:
            left.append(clash)
    return Compared(to_ours, to_theirs, tuple(left), base, found.kept)


def fingerprint(fields: Fields) -> str:
    """Equal for equal content, whatever the order: what an echo of our own write is known by."""
    return hashlib.sha256(orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()
