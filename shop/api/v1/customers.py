"""Customers, known by their address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts import models
from shop.api.v1.fields import LINE_OR_NOTHING, ChangedQuery, Query, given, tidy, utc
from shop.api.v1.listing import changed_within, created_within, page_of
from shop.api.v1.operation import Answer, Call, operation
from shop.api.v1.orders import Email
from shop.core.transaction import transaction
from shop.errors import NotFound
from shop.extensions import db


class CustomerQuery(ChangedQuery, kw_only=True):
    email: Annotated[Email, Meta(description="The whole address.")] | UnsetType = UNSET


class Customer(Struct, kw_only=True):
    id: int
    email: str
    name: str
    locale: Annotated[str, Meta(description="The language of their letters.")]
    accepts_marketing: bool
    created_at: datetime
    updated_at: datetime


class CustomerPage(Struct):
    data: list[Customer]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


class CustomerChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays as it is."""

    name: Annotated[str, Meta(max_length=200, pattern=LINE_OR_NOTHING)] | UnsetType = UNSET
    locale: Annotated[str, Meta(max_length=8, pattern="^[a-z]{2}(-[A-Z]{2})?$")] | UnsetType = UNSET
    accepts_marketing: bool | UnsetType = UNSET


@operation("GET", "/customers", "customers:read")
def list_customers(call: Call[CustomerQuery, None]) -> Answer[CustomerPage]:
    """Customers, newest first."""
    query = call.query
    chosen = select(models.Customer).where(*created_within(query, models.Customer.created_at))
    chosen = chosen.where(*changed_within(query, models.Customer.updated_at))
    if query.email is not UNSET:
        chosen = chosen.where(models.Customer.email == query.email.lower())
    rows, after, headers = page_of("customers", query, chosen, models.Customer.id, lambda row: row[0].id)
    return Answer(CustomerPage([show_customer(row[0]) for row in rows], after), headers=headers)


@operation("GET", "/customers/<int:customer_id>", "customers:read")
def get_customer(call: Call[Query, None], customer_id: int) -> Answer[Customer]:
    """One customer. Their orders: `GET /orders?customer_id=…`."""
    return Answer(show_customer(_find(db.session(), customer_id)))


@operation("PATCH", "/customers/<int:customer_id>", "customers:write", versioned=True)
def change_customer(call: Call[Query, CustomerChange], customer_id: int) -> Answer[Customer]:
    """Change a customer."""
    with transaction() as session:
        found = _find(session, customer_id, to_change=True)
        call.must_match(show_customer(found))
        for name, value in given(call.body, "name", "locale", "accepts_marketing").items():
            value = tidy(value) if isinstance(value, str) else value
            if getattr(found, name) != value:
                setattr(found, name, value)
        session.flush()
        return call.keep(session, Answer(show_customer(found)))


def _find(session: Session, customer_id: int, to_change: bool = False) -> models.Customer:
    query = select(models.Customer).where(models.Customer.id == customer_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such customer.")
    return found


def show_customer(found: models.Customer) -> Customer:
    return Customer(
        id=found.id,
        email=found.email,
        name=found.name,
        locale=found.locale,
        accepts_marketing=found.accepts_marketing,
        created_at=utc(found.created_at),
        updated_at=utc(found.updated_at),
    )
