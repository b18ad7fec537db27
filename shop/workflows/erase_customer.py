"""Erase a person and keep the books.

Asked for: the profile is anonymised at once, in the transaction of the request, so whoever buys with the address from
then on is a new customer. What is to be looked for is kept with the request, encrypted. The work then goes through
every table in small transactions; each may be repeated, so a worker that dies half-way is followed by another one. At
the end what was kept with the request is forgotten.

What stays, since the law wants it: order numbers, amounts, taxes, lines, the country, and frozen invoices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Table, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from shop.accounts.auditing import note_change
from shop.accounts.models import Customer
from shop.accounts.shoppers.closing import close_accounts
from shop.cart.models import Cart
from shop.checkout.models import Checkout
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import transaction
from shop.customers.models import ConsentChange, CustomerNote, PrivacyRequest
from shop.email.models import Letter
from shop.errors import Conflict, NotFound
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderEntry
from shop.payments.models import Dispute, Payment, Refund
from shop.payments.summing import OPEN_DISPUTES
from shop.returns.models import Return, ReturnEntry, ReturnPicture, Withdrawal
from shop.returns.rules import OPEN
from shop.subscribers.choosing import forget_address
from shop.subscribers.models import CartReminder
from shop.words import mark, together
from shop.workflows.forget_reviews import forget_reviewer, remove_pictures
from shop.workflows.personal_data import Person, find_person, read_rows, tables, texts
from shop.workflows.redacting import ERASED, Redactor, words_in

#: entries of an order's story that may name the buyer: notes, addresses, where letters went, what staff typed
NAMING = ("note", "address", "letter", "swap", "part")

NAME = "Erased customer"
LEASE_SECONDS = 300
MOST_REASONS = 5
TO_BE_SHIPPED = ("requested", "submitted", "in_production", "partly_shipped")
#: what the law wants unchanged: what was sold and for how much, and documents once issued
KEPT = frozenset({"order_lines", "adjustments", "invoices", "privacy_requests"})
#: these names, numbers and statuses are no person's, and constraints hang on them
NOT_TOUCHED = frozenset(
    {
        "work_state", "error_kind", "status", "payment_status", "fulfilment_status", "currency", "spent_currency",
        "country", "locale", "number", "token", "source_key", "external_id", "external_key", "session_id", "reference",
        "letter", "subject_key", "kind", "step", "provider", "topic", "source", "channel", "content_hash", "what",
    }
)  # fmt: skip


def why_not_yet(session: Session, customer_id: int) -> list[str]:
    """Sentences that say what must end first; none when the person may be erased."""
    theirs = Order.customer_id == customer_id
    waiting = (
        session.execute(
            select(Order.number)
            .where(theirs, Order.status == "placed", Order.fulfilment_status.in_(TO_BE_SHIPPED))
            .order_by(Order.id)
            .limit(MOST_REASONS)
        )
        .scalars()
        .all()
    )
    contested = (
        session.execute(
            select(Order.number)
            .join(Dispute, Dispute.order_id == Order.id)
            .where(theirs, Dispute.status.in_(OPEN_DISPUTES))
            .order_by(Order.id)
            .limit(MOST_REASONS)
        )
        .scalars()
        .all()
    )
    refunds = (
        session.execute(
            select(Order.number)
            .join(Refund, Refund.order_id == Order.id)
            .where(theirs, Refund.status == "requested", Refund.work_state != "done")
            .order_by(Order.id)
            .limit(MOST_REASONS)
        )
        .scalars()
        .all()
    )
    going = (
        session.execute(
            select(Return.number)
            .join(Order, Order.id == Return.order_id)
            .where(theirs, Return.status.in_(OPEN))
            .order_by(Return.id)
            .limit(MOST_REASONS)
        )
        .scalars()
        .all()
    )
    return [
        *(mark("Order %(number)s is still to be shipped.", number=number) for number in waiting),
        *(
            mark("The payment of order %(number)s is disputed: the bank may still ask.", number=number)
            for number in contested
        ),
        *(mark("A refund of order %(number)s is on its way.", number=number) for number in refunds),
        *(f"Return {number} is not settled yet." for number in going),
        *(f"Order {number} is still to be shipped." for number in waiting),
        *(f"The payment of order {number} is disputed: the bank may still ask." for number in contested),
        *(f"A refund of order {number} is on its way." for number in refunds),
    ]


def request_erasure(session: Session, customer_id: int, *, who: str) -> bool:
    """False when it was asked for already. Raises NotFound, Conflict with the reason. The caller commits."""
    found = session.execute(
        select(Customer)
        .where((Customer.id == customer_id) | (Customer.merged_into_id == customer_id))
        .order_by(Customer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    rows = {row.id: row for row in found}
    customer = rows.get(customer_id)
    if customer is None:
        raise NotFound("There is no such customer.")
    if customer.merged_into_id:
        raise Conflict("This customer was merged with another one. Erase that one.")
    if customer.erased_at:
        return False
    reasons = why_not_yet(session, customer_id)
    if reasons:
        raise Conflict(together(reasons))
    now = clock.now()
    person = find_person(session, customer_id, now)
    session.add(
        PrivacyRequest(
            kind="erasure", customer_id=customer_id, requested_by=who[:80], created_at=now, person=person.to_json()
        )
    )
    close_accounts(session, person.customer_ids, person.emails)
    forget_address(session, person.emails, now)
    _anonymise(session, list(rows.values()))
    note_change(session, "erase customer", f"customer {customer_id}", {}, {"erased_at": now})
    enqueue_after_commit(session, JobName.DRAIN_PRIVACY)
    return True


def _anonymise(session: Session, rows: Sequence[Customer]) -> None:
    """By statements, so that nothing remembers what was there before."""
    ids = [row.id for row in rows]
    session.execute(
        update(Customer)
        .where(Customer.id.in_(ids))
        .values(
            email=func.concat("erased-", Customer.id, "@erased.invalid"),
            name="",
            phone="",
            tags=[],
            accepts_marketing=False,
            erased_at=clock.now(),
        )
        .execution_options(synchronize_session=False)
    )
    session.flush()
    session.expire_all()


def erase(held: Claim) -> None:
    """Go through every table. A repeat finds nothing more to do."""
    with transaction() as session:
        durable.hold(session, PrivacyRequest, held)
        raw = session.execute(select(PrivacyRequest.person).where(PrivacyRequest.id == held.id)).scalar_one()
    if raw:
        person = _learn(Person.from_json(raw), held)
        with transaction() as session:
            durable.hold(session, PrivacyRequest, held)
            forget_address(session, person.emails, datetime.fromisoformat(person.until))
        redactor = Redactor(person)
        remove_pictures(person.order_ids)
        for table in tables():
            if table.name not in KEPT:
                _redact_table(table, person, redactor, held)
        with transaction() as session:
            durable.hold(session, PrivacyRequest, held)
            _erase_own_rows(session, person)
    with transaction() as session:
        durable.finish(session, PrivacyRequest, held, person=None)


def _learn(person: Person, held: Claim) -> Person:
    """Earlier addresses and spellings, from what is theirs; kept with the request before anything is changed."""
    words = set(person.words)
    for table in tables():
        after, columns = 0, [column for column in texts(table) if isinstance(column.type, JSON)]
        while columns:
            with transaction() as session:
                rows, after = read_rows(session, table, person, columns, after)
            words |= {word for row in rows for column in columns for word in words_in(row[column.name])}
            if not after:
                break
    learned = replace(person, words=sorted(words))
    with transaction() as session:
        durable.hold(session, PrivacyRequest, held)
        durable.renew(session, PrivacyRequest, [held], LEASE_SECONDS)
        session.execute(
            update(PrivacyRequest)
            .where(PrivacyRequest.id == held.id)
            .values(person=learned.to_json())
            .execution_options(synchronize_session=False)
        )
    return learned


def _redact_table(table: Table, person: Person, redactor: Redactor, held: Claim) -> None:
    columns, after = [c for c in texts(table) if c.name not in NOT_TOUCHED and not c.primary_key], 0
    while columns:
        with transaction() as session:
            durable.hold(session, PrivacyRequest, held)
            durable.renew(session, PrivacyRequest, [held], LEASE_SECONDS)
            rows, after = read_rows(session, table, person, columns, after)
            changed = [new for row in rows if (new := {k: _clean(v, redactor) for k, v in row.items()}) != row]
            if changed:
                values: dict[str, Any] = {column.name: bindparam(f"new_{column.name}") for column in columns}
                session.execute(
                    update(table).where(table.c.id == bindparam("row_id")).values(values),
                    [{"row_id": row.pop("id"), **{f"new_{k}": v for k, v in row.items()}} for row in changed],
                )
        if not after:
            return


def _clean(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.text(value)
    return redactor.json(value) if isinstance(value, list | dict) else value


def _erase_own_rows(session: Session, person: Person) -> None:
    """What is known to be theirs column by column, whatever it says."""
    orders, customers = person.order_ids, person.customer_ids
    forget_reviewer(session, orders, customers)
    quiet = {"synchronize_session": False}
    returned = select(Return.id).where(Return.order_id.in_(orders))
    session.execute(delete(ReturnPicture).where(ReturnPicture.return_id.in_(returned)), execution_options=quiet)

    def only_country(column: Any) -> Any:
        return func.jsonb_strip_nulls(func.jsonb_build_object("country", column["country"].astext))

    session.execute(delete(CustomerNote).where(CustomerNote.customer_id.in_(customers)), execution_options=quiet)
    session.execute(
        delete(PrivacyRequest).where(PrivacyRequest.customer_id.in_(customers), PrivacyRequest.kind == "export"),
        execution_options=quiet,
    )
    changes: tuple[tuple[Any, Any, dict[str, Any]], ...] = (
        (ConsentChange, ConsentChange.customer_id.in_(customers), {"why": ""}),
        (
            Order,
            Order.id.in_(orders),
            {
                "email": "", "customer_name": NAME, "phone": "", "note": "",
                "ship_to": only_country(Order.ship_to), "bill_to": only_country(Order.bill_to),
            },
        ),
        (OrderEntry, OrderEntry.order_id.in_(orders) & OrderEntry.what.in_(NAMING), {"why": ERASED, "facts": {}}),
        (Return, Return.order_id.in_(orders), {"words": "", "answer": "", "asked": ""}),
        (ReturnEntry, ReturnEntry.return_id.in_(returned), {"why": ""}),
        (
            Withdrawal,
            Withdrawal.order_id.in_(orders) | (Withdrawal.email == ERASED),
            {"name": NAME, "email": "", "words": "", "answer": ""},
        ),
        (FulfilmentOrder, FulfilmentOrder.order_id.in_(orders), {"ship_to": only_country(FulfilmentOrder.ship_to)}),
        (Payment, Payment.order_id.in_(orders), {"method": func.rtrim(func.split_part(Payment.method, "•", 1))}),
        (Letter, Letter.order_id.in_(orders) | (Letter.to_email == ERASED), {"facts": {}}),
        (
            Letter,
            (Letter.to_email == ERASED) & (Letter.work_state != "done"),
            {"work_state": "done", "finished_at": clock.now(), "fence": Letter.fence + 1},
        ),
        (CartReminder, CartReminder.email == ERASED, {"status": "ended", "work_state": "done", "email": ""}),
        (Cart, Cart.customer_id.in_(customers) | (Cart.email == ERASED), {"email": None, "note": ""}),
        (
            Checkout,
            Checkout.order_id.in_(orders) | (Checkout.email == ERASED),
            {"email": None, "session_url": None, "recovery_url": None},
        ),
    )  # fmt: skip
    for model, theirs, values in changes:
        session.execute(update(model).where(theirs).values(values), execution_options=quiet)
