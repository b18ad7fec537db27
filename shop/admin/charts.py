"""Charts as drawings in the page: bars for now, a quiet mark for the time before, on one scale; each has its table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shop.insights.selling import Day, Selling

WIDTH, HEIGHT, TOP, BOTTOM = 700, 200, 14, 24
MOST_BARS = 31
MOST_LABELS = 7


@dataclass(frozen=True)
class Step:
    """One bar: a day, or several days summed. `before_minor`: the same days of the period before."""

    label: str
    name: str
    orders: int
    sales_minor: int
    before_minor: int


@dataclass(frozen=True)
class Bar:
    """In the units of the drawing. `label` is empty where there is no room for one."""

    x: int
    y: int
    width: int
    height: int
    middle: int
    before_y: int
    label: str
    name: str
    is_last: bool


def steps_of(selling: Selling) -> list[Step]:
    """At most MOST_BARS steps; longer periods are summed by 7 or 30 days, counted back from today."""
    size = next(n for n in (1, 7, 30) if -(-selling.period.days // n) <= MOST_BARS)
    pairs = list(zip(selling.days, selling.days_before, strict=True))
    short = len(pairs) % size
    groups = ([pairs[:short]] if short else []) + [pairs[i : i + size] for i in range(short, len(pairs), size)]
    return [_step([now for now, _ in group], [before for _, before in group], len(pairs)) for group in groups]


def _step(days: list[Day], before: list[Day], length: int) -> Step:
    first, last = days[0].on, days[-1].on
    label = f"{first:%a}" if length <= 7 else _short(first)
    name = f"{first:%a} {_short(first)}" if first == last else f"{_short(first)} – {_short(last)}"
    return Step(
        label, name, sum(d.orders for d in days), sum(d.sales_minor for d in days), sum(d.sales_minor for d in before)
    )


def _short(on: date) -> str:
    return f"{on.day} {on:%b}"


def bars_of(steps: list[Step]) -> list[Bar]:
    """Both periods on one scale: the highest of either fills the drawing; nothing sold is a line."""
    highest = max((max(s.sales_minor, s.before_minor) for s in steps), default=0) or 1
    room, slot = HEIGHT - TOP - BOTTOM, WIDTH / max(1, len(steps))
    gap = 4 if len(steps) > 12 else 12
    each = -(-len(steps) // MOST_LABELS)
    bars = []
    for n, step in enumerate(steps):
        height = max(2 if step.sales_minor <= 0 else 4, round(step.sales_minor / highest * room))
        before = max(1, round(max(0, step.before_minor) / highest * room))
        bars.append(
            Bar(
                x=round(n * slot + gap / 2),
                y=HEIGHT - BOTTOM - height,
                width=max(3, round(slot - gap)),
                height=height,
                middle=round(n * slot + slot / 2),
                before_y=HEIGHT - BOTTOM - before,
                label=step.label if (len(steps) - 1 - n) % each == 0 else "",
                name=step.name,
                is_last=n == len(steps) - 1,
            )
        )
    return bars
