"""Money back for chosen things: their shares add up, each is given back once, and never more than was paid."""

from __future__ import annotations

from itertools import count

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.orders.models import Order, OrderLine
from shop.orders.placing import Buyer, place_order
from shop.orders.sharing import Chosen, work_out, worth_of_lines, worth_of_shipping
from shop.payments.models import Payment, Refund, RefundLine
from shop.payments.summing import given_back, sum_payments
from shop.workflows.refund_order import request_refund
from tests.orders.test_money_races import at_once
from tests.town import Town

_numbers = count(1)


def paid(*lines: tuple[int, int], shipping: int = 499, discount: int = 0, tax: int = 0) -> tuple[int, list[int]]:
    """(order, its lines) of [(unit, quantity)]; tax is added on top of each line."""
    n = next(_numbers)
    drafts = tuple(
        DraftLine(None, None, f"Thing {i}", "M", f"S{i}", q, unit, 0, tax * q) for i, (unit, q) in enumerate(lines)
    )
    whole_tax = tax * sum(q for _, q in lines)
    adjustments = [DraftAdjustment("shipping", "Standard", shipping), DraftAdjustment("discount", "D", -discount)]
    adjustments += [DraftAdjustment("tax", "Tax", whole_tax)] if tax else []
    draft = OrderDraft("USD", drafts, tuple(adjustments), tax_included=False)
    with transaction() as session:
        order, _ = place_order(session, draft, Buyer("ada@example.com"), source_key=f"by-line:{n}")
        session.add(
            Payment(
                order_id=order.id, external_id=f"pi_l{n}", status="paid", amount_minor=order.total_minor, currency="USD"
            )
        )
        session.flush()
        ids = session.execute(
            select(OrderLine.id).where(OrderLine.order_id == order.id).order_by(OrderLine.id)
        ).scalars()
        return order.id, list(ids)


def refund(order_id: int, lines: dict[int, int], shipping: bool = False, **kw: object) -> Refund:
    refund_id = request_refund(
        order_id,
        None,
        reason="",
        who="t",
        chosen=Chosen(lines, shipping),
        **kw,  # type: ignore[arg-type]
    )
    db.session.remove()
    return db.session.get_one(Refund, refund_id)


def left(order_id: int) -> int:
    db.session.remove()
    return sum_payments(db.session(), order_id).refundable


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 99_999), st.integers(1, 9)), min_size=1, max_size=5),
    st.integers(0, 5000),
    st.integers(0, 99),
    st.integers(0, 100),
    st.data(),
)
def test_shares_add_up_to_what_was_paid(
    lines: list[tuple[int, int]], shipping: int, tax: int, percent: int, data: st.DataObject
) -> None:
    rows = [
        OrderLine(
            id=i,
            quantity=q,
            unit_minor=u,
            total_minor=u * q,
            tax_minor=tax * q,
            discount_minor=0,
            title="T",
            variant_title="M",
        )
        for i, (u, q) in enumerate(lines)
    ]
    goods = sum(row.total_minor for row in rows)
    discount = goods * percent // 100
    total = goods - discount + shipping + sum(row.tax_minor for row in rows)
    order = Order(discount_minor=discount, tax_included=False, total_minor=total)
    assert sum(worth_of_lines(order, rows).values()) + worth_of_shipping(order, rows) == total
    given_lines: dict[int, int] = {}
    sum_given = 0
    for row in data.draw(st.permutations(rows)):
        while given_lines.get(row.id, 0) < row.quantity:
            n = data.draw(st.integers(1, row.quantity - given_lines.get(row.id, 0)))
            sum_given += work_out(order, rows, Chosen({row.id: n}), given_lines, 0).minor
            given_lines[row.id] = given_lines.get(row.id, 0) + n
    assert sum_given + work_out(order, rows, Chosen({}, True), given_lines, 0).minor == total


