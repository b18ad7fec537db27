"""Where a person is in the database. Made from the tables themselves, so a table added later is not forgotten.

A row is theirs when a key leads to their customer or one of their orders, when it is about an outside id of theirs, or
when a text in it contains one of their e-mail addresses. Handing out and erasing both start here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from sqlalchemy import ARRAY, JSON, Column, ColumnElement, String, Table, Text, and_, cast, false, or_, select, true
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.checkout.models import Checkout
from shop.core.secrets import EncryptedText
from shop.extensions import Base
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.payments.models import Dispute, Payment, Refund
from shop.subscribers.models import Subscriber

#: the shop's own side: goods, settings, and the people who work here (one of them may buy, too)
NOT_ABOUT_BUYERS = frozenset({"catalog", "tenancy", "insights", "content"})
OURS = ("staff", "audit_", "api_keys", "webhook_endpoints", "invoice_counters")  # beginnings of tables' names
SUBJECTS = ("subject", "subject_id", "subject_key")
MOMENTS = ("created_at", "received_at", "at", "placed_at", "started_at", "added_at")
ADDRESS_WORDS = ("name", "line1", "line2", "city", "postal_code")
SHORTEST_WORD = 3
BATCH = 500


@dataclass(frozen=True)
class Person:
    """`words`: names, telephone numbers and lines of addresses, to be looked for in rows that are theirs. `until`: an
    address in a later row is somebody's who bought afresh."""

    customer_ids: list[int]
    emails: list[str]
    until: str
    order_ids: list[int] = field(default_factory=list)
    about: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def spellings(self) -> list[str]:
        """Addresses as they are written in texts and in addresses of pages."""
        return sorted({*self.emails, *map(quote, self.emails)})

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, raw: str) -> Person:
        return cls(**json.loads(raw))


def find_person(session: Session, customer_id: int, until: datetime) -> Person:
    """This customer, with every one that was merged into it."""
    rows = session.execute(
        select(Customer).where(or_(Customer.id == customer_id, Customer.merged_into_id == customer_id))
    ).scalars()
    customers = sorted(rows, key=lambda row: row.id != customer_id)
    ids = [row.id for row in customers]
    orders = session.execute(select(Order).where(Order.customer_id.in_(ids)).order_by(Order.id)).scalars().all()
    emails = {row.email.lower() for row in customers} | {o.email.lower() for o in orders if o.email}
    words: set[str] = {part for row in customers for part in (row.name, row.phone)}
    for order in orders:
        words |= {order.customer_name, order.phone}
        for address in (order.ship_to or {}, order.bill_to or {}):
            words |= {str(address.get(name) or "") for name in ADDRESS_WORDS}
    return Person(
        customer_ids=ids,
        emails=sorted(emails - {""}),
        until=until.isoformat(),
        order_ids=[order.id for order in orders],
        about=sorted(_about(session, ids, orders)),
        words=sorted({" ".join(word.split()) for word in words if len(word.strip()) >= SHORTEST_WORD}),
    )


def _about(session: Session, customer_ids: list[int], orders: Any) -> Iterator[str]:
    """Outside ids, and the names that logs give to their things."""
    ids = [order.id for order in orders]
    yield from (f"customer:{customer_id}" for customer_id in customer_ids)
    for order in orders:
        yield from (order.number, f"order:{order.id}", f"order:{order.number}", order.source_key.partition(":")[2])
    named: dict[str, Any] = {"payment": Payment, "refund": Refund, "dispute": Dispute, "fulfilment": FulfilmentOrder}
    for prefix, model in named.items():
        found = select(model.id, model.external_id).where(model.order_id.in_(ids))
        for row_id, external_id in session.execute(found):
            yield f"{prefix}:{row_id}"
            if external_id:
                yield external_id
    for checkout_id, session_id in session.execute(
        select(Checkout.id, Checkout.session_id).where(Checkout.order_id.in_(ids))
    ):
        yield f"checkout:{checkout_id}"
        if session_id:
            yield session_id


