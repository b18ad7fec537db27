"""What the page of a customer shows beside the form: a fixed number of statements, each of them bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.admin.words import money
from shop.customers.models import ConsentChange, CustomerNote
from shop.email.models import Letter
from shop.orders.models import Order
from shop.payments.models import Payment, Refund
from shop.workflows.letter_facts import address_lines

MOST_ORDERS, MOST_LETTERS, MOST_NOTES, MOST_ENTRIES = 20, 20, 100, 60


@dataclass(frozen=True)
class InCurrency:
    """Minor units of one currency. `spent` is what was paid less what went back, of orders that were not cancelled or
    were paid all the same."""

    currency: str
    orders: int
    paid: int
    refunded: int

    @property
    def spent(self) -> int:
        return max(0, self.paid - self.refunded)

    @property
    def average(self) -> int:
        return self.spent // self.orders if self.orders else 0


@dataclass(frozen=True)
class Address:
    lines: list[str]
    uses: int


@dataclass(frozen=True)
class Entry:
    """For the timeline."""

    at: datetime
    title: str
    text: str = ""
    tone: str = "waiting"
    url_number: str = ""  # the order's


@dataclass(frozen=True)
class Seen:
    orders: Sequence[Order]
    sums: list[InCurrency]
    refunds: Sequence[Any]
    addresses: list[Address]
    letters: Sequence[Letter]
    notes: Sequence[CustomerNote]
    consents: Sequence[ConsentChange]
    also_known_as: list[str]
    story: list[Entry]


def look_at(session: Session, customer: Customer) -> Seen:
    theirs = Order.customer_id == customer.id
    newest = select(Order).where(theirs).order_by(Order.placed_at.desc(), Order.id.desc()).limit(MOST_ORDERS)
    orders = session.execute(newest).scalars().all()
    others = list(session.execute(select(Customer.email).where(Customer.merged_into_id == customer.id)).scalars())
    refunds = session.execute(
        select(Refund, Order.number)
        .join(Order, Order.id == Refund.order_id)
        .where(theirs)
        .order_by(Refund.id.desc())
        .limit(MOST_ORDERS)
    ).all()
    notes = _newest(session, CustomerNote, customer.id)
    consents = _newest(session, ConsentChange, customer.id)
    letters = _letters(session, customer, [customer.email, *others])
    return Seen(
        orders=orders,
        sums=_sums(session, theirs),
        refunds=refunds,
        addresses=_addresses(orders),
        letters=letters,
        notes=notes,
        consents=consents,
        also_known_as=[email for email in others if "@erased." not in email],
        story=_story(customer, orders, refunds, letters, notes, consents),
    )


def _newest(session: Session, model: Any, customer_id: int) -> Sequence[Any]:
    query = select(model).where(model.customer_id == customer_id).order_by(model.at.desc(), model.id.desc())
    return session.execute(query.limit(MOST_NOTES)).scalars().all()


def _sums(session: Session, theirs: ColumnElement[bool]) -> list[InCurrency]:
    """In the store's currency, by the rate of each order; from the rows, not from the totals of the list. More than one
    only where the store had another currency once."""
    paid = (
        select(func.coalesce(func.sum(Payment.amount_minor), 0))
        .where(Payment.order_id == Order.id, Payment.status == "paid")
        .scalar_subquery()
    )
    back = (
        select(func.coalesce(func.sum(Refund.amount_minor), 0))
        .where(Refund.order_id == Order.id, Refund.status.in_(["succeeded", "pending"]))
        .scalar_subquery()
    )
    each = (
        select(
            func.coalesce(Order.store_currency, Order.currency).label("currency"),
            Order.status,
            func.round(paid * Order.to_store).label("paid"),
            func.round(back * Order.to_store).label("back"),
        )
        .where(theirs)
        .subquery()
    )
    rows = session.execute(
        select(
            each.c.currency,
            func.count().filter(each.c.status != "cancelled"),
            func.sum(each.c.paid),
            func.sum(each.c.back),
        )
        .group_by(each.c.currency)
        .order_by(func.count().desc(), each.c.currency)
    )
    return [InCurrency(currency, int(n), int(p), int(b)) for currency, n, p, b in rows]


def _addresses(orders: Sequence[Order]) -> list[Address]:
    """Where the newest orders went and were billed to, the most used first."""
    used: dict[tuple[str, ...], int] = {}
    for order in orders:
        for lines in {tuple(address_lines(a)) for a in (order.ship_to or {}, order.bill_to or {})}:
            if len(lines) > 1:
                used[lines] = used.get(lines, 0) + 1
    return [Address(list(lines), uses) for lines, uses in sorted(used.items(), key=lambda pair: -pair[1])][:10]


def _letters(session: Session, customer: Customer, emails: list[str]) -> Sequence[Letter]:
    of_orders = select(Order.id).where(Order.customer_id == customer.id).scalar_subquery()
    to_them = Letter.letter.not_in(["merchant_new_order", "merchant_failure"])
    query = (
        select(Letter)
        .where(to_them, or_(Letter.to_email.in_(emails), Letter.order_id.in_(of_orders)))
        .order_by(Letter.id.desc())
        .limit(MOST_LETTERS)
    )
    return session.execute(query).scalars().all()


def _story(
    customer: Customer,
    orders: Sequence[Order],
    refunds: Sequence[Any],
    letters: Sequence[Letter],
    notes: Sequence[CustomerNote],
    consents: Sequence[ConsentChange],
) -> list[Entry]:
    entries = [Entry(customer.created_at, "Known to the shop")]
    entries += [
        Entry(o.placed_at, f"Order {o.number}", money(o.total_minor, o.currency), "done", o.number) for o in orders
    ]
    entries += [
        Entry(o.cancelled_at, f"Order {o.number} was cancelled", url_number=o.number) for o in orders if o.cancelled_at
    ]
    entries += [
        Entry(r.created_at, f"Refund of {money(r.amount_minor, r.currency)}", r.reason, "needs", number)
        for r, number in refunds
    ]
    entries += [
        Entry(x.finished_at, "Letter", x.subject_line or x.letter.replace("_", " "), "working")
        for x in letters
        if x.finished_at and x.provider
    ]
    entries += [Entry(n.at, f"Note · {n.who}", n.body) for n in notes]
    entries += [
        Entry(c.at, f"{'Wants' if c.accepts else 'Wants no'} marketing mail · {c.who}", c.why, "working")
        for c in consents
    ]
    if customer.erased_at:
        entries.append(Entry(customer.erased_at, "Erased", "What the books need was kept.", "failed"))
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST_ENTRIES]
