"""What is measured, as rows of one table: a result, the mark it was meant to reach, and the story behind it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTHS = (36, 18, 16)


@dataclass(frozen=True)
class Figure:
    """`met` is None where no mark was set: the figure only informs."""

    what: str
    result: str
    mark: str = ""
    met: bool | None = None
    story: str = ""


def at_least(what: str, value: float, mark: float, unit: str, story: str = "", digits: int = 2) -> Figure:
    return Figure(what, f"{value:,.{digits}f}{unit}", f"≥ {mark:,g}", value >= mark, story)


def at_most(what: str, value: float, mark: float, unit: str, story: str = "", digits: int = 1) -> Figure:
    return Figure(what, f"{value:,.{digits}f}{unit}", f"≤ {mark:,g}", value <= mark, story)


def median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def title(text: str) -> None:
    print(f"\n{text}")
    print("─" * 118, flush=True)


def show(figure: Figure) -> None:
    """One row, at once: a long run shows what it has."""
    sign = {True: "reached", False: "MISSED", None: ""}[figure.met]
    cells = [_fit(text, width) for text, width in zip((figure.what, figure.result, figure.mark), WIDTHS, strict=True)]
    print(f"{''.join(cells)}{sign:<9}{figure.story}".rstrip(), flush=True)


def progress(text: str) -> None:
    """What is under way, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def done() -> None:
    progress("")


def summary(figures: Sequence[Figure]) -> str:
    judged = [f for f in figures if f.met is not None]
    missed = [f.what for f in judged if not f.met]
    if not missed:
        return f"all {len(judged)} marks reached"
    return f"{len(judged) - len(missed)} of {len(judged)} marks reached; missed: {', '.join(missed)}"


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) < width else text + " "
