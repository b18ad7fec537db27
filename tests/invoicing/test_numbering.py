"""Numbers have no gaps, however many ask at once and whatever goes wrong."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from shop.core.transaction import transaction
from shop.extensions import db
from shop.invoicing.models import Invoice
from shop.invoicing.numbering import name_of, series_of, take_number
from shop.workflows.issue_invoice import issue_invoice, write_invoice
from tests.admin import making


def orders(count: int) -> list[int]:
    with transaction() as session:
        return [making.paid_order(session).id for _ in range(count)]


def numbers() -> list[int]:
    db.session.remove()
    return list(db.session.execute(select(Invoice.number).order_by(Invoice.number)).scalars())


def in_context(app: Flask, order_id: int) -> str:
    with app.app_context():
        try:
            return issue_invoice(order_id, who="Ada").name
        finally:
            db.session.remove()


def test_fifty_at_once_are_one_to_fifty(app: Flask) -> None:
    ids = orders(50)
    with ThreadPoolExecutor(10) as pool:
        names = set(pool.map(lambda order_id: in_context(app, order_id), ids))
    assert len(names) == 50
    assert numbers() == list(range(1, 51))


def test_one_order_asked_for_at_once_has_one_invoice(app: Flask) -> None:
    (order_id,) = orders(1)
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: in_context(app, order_id), range(8)))
    assert len(names) == 1
    assert numbers() == [1]


def test_a_rollback_leaves_no_gap(app: Flask) -> None:
    first, second = orders(2)
    with pytest.raises(ZeroDivisionError), transaction() as session:
        from shop.orders.statuses import lock_order

        write_invoice(session, lock_order(session, first), who="Ada")
        raise ZeroDivisionError
    issue_invoice(second, who="Ada")
    issue_invoice(first, who="Ada")
    assert numbers() == [1, 2]


def test_who_comes_second_waits_for_the_first_to_end(app: Flask) -> None:
    taken: list[int] = []

    def second() -> None:
        with app.app_context(), transaction() as session:
            taken.append(take_number(session, "INV-"))

    with transaction() as session:
        assert take_number(session, "INV-") == 1
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.3)
        assert taken == []
        session.rollback()
    waiting.join(10)
    assert taken == [1]


def test_each_series_counts_for_itself_and_a_year_begins_at_one() -> None:
    assert series_of("invoice", {}, 2026) == "INV-2026-"
    assert series_of("invoice", {"prefix": "R/", "with_year": False}, 2026) == "R/"
    assert series_of("credit_note", {"credit_prefix": "G-"}, 2027) == "G-2027-"
    assert name_of("INV-2026-", 7) == "INV-2026-0007"


@pytest.mark.parametrize("change", ["UPDATE invoices SET total_minor = 1", "DELETE FROM invoices"])
def test_the_database_refuses_to_change_what_is_issued(app: Flask, change: str) -> None:
    issue_invoice(orders(1)[0], who="Ada")
    with pytest.raises(DBAPIError, match="never changed"), transaction() as session:
        session.execute(text(change))
    assert numbers() == [1]
