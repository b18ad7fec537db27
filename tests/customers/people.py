"""Customers in every state, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from shop.accounts.customers import remember_customer
from shop.accounts.models import Customer
from shop.extensions import db
from shop.orders.models import Order
from shop.payments.models import Dispute, Payment, Refund
from tests.admin import making


def buyer(session: Session, email: str = "ada@example.com", name: str = "Ada Byron", **columns: Any) -> Customer:
    customer_id = remember_customer(session, email, name, "en", columns.pop("phone", ""))
    found = session.get_one(Customer, customer_id, populate_existing=True)
    for column, value in columns.items():
        setattr(found, column, value)
    session.flush()
    return found


def bought(session: Session, customer: Customer, **columns: Any) -> Order:
    """An order that was delivered, unless said otherwise."""
    columns = {"fulfilment_status": "delivered", "status": "completed", "step": "watch", **columns}
    return making.paid_order(session, email=customer.email, name=customer.name, customer_id=customer.id, **columns)


def give_back(session: Session, order: Order, amount_minor: int, status: str = "succeeded") -> Refund:
    payment = session.execute(select(Payment).where(Payment.order_id == order.id)).scalar_one()
    row = Refund(
        payment_id=payment.id, order_id=order.id, amount_minor=amount_minor, currency="USD", status=status,
        requested_by="Owner", work_state="done",
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def recomputed() -> dict[int, tuple[int, int]]:
    """{customer: (orders, spent)} from the rows, the slow way."""
    db.session.remove()
    found = {row.id: [0, 0] for row in db.session.execute(select(Customer)).scalars()}
    for order in db.session.execute(select(Order).where(Order.customer_id.is_not(None))).scalars():
        assert order.customer_id is not None
        found[order.customer_id][0] += order.status != "cancelled"
        paid = [p.amount_minor for p in rows(Payment, order) if p.status == "paid"]
        back = [r.amount_minor for r in rows(Refund, order) if r.status in ("succeeded", "pending")]
        lost = [d.amount_minor for d in rows(Dispute, order) if d.status == "lost"]
        found[order.customer_id][1] += max(0, sum(paid) - sum(back) - sum(lost))
    return {key: (value[0], value[1]) for key, value in found.items()}


def stored() -> dict[int, tuple[int, int]]:
    db.session.remove()
    return {row.id: (row.orders_count, row.spent_minor) for row in db.session.execute(select(Customer)).scalars()}


def rows(model: Any, order: Order) -> list[Any]:
    return list(db.session.execute(select(model).where(model.order_id == order.id)).scalars())


def again(customer: Customer) -> Customer:
    """As it stands now."""
    customer_id = inspect(customer).identity[0]  # also when it has lost its session
    db.session.remove()
    return db.session.get_one(Customer, customer_id)
