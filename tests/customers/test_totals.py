"""What a customer ordered and spent is kept in the transaction of whatever changes it."""

from __future__ import annotations

import threading
from datetime import timedelta

from flask import Flask
from sqlalchemy import text, update

from shop.core.transaction import transaction
from shop.extensions import db
from shop.orders.models import Order
from shop.workflows.customer_totals import repair_totals
from tests.admin import making
from tests.customers.people import again, bought, buyer, give_back, recomputed, stored
from tests.town import Town


def test_a_real_sale_and_a_refund_are_counted(town: Town) -> None:
    order = town.paid_order()
    assert stored() == recomputed() == {order.customer_id: (1, order.total_minor)}
    with transaction() as session:
        give_back(session, session.get_one(Order, order.id), 300)
    assert stored() == recomputed() == {order.customer_id: (1, order.total_minor - 300)}


def test_every_move_of_money_and_orders_keeps_them_right(app: Flask) -> None:
    with transaction() as session:
        ada, grace = buyer(session), buyer(session, "grace@example.com", "Grace Hopper")
        first, second = bought(session, ada, ago=timedelta(days=9)), bought(session, ada)
        bought(session, grace)
    assert stored() == recomputed()
    with transaction() as session:
        refund = give_back(session, first, 500, status="pending")
    assert stored() == recomputed()
    with transaction() as session:
        session.merge(refund).status = "failed"
        making.dispute(session, session.merge(second)).status = "lost"
    assert stored() == recomputed()
    with transaction() as session:
        session.merge(first).status = "cancelled"
    assert stored() == recomputed()
    with transaction() as session:
        session.execute(update(Order).where(Order.id == first.id).values(customer_id=grace.id))
    assert stored() == recomputed()
    with transaction() as session:
        session.execute(text("DELETE FROM refunds"))
        session.execute(text("DELETE FROM payments WHERE order_id = :id"), {"id": first.id})
    assert stored() == recomputed()
    assert again(ada).country == "US"
    assert again(ada).spent_currency == "USD"


def test_what_is_rolled_back_is_not_counted(app: Flask) -> None:
    with transaction() as session:
        ada = buyer(session)
    bought(db.session(), ada)
    db.session.rollback()
    assert list(stored().values()) == [(0, 0)]


def test_two_orders_at_once_both_count(app: Flask) -> None:
    with transaction() as session:
        ada = buyer(session)
    start = threading.Barrier(4)

    def buy() -> None:
        with app.app_context():
            start.wait(10)
            with transaction() as session:
                bought(session, session.merge(ada, load=False))

    threads = [threading.Thread(target=buy) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert again(ada).orders_count == 4
    assert stored() == recomputed()


def test_the_repair_finds_what_is_wrong_and_only_that(app: Flask) -> None:
    with transaction() as session:
        ada = buyer(session)
        bought(session, ada)
        buyer(session, "grace@example.com", "Grace Hopper")
    assert repair_totals() == 0
    with transaction() as session:
        session.execute(text("UPDATE customers SET spent_minor = 1, orders_count = 9 WHERE id = :id"), {"id": ada.id})
    assert repair_totals() == 1
    assert stored() == recomputed()
    assert "totals of customers put right: 0" in app.test_cli_runner().invoke(args=["reconcile"]).output
