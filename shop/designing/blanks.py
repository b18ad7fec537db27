"""A blank as one provider prints it, read from their answers: what can be chosen, and where it can be printed. Pure.

Source: contracts/printify.md §5.2. Their answers are hostile input: whatever does not fit is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop.catalog.html import one_line

MOST_BLANKS = 5000
MOST_VARIANTS = 2048


@dataclass(frozen=True)
class Blank:
    id: int
    title: str
    brand: str
    model: str


@dataclass(frozen=True)
class Position:
    """Where a picture can be put. Pixels of the printed area."""

    name: str
    width: int
    height: int

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class BlankVariant:
    id: int
    title: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Printable:
    """`axes`: option name → its values, in their order ("color" → White, Black; "size" → S, M)."""

    variants: Sequence[BlankVariant]
    axes: Mapping[str, Sequence[str]]
    positions: Sequence[Position]

    @property
    def priced_axis(self) -> str:
        """The option whose values may have prices of their own: sizes; "" where there is one price for all."""
        return next((name for name in self.axes if "size" in name.lower()), "")


def read_blanks(told: Sequence[Mapping[str, Any]]) -> list[Blank]:
    blanks = [
        Blank(row["id"], one_line(str(row.get("title") or ""), 200), _word(row, "brand"), _word(row, "model"))
        for row in told[:MOST_BLANKS]
        if _is_id(row.get("id")) and row.get("title")
    ]
    return sorted(blanks, key=lambda b: b.title.lower())


def find_blanks(blanks: Sequence[Blank], words: str, most: int) -> list[Blank]:
    """Those in whose title, brand or model each word occurs."""
    wanted = words.lower().split()
    found = [b for b in blanks if all(w in f"{b.title} {b.brand} {b.model}".lower() for w in wanted)]
    return found[:most]


def read_printable(told: Sequence[Mapping[str, Any]]) -> Printable:
    """What `variants.json` says of a blank and provider."""
    variants: list[BlankVariant] = []
    axes: dict[str, dict[str, None]] = {}
    positions: dict[str, Position] = {}
    for row in told[:MOST_VARIANTS]:
        options = row.get("options")
        if not _is_id(row.get("id")) or not isinstance(options, dict):
            continue
        named = {one_line(str(k), 40): one_line(str(v), 80) for k, v in list(options.items())[:3]}
        variants.append(BlankVariant(row["id"], one_line(str(row.get("title") or row["id"]), 200), named))
        for name, value in named.items():
            axes.setdefault(name, {})[value] = None
        for place in row.get("placeholders") or ():
            position = _position(place)
            if position is not None:
                positions.setdefault(position.name, position)
    names = sorted(axes, key=lambda name: ("size" in name.lower(), name))  # JSON objects keep no order: sizes come last
    return Printable(variants, {name: list(axes[name]) for name in names}, list(positions.values()))


def _position(place: Any) -> Position | None:
    if not isinstance(place, dict) or not isinstance(place.get("position"), str):
        return None
    width, height = place.get("width"), place.get("height")
    if not _is_id(width) or not _is_id(height):
        return None
    return Position(one_line(place["position"], 40), width, height)  # type: ignore[arg-type]


def _word(row: Mapping[str, Any], name: str) -> str:
    return one_line(str(row.get(name) or ""), 80)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
