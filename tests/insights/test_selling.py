"""The dashboard's figures, against orders made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask

from shop.admin import charts
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.insights.models import VisitDay
from shop.insights.selling import Selling, period_of, read_selling
from shop.payments.models import Payment, Refund
from tests.admin import making

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def read(days: int, with_tests: bool = True) -> Selling:
    return read_selling(db.session(), period_of(days), "USD", with_tests=with_tests)


def test_a_day_is_compared_with_the_same_hours_of_the_day_before(app: Flask) -> None:
    clock.fix(NOON)
    with transaction() as session:
        for hours in (1, 2, 13, 25):  # today, today, yesterday after noon, yesterday before noon
            making.paid_order(session, ago=timedelta(hours=hours), quantity=1)
        making.paid_order(session, ago=timedelta(hours=1), status="cancelled")
    selling = read(1)
    assert (selling.now.orders, selling.now.sales_minor) == (2, 2 * 3299)
    assert (selling.before.orders, selling.before.sales_minor) == (1, 3299)
    assert selling.now.average_minor == 3299


def test_weeks_are_whole_and_the_one_before_stands_beside(app: Flask) -> None:
    clock.fix(NOON)
    with transaction() as session:
        for days in (0, 6, 7, 13, 14):
            making.paid_order(session, ago=timedelta(days=days, hours=1), quantity=1)
    selling = read(7)
    assert (selling.now.orders, selling.before.orders) == (2, 2)
    assert [d.orders for d in selling.days] == [1, 0, 0, 0, 0, 0, 1]
    assert len(charts.bars_of(charts.steps_of(selling))) == 7


def test_test_orders_count_only_where_there_are_no_others(app: Flask) -> None:
    clock.fix(NOON)
    with transaction() as session:
        making.paid_order(session)
    assert read(1, with_tests=False).now.orders == 0
    assert read(1).now.orders == 1


def test_conversion_is_the_shop_s_orders_for_each_visitor(app: Flask) -> None:
    clock.fix(NOON)
    with transaction() as session:
        making.paid_order(session)
        making.paid_order(session, channel="counter")
        session.add(VisitDay(on=NOON.date(), visitors=40, views=90))
    selling = read(1)
    assert selling.now.conversion == 1 / 40
    assert selling.before.conversion is None
    assert {c.name: c.count for c in selling.channels} == {"storefront": 1, "counter": 1}


def test_refunds_are_told_and_refused_ones_are_not(app: Flask) -> None:
    clock.fix(NOON)
    with transaction() as session:
        order = making.paid_order(session)
        payment = session.query(Payment).filter_by(order_id=order.id).one()
        for status, minor in (("succeeded", 500), ("pending", 300), ("failed", 900)):
            session.add(
                Refund(
                    payment_id=payment.id, order_id=order.id, amount_minor=minor, currency="USD", status=status,
                    work_state="done", created_at=NOON - timedelta(hours=1),
                )
            )  # fmt: skip
    assert (read(7).now.refunds, read(7).now.refunded_minor) == (2, 800)


def test_long_periods_fit_the_drawing(app: Flask) -> None:
    clock.fix(NOON)
    with transaction() as session:
        for days in (0, 100, 200, 400):
            making.paid_order(session, ago=timedelta(days=days, hours=1))
    for days in (30, 90, 365):
        steps = charts.steps_of(read(days))
        assert len(steps) <= charts.MOST_BARS
        assert sum(s.orders for s in steps) == read(days).now.orders
        assert all(b.x >= 0 and b.x + b.width <= charts.WIDTH and b.y >= 0 for b in charts.bars_of(steps))
