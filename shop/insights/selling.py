"""What was sold in a period and in the one before: sales, orders, refunds, products, channels, visits.

Five statements, whatever the length. Days are UTC days; the period before ends at the same hour, so that a day half
gone is compared with half a day. Cancelled orders are not counted; refunds are told beside sales, not taken off them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Date, and_, case, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shop.core import clock
from shop.insights.models import VisitDay
from shop.orders.models import Order, OrderLine
from shop.payments.models import Refund

MOST_PRODUCTS = 5
MOST_CHANNELS = 8


@dataclass(frozen=True)
class Period:
    """`days` UTC days, today the last."""

    days: int
    now: datetime

    @property
    def first(self) -> date:
        return self.now.date() - timedelta(days=self.days - 1)

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def before_starts_at(self) -> datetime:
        return self.starts_at - timedelta(days=self.days)

    @property
    def before_ends_at(self) -> datetime:
        return self.now - timedelta(days=self.days)

    def every_day(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.days)]


def period_of(days: int) -> Period:
    return Period(days, clock.now().astimezone(UTC))


@dataclass(frozen=True)
class Day:
    """`sales_minor`: what was sold, refunds not taken off."""

    on: date
    orders: int = 0
    sales_minor: int = 0


@dataclass(frozen=True)
class Sums:
    """Minor units."""

    orders: int = 0
    sales_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0
    visitors: int = 0
    shop_orders: int = 0  # of our own storefront: those that visits can lead to

    @property
    def average_minor(self) -> int:
        return round(self.sales_minor / self.orders) if self.orders else 0

    @property
    def conversion(self) -> float | None:
        """Orders for each visitor, 0 to 1; None where nobody was counted."""
        return min(1.0, self.shop_orders / self.visitors) if self.visitors else None


@dataclass(frozen=True)
class Ranked:
    """A product or a channel. `key`: the product's id or the channel's name."""

    key: int | str | None
    name: str
    count: int
    sales_minor: int
    before_minor: int = 0


@dataclass(frozen=True)
class Selling:
    period: Period
    currency: str
    now: Sums
    before: Sums
    days: list[Day]  # oldest first, every day of the period
    days_before: list[Day]
    products: list[Ranked] = field(default_factory=list)
    channels: list[Ranked] = field(default_factory=list)


def read_selling(session: Session, period: Period, currency: str, *, with_tests: bool) -> Selling:
    """Everything the dashboard says about selling, in the store's `currency`: what was paid in another one counts by
    the rate its order was placed at."""
    counted = [Order.status != "cancelled", func.coalesce(Order.store_currency, Order.currency) == currency]
    if not with_tests:
        counted.append(Order.is_test.is_(False))
    found = _days(session, period, counted)
    days = [found.get(on, Day(on)) for on in period.every_day()]
    shifted = [on - timedelta(days=period.days) for on in period.every_day()]
    days_before = [found.get(on, Day(on)) for on in shifted]
    channels, shop, shop_before = _channels(session, period, counted)
    visitors, visitors_before = _visitors(session, period)
    refunds = _refunds(session, period, currency, with_tests)
    return Selling(
        period,
        currency,
        _sums(days, refunds[0], visitors, shop),
        _sums(days_before, refunds[1], visitors_before, shop_before),
        days,
        days_before,
        _products(session, period, counted),
        channels,
    )


def _sums(days: list[Day], refunds: tuple[int, int], visitors: int, shop_orders: int) -> Sums:
    return Sums(
        sum(d.orders for d in days), sum(d.sales_minor for d in days), refunds[0], refunds[1], visitors, shop_orders
    )


def _is_now(at: InstrumentedAttribute[datetime], period: Period) -> ColumnElement[bool]:
    return at >= period.starts_at


def _in_either(at: InstrumentedAttribute[datetime], period: Period) -> ColumnElement[bool]:
    return or_(
        and_(at >= period.before_starts_at, at <= period.before_ends_at, at < period.starts_at),
        at >= period.starts_at,
    )


def _days(session: Session, period: Period, counted: list[ColumnElement[bool]]) -> dict[date, Day]:
    on = cast(func.timezone("UTC", Order.placed_at), Date)
    query = (
        select(on, func.count(), func.coalesce(func.sum(Order.store_total_minor), 0))
        .where(_in_either(Order.placed_at, period), *counted)
        .group_by(on)
    )
    return {row[0]: Day(row[0], int(row[1]), int(row[2])) for row in session.execute(query)}


def _channels(session: Session, period: Period, counted: list[ColumnElement[bool]]) -> tuple[list[Ranked], int, int]:
    """(the channels that sold most, orders of the storefront now, and before)."""
    is_now = _is_now(Order.placed_at, period)
    query = (
        select(Order.channel, is_now, func.count(), func.coalesce(func.sum(Order.store_total_minor), 0))
        .where(_in_either(Order.placed_at, period), *counted)
        .group_by(Order.channel, is_now)
    )
    counts: dict[tuple[str, bool], tuple[int, int]] = {
        (channel, bool(now)): (int(count), int(total)) for channel, now, count, total in session.execute(query)
    }
    ranked = [
        Ranked(name, name, *counts.get((name, True), (0, 0)), before_minor=counts.get((name, False), (0, 0))[1])
        for name in {channel for channel, _ in counts}
    ]
    ranked.sort(key=lambda c: (-c.sales_minor, c.name))
    shop = [counts.get(("storefront", now), (0, 0))[0] for now in (True, False)]
    return ranked[:MOST_CHANNELS], shop[0], shop[1]


def _products(session: Session, period: Period, counted: list[ColumnElement[bool]]) -> list[Ranked]:
    sales = func.sum(func.round(OrderLine.total_minor * Order.to_store))
    query = (
        select(OrderLine.product_id, func.max(OrderLine.title), func.sum(OrderLine.quantity), sales)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.placed_at >= period.starts_at, *counted)
        .group_by(OrderLine.product_id, case((OrderLine.product_id.is_(None), OrderLine.title)))
        .order_by(sales.desc(), func.max(OrderLine.title))
        .limit(MOST_PRODUCTS)
    )
    return [Ranked(row[0], row[1], int(row[2]), int(row[3])) for row in session.execute(query)]


def _refunds(
    session: Session, period: Period, currency: str, with_tests: bool
) -> tuple[tuple[int, int], tuple[int, int]]:
    """((number, sum) now, and before): what was given back or is on its way."""
    is_now = _is_now(Refund.created_at, period)
    query = (
        select(is_now, func.count(), func.coalesce(func.sum(func.round(Refund.amount_minor * Order.to_store)), 0))
        .join(Order, Order.id == Refund.order_id)
        .where(
            _in_either(Refund.created_at, period),
            Refund.status.in_(("requested", "pending", "succeeded")),
            func.coalesce(Order.store_currency, Order.currency) == currency,
        )
        .group_by(is_now)
    )
    if not with_tests:
        query = query.where(Order.is_test.is_(False))
    found = {bool(now): (int(count), int(total)) for now, count, total in session.execute(query)}
    return found.get(True, (0, 0)), found.get(False, (0, 0))


def _visitors(session: Session, period: Period) -> tuple[int, int]:
    is_now = VisitDay.on >= period.first
    query = (
        select(is_now, func.sum(VisitDay.visitors))
        .where(VisitDay.on >= period.before_starts_at.date(), VisitDay.on <= period.now.date())
        .group_by(is_now)
    )
    found = {bool(now): int(total) for now, total in session.execute(query)}
    return found.get(True, 0), found.get(False, 0)
