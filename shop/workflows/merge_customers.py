"""Two customers are one person: everything of the second becomes the first's, and the second leads there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, select, update
from sqlalchemy.orm import Session

from shop.accounts.auditing import note_change
from shop.accounts.models import Customer
from shop.core.transaction import run_in_transaction
from shop.customers.changing import change_consent, join_tags
from shop.customers.models import PrivacyRequest
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.orders.models import Order
from shop.workflows.letter_choices import follow_consent


def merge_customers(keep_id: int, other_id: int, *, who: str) -> bool:
    """Orders, notes, tags, carts and the history of consent join; mail goes only to somebody who agreed as both.

    False when it was done already. Raises NotFound, InvalidInput, Conflict. An order that is being placed for the other
    one is finished first, or finds the kept one (accounts/customers.py).
    """
    if keep_id == other_id:
        raise InvalidInput(fields={"other": "This is the same customer. Choose another one."})
    return run_in_transaction(lambda session: _merge(session, keep_id, other_id, who))


def _merge(session: Session, keep_id: int, other_id: int, who: str) -> bool:
    # orders first, as everybody who changes an order does: one order of locks
    theirs = select(Order.id).where(Order.customer_id.in_([keep_id, other_id])).order_by(Order.id)
    session.execute(theirs.with_for_update()).all()
    rows = {
        row.id: row
        for row in session.execute(
            select(Customer)
            .where(Customer.id.in_([keep_id, other_id]))
            .order_by(Customer.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalars()
    }
    keep, other = rows.get(keep_id), rows.get(other_id)
    if keep is None or other is None:
        raise NotFound("There is no such customer.")
    if other.merged_into_id == keep.id:
        return False
    if keep.merged_into_id or other.merged_into_id:
        raise Conflict("One of the two was merged with somebody else meanwhile. Look at their page and try again.")
    if keep.erased_at or other.erased_at:
        raise Conflict("One of the two was erased: there is nothing left to merge.")
    _refuse_while_exported(session, [keep_id, other_id])
    for column in _leading_here():
        session.execute(
            update(column.table)
            .where(column == other.id)
            .values({column.name: keep.id})
            .execution_options(synchronize_session=False)
        )
    _join(session, keep, other, who)
    note_change(session, "merge customer", f"customer {keep.id}", {}, {"merged_customer_id": other.id})
    return True


def _join(session: Session, keep: Customer, other: Customer, who: str) -> None:
    why = f"Merged with {other.email}"
    strictest = keep.accepts_marketing and other.accepts_marketing
    change_consent(session, keep, strictest, source="merge", who=who, why=f"{why}, who did not want mail")
    if not strictest:
        follow_consent(session, keep.email, False, keep.locale, source="merge", who=who)
    other.accepts_marketing = False
    keep.name, keep.phone = keep.name or other.name, keep.phone or other.phone
    keep.tags, other.tags = join_tags(keep.tags, other.tags), []
    keep.created_at = min(keep.created_at, other.created_at)
    other.merged_into_id = keep.id


def _refuse_while_exported(session: Session, ids: list[int]) -> None:
    working = select(PrivacyRequest.id).where(
        PrivacyRequest.customer_id.in_(ids), PrivacyRequest.work_state.in_(["due", "working"])
    )
    if session.execute(working).first():
        raise Conflict("The file of one of them is being made. Try again in a minute.")


def _leading_here() -> list[Column[Any]]:
    """Every column that is a key of a customer, also those of tables added later."""
    customers = Customer.__table__
    return sorted(
        (
            key.parent
            for table in db.metadata.tables.values()
            for key in table.foreign_keys
            if key.column.table is customers
        ),
        key=lambda column: (column.table.name, column.name),
    )
