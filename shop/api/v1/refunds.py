"""Refunds: money that went, or goes, back to a buyer."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Literal

from flask import request, url_for
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.api.v1.fields import LINE_OR_NOTHING, CreatedQuery, Currency, Id, Money, Query, tidy, utc
from shop.api.v1.listing import created_within, page_of
from shop.api.v1.operation import Answer, Call, operation
from shop.core.transaction import release_connection
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.orders.models import Order
from shop.orders.sharing import Chosen
from shop.payments import models
from shop.workflows.refund_order import request_refund

RefundStatus = Literal["requested", "pending", "succeeded", "failed", "cancelled"]


class RefundQuery(CreatedQuery, kw_only=True):
    order_id: Id | UnsetType = UNSET
    status: RefundStatus | UnsetType = UNSET


class Refund(Struct, kw_only=True):
    """`requested` is ours to send, `pending` is at the payment provider."""

    id: int
    order_id: int
    status: str
    amount: Money
    reason: str
    requested_by: str
    external_id: Annotated[str | None, Meta(description="The payment provider's id, once it has one.")]
    needs_attention: Annotated[bool, Meta(description="It stopped, and waits for a person: Panel → Failures.")]
    created_at: datetime


class RefundPage(Struct):
    data: list[Refund]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


class Amount(Struct, forbid_unknown_fields=True):
    """More than nothing, in the currency of the order."""

    amount_minor: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    currency: Currency


class RefundedLine(Struct, forbid_unknown_fields=True):
    order_line_id: Id
    quantity: Annotated[int, Meta(ge=1, le=100_000)]


class NewRefund(Struct, forbid_unknown_fields=True, kw_only=True):
    """An amount, or lines (with or without the shipping), which are worked out; with both, the amount counts."""

    order_id: Id
    amount: Amount | UnsetType = UNSET
    lines: Annotated[list[RefundedLine], Meta(max_length=200)] = []
    shipping: Annotated[bool, Meta(description="What is left of the shipping too.")] = False
    reason: Annotated[str, Meta(max_length=200, pattern=LINE_OR_NOTHING, description="The buyer reads it.")] = ""


@operation("GET", "/refunds", "refunds:read")
def list_refunds(call: Call[RefundQuery, None]) -> Answer[RefundPage]:
    """Refunds, newest first."""
    query = call.query
    chosen = select(models.Refund).where(*created_within(query, models.Refund.created_at))
    if query.order_id is not UNSET:
        chosen = chosen.where(models.Refund.order_id == query.order_id)
    if query.status is not UNSET:
        chosen = chosen.where(models.Refund.status == query.status)
    rows, after, headers = page_of("refunds", query, chosen, models.Refund.id, lambda row: row[0].id)
    return Answer(RefundPage([show_refund(row[0]) for row in rows], after), headers=headers)


@operation("GET", "/refunds/<int:refund_id>", "refunds:read")
def get_refund(call: Call[Query, None], refund_id: int) -> Answer[Refund]:
    """One refund."""
    return Answer(_find(db.session(), refund_id))


@operation("POST", "/refunds", "refunds:write", status=201, needs_key=True, fails=("conflict", "not-found"))
def create_refund(call: Call[Query, NewRefund]) -> Answer[Refund]:
    """Give money back, in part or in full.

    The payment provider is asked soon after, once, however often this is sent with the same Idempotency-Key. 409 when
    less is left to give back.
    """
    order_id, amount = call.body.order_id, call.body.amount
    currency = db.session.execute(select(Order.currency).where(Order.id == order_id)).scalar_one_or_none()
    if currency is None:
        raise NotFound("There is no such order.")
    if amount is not UNSET and currency != amount.currency:
        raise InvalidInput(fields={"amount.currency": f"This order was paid in {currency}."})
    release_connection()
    refund_id = request_refund(
        order_id,
        None if amount is UNSET else amount.amount_minor,
        chosen=_chosen(call.body),
        reason=tidy(call.body.reason),
        who=call.who,
        form_key=_name_of_this(call),
    )
    made = _find(db.session(), refund_id)
    return Answer(made, 201, {"Location": url_for("api.v1.get_refund", refund_id=refund_id)})


def _chosen(body: NewRefund) -> Chosen | None:
    quantities: dict[int, int] = {}
    for line in body.lines:
        quantities[line.order_line_id] = quantities.get(line.order_line_id, 0) + line.quantity
    chosen = Chosen(quantities, body.shipping)
    if chosen.is_empty and body.amount is UNSET:
        raise InvalidInput(fields={"amount": "Send an amount, or lines."})
    return None if chosen.is_empty else chosen


def _name_of_this(call: Call[Query, NewRefund]) -> str:
    """The same key with the same body is the same refund for ever: should we die between the refund and its kept
    answer, or the kept answer have gone, the next try finds the refund by this."""
    named = f"api {call.key.id} {request.headers.get('Idempotency-Key', '')}\n".encode()
    return hashlib.sha256(named + request.get_data()).hexdigest()


def _find(session: Session, refund_id: int) -> Refund:
    found = session.execute(
        select(models.Refund).where(models.Refund.id == refund_id).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such refund.")
    return show_refund(found)


def show_refund(found: models.Refund) -> Refund:
    return Refund(
        id=found.id,
        order_id=found.order_id,
        status=found.status,
        amount=Money(found.amount_minor, found.currency),
        reason=found.reason,
        requested_by=found.requested_by,
        external_id=found.external_id,
        needs_attention=found.work_state == "parked",
        created_at=utc(found.created_at),
    )
