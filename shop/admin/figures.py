"""Today's figures, yesterday's, and the last seven days; one statement. Days are UTC days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.orders.models import Order

DAYS = 7


@dataclass(frozen=True)
class Day:
    """`sales_minor`: what was sold, refunds not taken off; cancelled orders are not counted."""

    on: date
    orders: int
    sales_minor: int

    @property
    def average_minor(self) -> int:
        return round(self.sales_minor / self.orders) if self.orders else 0


def last_days(session: Session, currency: str, *, with_tests: bool, days: int = DAYS) -> list[Day]:
    """Oldest first, today last; days without orders are there too."""
    today = clock.now().astimezone(UTC).date()
    first = today - timedelta(days=days - 1)
    on = cast(func.timezone("UTC", Order.placed_at), Date)
    query = (
        select(on, func.count(), func.coalesce(func.sum(Order.total_minor), 0))
        .where(
            Order.placed_at >= datetime.combine(first, time(), UTC),
            Order.status != "cancelled",
            Order.currency == currency,
        )
        .group_by(on)
    )
    if not with_tests:
        query = query.where(Order.is_test.is_(False))
    found = {row[0]: Day(row[0], int(row[1]), int(row[2])) for row in session.execute(query)}
    every = [first + timedelta(days=n) for n in range(days)]
    return [found.get(day, Day(day, 0, 0)) for day in every]


@dataclass(frozen=True)
class Bar:
    """One bar of the chart, in the units of its view box."""

    x: int
    y: int
    height: int
    middle: int
    label: str
    text: str
    is_today: bool


WIDTH, HEIGHT, TOP, BOTTOM = 350, 150, 22, 22


def bars_of(days: list[Day], money_text: list[str]) -> list[Bar]:
    """Bars for `.bars`: as high as the day's sales, the highest day fills the chart; a day without sales is a line."""
    highest = max((day.sales_minor for day in days), default=0) or 1
    room = HEIGHT - TOP - BOTTOM
    step = WIDTH // max(1, len(days))
    bars = []
    for n, (day, said) in enumerate(zip(days, money_text, strict=True)):
        height = max(2 if day.sales_minor == 0 else 4, round(day.sales_minor / highest * room))
        bars.append(
            Bar(
                x=n * step + 8,
                y=HEIGHT - BOTTOM - height,
                height=height,
                middle=n * step + step // 2,
                label=f"{day.on:%a}",
                text=said,
                is_today=n == len(days) - 1,
            )
        )
    return bars