@lru_cache(maxsize=1)
def tables() -> tuple[Table, ...]:
    """Every table that may know a buyer."""
    found = []
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        domain = mapper.class_.__module__.split(".")[1]
        if isinstance(table, Table) and domain not in NOT_ABOUT_BUYERS and not table.name.startswith(OURS):
            found.append(table)
    return tuple(sorted(set(found), key=lambda table: table.name))


def texts(table: Table) -> list[Column[Any]]:
    """Columns with words in clear: text, JSON, lists of text."""
    return [
        column
        for column in table.columns
        if isinstance(column.type, String | Text | JSON | ARRAY) and not isinstance(column.type, EncryptedText)
    ]


def is_theirs(table: Table, person: Person) -> ColumnElement[bool]:
    """By a key, by what it is about, or by an address in it."""
    return or_(by_key(table, person), _by_subject(table, person), _by_address(table, person))


def by_key(table: Table, person: Person, depth: int = 2) -> ColumnElement[bool]:
    """A foreign key leads to the customer or one of the orders, in at most three steps."""
    if table.name == Customer.__tablename__:
        return table.c.id.in_(person.customer_ids)
    if table.name == Order.__tablename__:
        return table.c.id.in_(person.order_ids)
    if table.name == Subscriber.__tablename__:  # known by nothing but the address; its proofs hang on it
        return table.c.email.in_(person.emails) & (table.c.created_at <= datetime.fromisoformat(person.until))
    found: list[ColumnElement[bool]] = []
    if "order_id" in table.c:
        found.append(table.c.order_id.in_(person.order_ids))
    if "customer_id" in table.c:
        found.append(table.c.customer_id.in_(person.customer_ids))
    for key in table.foreign_keys if depth else ():
        parent = key.column.table
        if parent is table or parent not in tables() or key.parent.name in ("order_id", "customer_id"):
            continue
        lead = by_key(parent, person, depth - 1)
        if not _is_false(lead):
            found.append(key.parent.in_(select(parent.c.id).where(lead)))
    return or_(*found) if found else false()


def _is_false(condition: ColumnElement[bool]) -> bool:
    return str(condition) == str(false())


def _by_subject(table: Table, person: Person) -> ColumnElement[bool]:
    return or_(false(), *(table.c[name].in_(person.about) for name in SUBJECTS if name in table.c))


def _by_address(table: Table, person: Person) -> ColumnElement[bool]:
    """In any text; not in the rows of another customer or order, nor in later ones."""
    found = [
        cast(column, Text).icontains(email, autoescape=True) for column in texts(table) for email in person.spellings
    ]
    if not found or table.name in (Customer.__tablename__, Order.__tablename__):
        return false()
    moment = next((table.c[name] for name in MOMENTS if name in table.c), None)
    return and_(
        or_(*found),
        true() if moment is None else moment <= datetime.fromisoformat(person.until),
        *(
            or_(table.c[name].is_(None), table.c[name].in_(ids))
            for name, ids in (("customer_id", person.customer_ids), ("order_id", person.order_ids))
            if name in table.c
        ),
    )


def read_rows(
    session: Session, table: Table, person: Person, columns: list[Column[Any]], after: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """The next rows that are theirs, with these columns and the id, and the id to go on after; 0 when that was all.

    A longer address that only ends in theirs ("xada@…") is somebody else's.
    """
    by_link = or_(by_key(table, person), _by_subject(table, person)).label("by_link")
    query = select(table.c.id, by_link, *(c for c in columns if c.name != "id")).where(table.c.id > after)
    found = session.execute(query.where(is_theirs(table, person)).order_by(table.c.id).limit(BATCH)).mappings().all()
    whole = "|".join(rf"(?<![\w.+-]){re.escape(email)}(?![\w-])" for email in person.spellings)
    exact = re.compile(whole or "(?!)", re.IGNORECASE)
    rows = [dict(row) for row in found if row["by_link"] or any(exact.search(str(value)) for value in row.values())]
    for row in rows:
        del row["by_link"]
    return rows, found[-1]["id"] if len(found) == BATCH else 0