def test_one_of_two_and_the_shipping_then_the_rest(app: Flask) -> None:
    order_id, (tee, mug) = paid((2800, 2), (1800, 1), discount=740, tax=100)
    first = refund(order_id, {tee: 1}, shipping=True)
    assert (first.amount_minor, first.shipping_minor) == (2800 - 280 + 100 + 499, 499)
    second = refund(order_id, {tee: 1, mug: 1}, shipping=True)
    assert second.shipping_minor == 0
    assert left(order_id) == 0
    assert given_back(db.session(), order_id) == ({tee: 2, mug: 1}, 499)


def test_no_more_of_a_line_than_was_bought(app: Flask) -> None:
    order_id, (tee,) = paid((2800, 2))
    refund(order_id, {tee: 1})
    for n in (2, -1, 10**9):
        with pytest.raises(InvalidInput):
            refund(order_id, {tee: n})
    with pytest.raises(NotFound):
        refund(order_id, {tee + 1000: 1})
    with pytest.raises(InvalidInput, match="worth more than zero"):
        refund(order_id, {})


def test_an_amount_typed_beside_the_lines_counts(app: Flask) -> None:
    order_id, (tee, mug) = paid((2800, 1), (1800, 1))
    refund_id = request_refund(order_id, 1000, reason="Chipped", who="t", chosen=Chosen({tee: 1, mug: 1}))
    rows = db.session.execute(select(RefundLine.amount_minor).where(RefundLine.refund_id == refund_id)).scalars().all()
    assert sum(rows) == 1000


def test_the_same_form_again_is_the_same_refund(app: Flask) -> None:
    order_id, (tee,) = paid((2800, 3))
    ended = at_once(app, *[lambda: refund(order_id, {tee: 1}, form_key="form-1")] * 20)
    assert ended == {"ok": 20}
    db.session.remove()
    assert db.session.query(Refund).count() == 1


def test_refunds_by_line_at_once_give_each_thing_back_once(app: Flask) -> None:
    order_id, (tee, mug) = paid((2800, 3), (1800, 2))
    jobs = [lambda: refund(order_id, {tee: 1}, shipping=True)] * 12 + [lambda: refund(order_id, {mug: 1})] * 12
    ended = at_once(app, *jobs)
    assert set(ended) <= {"ok", "InvalidInput", "Conflict"}, ended
    assert ended["ok"] == 5
    db.session.remove()
    assert given_back(db.session(), order_id) == ({tee: 3, mug: 2}, 499)
    assert left(order_id) == 0


def test_the_database_refuses_more_than_a_payment_took(app: Flask) -> None:
    order_id, _ = paid((2800, 1))
    request_refund(order_id, 3000, reason="", who="t")
    insert = (
        "INSERT INTO refunds (payment_id, order_id, amount_minor, currency, status, reason, requested_by) "
        "SELECT payment_id, order_id, 300, currency, 'requested', '', 't' FROM refunds WHERE order_id = :id"
    )
    with pytest.raises(IntegrityError, match="more asked for"), transaction() as session:
        session.execute(text(insert), {"id": order_id})


def test_an_order_paid_in_parts_gives_back_from_a_payment_with_room(app: Flask) -> None:
    order_id, (tee,) = paid((2800, 2), shipping=0)
    with transaction() as session:
        first = session.execute(select(Payment).where(Payment.order_id == order_id)).scalar_one()
        first.amount_minor = 600
        session.add(Payment(order_id=order_id, external_id="cash", status="paid", amount_minor=5000, currency="USD"))
    with pytest.raises(Conflict, match=r"at most \$50"):
        refund(order_id, {tee: 2})
    made = refund(order_id, {tee: 1})
    assert db.session.get_one(Payment, made.payment_id).external_id == "cash"


def test_stripe_is_asked_once_for_a_refund_by_line(town: Town) -> None:
    order = town.paid_order(2)
    line_id = db.session.execute(select(OrderLine.id).where(OrderLine.order_id == order.id)).scalar_one()
    order_id, unit = order.id, order.subtotal_minor // 2
    db.session.remove()
    for _ in range(3):
        refund(order_id, {line_id: 1}, form_key="f")
        town.work()
    assert [r.amount for r in town.stripe.v1.refunds.list({"limit": 100}).data] == [unit]
    assert any("refund" in m["subject"].lower() for m in town.letters(to=order.email))
