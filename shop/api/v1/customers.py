"""Customers, known by their address. A merged one points to the one that was kept; of an erased one nothing is left."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts import models
from shop.api.v1.fields import LINE, LINE_OR_NOTHING, ChangedQuery, Money, Query, given, tidy, utc, utc_or_none
from shop.api.v1.listing import changed_within, created_within, page_of
from shop.api.v1.operation import Answer, Call, operation
from shop.api.v1.orders import Email
from shop.core.transaction import transaction
from shop.customers.changing import MOST_TAG_CHARS, MOST_TAGS, change_consent, lock_customer, read_tags
from shop.errors import NotFound
from shop.extensions import db
from shop.workflows.letter_choices import follow_consent

Tag = Annotated[str, Meta(max_length=MOST_TAG_CHARS, pattern=LINE.replace("[^", "[^,"))]


class CustomerQuery(ChangedQuery, kw_only=True):
    email: Annotated[Email, Meta(description="The whole address.")] | UnsetType = UNSET
    tag: Annotated[Tag, Meta(description="Customers with this very tag.")] | UnsetType = UNSET


class Customer(Struct, kw_only=True):
    id: int
    email: str
    name: str
    locale: Annotated[str, Meta(description="The language of their letters.")]
    phone: str
    tags: list[str]
    accepts_marketing: bool
    orders_count: Annotated[int, Meta(description="Without cancelled ones.")]
    spent: Annotated[Money | None, Meta(description="What was paid, less what went back; null before the first order.")]
    last_order_at: datetime | None
    merged_into_id: Annotated[int | None, Meta(description="The customer who was kept.")]
    erased_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CustomerPage(Struct):
    data: list[Customer]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


class CustomerChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays as it is."""

    name: Annotated[str, Meta(max_length=200, pattern=LINE_OR_NOTHING)] | UnsetType = UNSET
    locale: Annotated[str, Meta(max_length=8, pattern="^[a-z]{2}(-[A-Z]{2})?$")] | UnsetType = UNSET
    tags: Annotated[list[Tag], Meta(max_length=MOST_TAGS)] | UnsetType = UNSET
    accepts_marketing: (
        Annotated[bool, Meta(description="The change is kept in the history of consent, as yours.")] | UnsetType
    ) = UNSET


@operation("GET", "/customers", "customers:read")
def list_customers(call: Call[CustomerQuery, None]) -> Answer[CustomerPage]:
    """Customers, newest first."""
    query = call.query
    chosen = select(models.Customer).where(*created_within(query, models.Customer.created_at))
    chosen = chosen.where(*changed_within(query, models.Customer.updated_at))
    if query.email is not UNSET:
        chosen = chosen.where(models.Customer.email == query.email.lower())
    if query.tag is not UNSET:
        chosen = chosen.where(models.Customer.tags.contains([query.tag]))
    rows, after, headers = page_of("customers", query, chosen, models.Customer.id, lambda row: row[0].id)
    return Answer(CustomerPage([show_customer(row[0]) for row in rows], after), headers=headers)


@operation("GET", "/customers/<int:customer_id>", "customers:read")
def get_customer(call: Call[Query, None], customer_id: int) -> Answer[Customer]:
    """One customer. Their orders: `GET /orders?customer_id=…`."""
    return Answer(show_customer(_find(db.session(), customer_id)))


@operation("PATCH", "/customers/<int:customer_id>", "customers:write", versioned=True, fails=("conflict",))
def change_customer(call: Call[Query, CustomerChange], customer_id: int) -> Answer[Customer]:
    """Change a customer. 409 once they were merged or erased."""
    with transaction() as session:
        found = lock_customer(session, customer_id)
        call.must_match(show_customer(found))
        wanted: dict[str, Any] = {name: tidy(value) for name, value in given(call.body, "name", "locale").items()}
        if call.body.tags is not UNSET:
            wanted["tags"] = read_tags(",".join(call.body.tags))
        for name, value in wanted.items():
            if getattr(found, name) != value:
                setattr(found, name, value)
        if call.body.accepts_marketing is not UNSET:
            accepts = call.body.accepts_marketing
            if change_consent(session, found, accepts, source="api", who=call.who):
                follow_consent(session, found.email, accepts, found.locale, source="api", who=call.who)
        session.flush()
        return call.keep(session, Answer(show_customer(found)))


def _find(session: Session, customer_id: int) -> models.Customer:
    found = session.execute(select(models.Customer).where(models.Customer.id == customer_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def show_customer(found: models.Customer) -> Customer:
    return Customer(
        id=found.id,
        email=found.email,
        name=found.name,
        locale=found.locale,
        phone=found.phone,
        tags=list(found.tags),
        accepts_marketing=found.accepts_marketing,
        orders_count=found.orders_count,
        spent=Money(max(0, found.spent_minor), found.spent_currency) if found.spent_currency else None,
        last_order_at=utc_or_none(found.last_order_at),
        merged_into_id=found.merged_into_id,
        erased_at=utc_or_none(found.erased_at),
        created_at=utc(found.created_at),
        updated_at=utc(found.updated_at),
    )
