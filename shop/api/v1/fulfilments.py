"""Fulfilments: what the print provider makes of an order, and the parcels that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from flask import current_app, url_for
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from shop.api.v1.fields import CreatedQuery, Id, Money, Query, utc, utc_or_none
from shop.api.v1.listing import created_within, page_of
from shop.api.v1.operation import Answer, Call, operation
from shop.api.v1.orders import find_order
from shop.core.transaction import release_connection, transaction
from shop.errors import Conflict, NotFound
from shop.extensions import db
from shop.fulfilment.models import FulfilmentLine, FulfilmentOrder, Shipment
from shop.fulfilment.requesting import request_fulfilment
from shop.orders.models import Order
from shop.orders.statuses import lock_order, tell
from shop.workflows.submit_fulfilment import release

Status = Literal["requested", "submitted", "in_production", "shipped", "delivered", "cancelled", "parked"]


class FulfilmentQuery(CreatedQuery, kw_only=True):
    order_id: Id | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    held: Annotated[Literal["yes", "no"], Meta(description="Stopped, and waits for somebody.")] | UnsetType = UNSET


class FulfilmentItem(Struct):
    order_line_id: int
    sku: str
    title: str
    quantity: int


class Parcel(Struct, kw_only=True):
    id: int
    carrier: str
    tracking_number: str
    tracking_url: str
    shipped_at: datetime
    delivered_at: datetime | None


class Fulfilment(Struct, kw_only=True):
    id: int
    order_id: int
    status: str
    step: Annotated[str, Meta(description="What comes next for us: submit, produce, or watch.")]
    provider: str
    external_key: Annotated[str, Meta(description="The number it has at the provider.")]
    external_id: str | None
    is_held: bool
    hold_reason: str
    items: list[FulfilmentItem]
    parcels: list[Parcel]
    shipping_method: str
    cost: Annotated[Money, Meta(description="What the provider charges, once it is known.")]
    created_at: datetime
    submitted_at: datetime | None
    produced_at: datetime | None


class FulfilmentPage(Struct):
    data: list[Fulfilment]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


class Nothing(Struct, forbid_unknown_fields=True):
    """An empty object."""


@operation("GET", "/fulfilments", "fulfilments:read")
def list_fulfilments(call: Call[FulfilmentQuery, None]) -> Answer[FulfilmentPage]:
    """Fulfilments with their parcels, newest first."""
    query = call.query
    chosen = select(FulfilmentOrder).options(selectinload(FulfilmentOrder.lines))
    chosen = chosen.where(*created_within(query, FulfilmentOrder.created_at))
    if query.order_id is not UNSET:
        chosen = chosen.where(FulfilmentOrder.order_id == query.order_id)
    if query.status is not UNSET:
        chosen = chosen.where(FulfilmentOrder.status == query.status)
    if query.held is not UNSET:
        chosen = chosen.where(FulfilmentOrder.is_held.is_(query.held == "yes"))
    rows, after, headers = page_of("fulfilments", query, chosen, FulfilmentOrder.id, lambda row: row[0].id)
    return Answer(FulfilmentPage(_show(db.session(), [row[0] for row in rows]), after), headers=headers)


@operation("GET", "/fulfilments/<int:fulfilment_id>", "fulfilments:read")
def get_fulfilment(call: Call[Query, None], fulfilment_id: int) -> Answer[Fulfilment]:
    """One fulfilment."""
    return Answer(_find(db.session(), fulfilment_id))


@operation(
    "POST", "/orders/<int:order_id>/fulfilments", "fulfilments:write", status=201, fails=("conflict",)
)
def request_printing(call: Call[Query, Nothing], order_id: int) -> Answer[Fulfilment]:
    """Ask for a paid order to be printed. A repeat answers with the first one. 409 when it is not paid."""
    with transaction() as session:
        find_order(session, order_id)
        order = lock_order(session, order_id)
        check_may_be_printed(order)
        made = request_fulfilment(session, order)
        session.flush()
        where = url_for("api.v1.get_fulfilment", fulfilment_id=made.id)
        return call.keep(session, Answer(_find(session, made.id), 201, {"Location": where}))


@operation("POST", "/fulfilments/<int:fulfilment_id>/release", "fulfilments:write", fails=("conflict",))
def release_fulfilment(call: Call[Query, Nothing], fulfilment_id: int) -> Answer[Fulfilment]:
    """Go on: lift a hold, submit again, or send to production now. What is on its way already stays as it is."""
    row = db.session.execute(select(FulfilmentOrder).where(FulfilmentOrder.id == fulfilment_id)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such fulfilment.")
    order_id, was_held = row.order_id, row.is_held
    check_may_be_printed(find_order(db.session(), order_id))
    release_connection()
    if release(fulfilment_id):
        with transaction() as session:
            why = "Released" if was_held else "Sent on"
            tell(session, lock_order(session, order_id), "staff", who=call.who, why=why)
    db.session.expire_all()
    return Answer(_find(db.session(), fulfilment_id))


def check_may_be_printed(order: Order) -> None:
    """Raises Conflict: it is cancelled, or not paid."""
    if order.status == "cancelled":
        raise Conflict("This order is cancelled.")
    if order.payment_status not in ("paid", "partly_refunded"):
        raise Conflict(f"This order is {order.payment_status.replace('_', ' ')}, not paid.")


def _find(session: Session, fulfilment_id: int) -> Fulfilment:
    found = session.execute(
        select(FulfilmentOrder)
        .where(FulfilmentOrder.id == fulfilment_id)
        .options(selectinload(FulfilmentOrder.lines))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such fulfilment.")
    return _show(session, [found])[0]


def _show(session: Session, rows: Sequence[FulfilmentOrder]) -> list[Fulfilment]:
    """With their parcels: one statement for all of them."""
    parcels: dict[int, list[Parcel]] = {row.id: [] for row in rows}
    found = session.execute(
        select(Shipment).where(Shipment.fulfilment_order_id.in_(list(parcels))).order_by(Shipment.id)
    ).scalars()
    for parcel in found:
        parcels[parcel.fulfilment_order_id].append(_parcel(parcel))
    currency = current_app.config["IMPRINT"].printify_currency
    return [_fulfilment(row, parcels[row.id], currency) for row in rows]


def _fulfilment(row: FulfilmentOrder, parcels: list[Parcel], currency: str) -> Fulfilment:
    return Fulfilment(
        id=row.id,
        order_id=row.order_id,
        status=row.status,
        step=row.step,
        provider=row.provider,
        external_key=row.external_key,
        external_id=row.external_id,
        is_held=row.is_held,
        hold_reason=row.hold_reason,
        items=[_item(line) for line in row.lines],
        parcels=parcels,
        shipping_method=row.shipping_method,
        cost=Money(row.cost_minor, currency),
        created_at=utc(row.created_at),
        submitted_at=utc_or_none(row.submitted_at),
        produced_at=utc_or_none(row.produced_at),
    )


def _item(line: FulfilmentLine) -> FulfilmentItem:
    return FulfilmentItem(order_line_id=line.order_line_id, sku=line.sku, title=line.title, quantity=line.quantity)


def _parcel(parcel: Shipment) -> Parcel:
    return Parcel(
        id=parcel.id,
        carrier=parcel.carrier,
        tracking_number=parcel.number,
        tracking_url=parcel.url,
        shipped_at=utc(parcel.shipped_at),
        delivered_at=utc_or_none(parcel.delivered_at),
    )
