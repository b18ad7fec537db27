"""Sales to consumers in other EU countries: what the one-stop shop (OSS) return asks for, and the threshold.

Everything comes from what orders were placed with: where to, the tax and its rate, the total, the rate to the store's
currency. A refund takes its share of the tax back, spread so that a refund of all takes all. Refunds in the quarter of
the sale make the sale smaller; later ones are corrections of that earlier quarter (Implementing Regulation (EU)
2020/194, article 6). Quarters are of UTC. Amounts are in the store's currency, each order by its own rate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session

from shop.orders.models import Adjustment, Order
from shop.payments.models import Refund
from shop.tenancy.eu_rules import EU_VAT

COUNTED = ("paid", "partly_refunded", "refunded", "disputed")
_COUNTRY = Order.ship_to["country"].astext


@dataclass(frozen=True, order=True)
class Quarter:
    year: int
    number: int

    @property
    def begin(self) -> datetime:
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.after.begin

    @property
    def after(self) -> Quarter:
        return Quarter(self.year + 1, 1) if self.number == 4 else Quarter(self.year, self.number + 1)

    @property
    def before(self) -> Quarter:
        return Quarter(self.year - 1, 4) if self.number == 1 else Quarter(self.year, self.number - 1)

    def __str__(self) -> str:
        return f"Q{self.number} {self.year}"


def quarter_of(moment: datetime) -> Quarter:
    return Quarter(moment.year, (moment.month + 2) // 3)


@dataclass
class Sums:
    net_minor: int = 0
    vat_minor: int = 0
    orders: int = 0

    def add(self, net: int, vat: int, orders: int = 0) -> None:
        self.net_minor += net
        self.vat_minor += vat
        self.orders += orders


@dataclass
class Report:
    """`sales`: by (country, rate). `corrections`: by (quarter of the sale, country, rate), as amounts to take off."""

    quarter: Quarter
    sales: dict[tuple[str, str], Sums] = field(default_factory=lambda: defaultdict(Sums))
    corrections: dict[tuple[Quarter, str, str], Sums] = field(default_factory=lambda: defaultdict(Sums))

    @property
    def vat_minor(self) -> int:
        """What is owed for the quarter."""
        return sum(s.vat_minor for s in self.sales.values()) - sum(s.vat_minor for s in self.corrections.values())


@dataclass(frozen=True)
class Split:
    """An amount with tax, told as net and VAT that add up to it."""

    net: int
    vat: int


def split_back(total: int, tax: int, before: int, amount: int) -> Split:
    """What giving `amount` back (after `before` was given back already) takes off net and VAT."""

    def share(given: int) -> int:
        return int((Decimal(tax) * given / total).quantize(Decimal(1), rounding=ROUND_HALF_UP)) if total else 0

    vat = share(min(total, before + amount)) - share(min(total, before))
    return Split(amount - vat, vat)


def read_report(session: Session, quarter: Quarter, home: str, *, with_tests: bool = False) -> Report:
    """Two statements; memory grows with countries, rates and refunds, not with orders."""
    report = Report(quarter)
    sold = _sales(quarter.begin, quarter.end, home, with_tests).execution_options(yield_per=1000)
    for row in session.execute(sold):
        vat = _in_store(row.tax_minor, row.to_store)
        report.sales[row.country, _rate(row)].add(row.store_total_minor - vat, vat, 1)
    for refund, split in _refunds_in(session, quarter, home, with_tests):
        sold_in = quarter_of(refund.placed_at)
        key = refund.country, _rate(refund)
        if sold_in == quarter:
            report.sales[key].add(-split.net, -split.vat)
        else:
            report.corrections[sold_in, *key].add(split.net, split.vat, 1)
    return report


def _columns() -> tuple[Any, ...]:
    rate = select(func.max(Adjustment.rate)).where(Adjustment.order_id == Order.id, Adjustment.kind == "tax")
    return (
        Order.id, Order.placed_at, _COUNTRY.label("country"), Order.total_minor, Order.tax_minor, Order.to_store,
        Order.store_total_minor, rate.scalar_subquery().label("rate"),
    )  # fmt: skip


def _abroad(home: str, with_tests: bool) -> list[Any]:
    others = [country for country in EU_VAT if country != home]
    tests = [] if with_tests else [Order.is_test.is_(False)]
    return [_COUNTRY.in_(others), Order.payment_status.in_(COUNTED), *tests]


def _sales(begin: datetime, end: datetime, home: str, with_tests: bool) -> Any:
    return select(*_columns()).where(Order.placed_at >= begin, Order.placed_at < end, *_abroad(home, with_tests))


def _refunds_in(
    session: Session, quarter: Quarter, home: str, with_tests: bool
) -> Iterable[tuple[Any, Split]]:
    """Each refund of the quarter with its share of net and VAT, in the store's currency."""
    made = Refund.status == "succeeded"
    before = (
        func.sum(Refund.amount_minor).over(partition_by=Refund.order_id, order_by=(Refund.created_at, Refund.id))
        - Refund.amount_minor
    )
    touched = select(Refund.order_id).where(
        made, Refund.created_at >= quarter.begin, Refund.created_at < quarter.end
    )
    query = (
        select(*_columns(), Refund.created_at, Refund.amount_minor.label("back"), before.label("given"))
        .join(Order, Order.id == Refund.order_id)
        .where(made, Refund.order_id.in_(touched), *_abroad(home, with_tests))
        .order_by(Refund.order_id, Refund.created_at, Refund.id)
    )
    for row in session.execute(query):
        if quarter.begin <= row.created_at < quarter.end:
            total, tax = row.store_total_minor, _in_store(row.tax_minor, row.to_store)
            given = _in_store(row.given, row.to_store)
            back = _in_store(row.given + row.back, row.to_store) - given
            yield row, split_back(total, tax, given, back)


def sold_abroad_minor(session: Session, year: int, home: str, *, with_tests: bool = False) -> int:
    """Net sales to other EU countries in the calendar year, less refunds: what the threshold is compared with."""
    net = Order.store_total_minor - func.round(Order.tax_minor * Order.to_store)
    back = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.order_id == Order.id, Refund.status == "succeeded"
    )
    kept = func.greatest(0, Order.total_minor - back.scalar_subquery())
    left = case((Order.total_minor > 0, func.round(net * kept / Order.total_minor)), else_=0)
    begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = session.execute(
        select(func.coalesce(func.sum(left), 0)).where(
            Order.placed_at >= begin, Order.placed_at < end, *_abroad(home, with_tests)
        )
    ).scalar_one()
    return int(found)


def _in_store(minor: int, to_store: Decimal) -> int:
    return int((Decimal(minor) * to_store).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _rate(row: Row[Any]) -> str:
    """ "19%" as the order's tax row has it; worked out where the payment page said the tax only; "0%" without."""
    if not row.tax_minor:
        return "0%"
    if row.rate is not None:
        return f"{(row.rate * 100).normalize():f}%"
    net = row.total_minor - row.tax_minor
    return f"{(Decimal(row.tax_minor) * 100 / net).quantize(Decimal(1)):f}%" if net > 0 else "0%"
