"""What staff and workflows change about a customer. Each takes the row locked (`lock_customer`); none commits."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from shop.accounts.models import Customer
from shop.core import clock
from shop.customers.models import ConsentChange, CustomerNote
from shop.errors import Conflict, InvalidInput, NotFound

MOST_TAGS, MOST_TAG_CHARS = 50, 40
SAME_NOTE = timedelta(minutes=2)


def lock_customer(session: Session, customer_id: int) -> Customer:
    """As it stands now, held until the commit. Raises NotFound, and Conflict once it was merged or erased."""
    found = session.execute(
        select(Customer)
        .where(Customer.id == customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such customer.")
    if found.merged_into_id:
        raise Conflict("This customer was merged with another one. Go on at the page of that one.")
    if found.erased_at:
        raise Conflict("This person was erased: there is nobody left to change anything about.")
    return found


def change_email(session: Session, customer: Customer, email: str) -> None:
    """Another address; one that was merged into this customer changes places with the present one.

    Raises InvalidInput (field "email") when it is somebody else's.
    """
    if email == customer.email:
        return
    other = session.execute(
        select(Customer).where(Customer.email == email).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    before = customer.email
    if other is not None:
        if other.merged_into_id != customer.id:
            whose = other.merged_into_id or other.id
            said = f"Another customer has this address (number {whose}). If it is one person, merge them."
            raise InvalidInput(fields={"email": said})
        other.email = f"changing-places-{other.id}"
        session.flush()
    customer.email = email
    session.flush()
    if other is not None:
        other.email = before


def change_consent(
    session: Session, customer: Customer, accepts: bool, *, source: str, who: str, why: str = ""
) -> bool:
    """Whether they want marketing mail; the change is a row. False when it is so already."""
    if customer.accepts_marketing == accepts:
        return False
    customer.accepts_marketing = accepts
    session.add(
        ConsentChange(
            customer_id=customer.id, at=clock.now(), accepts=accepts, source=source, who=who[:80], why=why[:300]
        )
    )
    return True


def add_note(session: Session, customer: Customer, body: str, who: str) -> bool:
    """A note for colleagues. The same note within two minutes is one note: False."""
    again = session.execute(
        select(CustomerNote.id).where(
            CustomerNote.customer_id == customer.id,
            CustomerNote.body == body,
            CustomerNote.at > clock.now() - SAME_NOTE,
        )
    ).first()
    if again is not None:
        return False
    session.add(CustomerNote(customer_id=customer.id, at=clock.now(), who=who[:80], body=body))
    return True


def read_tags(typed: str) -> list[str]:
    """ "Friend, press" → ["Friend", "press"]: each once, in this order. Raises InvalidInput (field "tags")."""
    tags: dict[str, str] = {}
    for part in typed.split(","):
        tag = " ".join(part.split())
        if any(unicodedata.category(sign).startswith("C") for sign in tag):
            raise InvalidInput(fields={"tags": "A tag is made of letters, numbers and signs that can be seen."})
        if len(tag) > MOST_TAG_CHARS:
            raise InvalidInput(fields={"tags": f"A tag has at most {MOST_TAG_CHARS} characters: “{tag[:20]}…”."})
        if tag:
            tags.setdefault(tag.casefold(), tag)
    if len(tags) > MOST_TAGS:
        raise InvalidInput(fields={"tags": f"At most {MOST_TAGS} tags."})
    return list(tags.values())


def join_tags(first: Collection[str], second: Collection[str]) -> list[str]:
    """Both, each once; at most as many as there may be."""
    joined: dict[str, str] = {}
    for tag in (*first, *second):
        joined.setdefault(tag.casefold(), tag)
    return list(joined.values())[:MOST_TAGS]


def tag_many(session: Session, ids: Sequence[int], tag: str, *, remove: bool = False) -> list[Customer]:
    """Give a tag to many customers, or take it away; returns those that changed. The rows are locked in one order."""
    rows = session.execute(
        select(Customer)
        .where(Customer.id.in_(ids), Customer.merged_into_id.is_(None), Customer.erased_at.is_(None))
        .where(Customer.tags.contains([tag]) if remove else true())
        .order_by(Customer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    changed = []
    for row in rows:
        wanted = [t for t in row.tags if t != tag] if remove else join_tags(row.tags, [tag])
        if len(wanted) != len(row.tags):
            row.tags = wanted
            changed.append(row)
    return changed
