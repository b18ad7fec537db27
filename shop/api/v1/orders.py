"""Orders: what was bought, by whom, where it goes, and what may still be done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from shop.api.v1.fields import (
    LINE,
    LINE_OR_NOTHING,
    NO_NUL,
    Address,
    ChangedQuery,
    Id,
    Money,
    Query,
    address,
    tidy,
    utc,
    utc_or_none,
)
from shop.api.v1.listing import changed_within, created_within, page_of
from shop.api.v1.operation import Answer, Call, operation
from shop.core.transaction import release_connection, transaction
from shop.errors import NotFound
from shop.extensions import db
from shop.orders import models
from shop.orders.numbers import read_number
from shop.orders.statuses import lock_order, tell
from shop.orders.tagging import MOST_CHARS, MOST_TAGS, read_tags
from shop.workflows.cancel_order import cancel_order as cancel_it

OrderStatus = Literal["placed", "completed", "cancelled"]
PaymentStatus = Literal[
    "unpaid", "authorised", "paid", "partly_refunded", "refunded", "disputed", "failed"
]
FulfilmentStatus = Literal[
    "requested", "submitted", "in_production", "partly_shipped", "shipped", "delivered", "cancelled"
]
Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")]


Tag = Annotated[str, Meta(max_length=MOST_CHARS, pattern=LINE.replace("[^", "[^,"))]


class OrderQuery(ChangedQuery, kw_only=True):
    """`created_…` is when it was placed."""

    status: OrderStatus | UnsetType = UNSET
    payment_status: PaymentStatus | UnsetType = UNSET
    fulfilment_status: FulfilmentStatus | UnsetType = UNSET
    number: Annotated[str, Meta(min_length=8, max_length=12, pattern="^[0-9A-Za-z-]+$")] | UnsetType = UNSET
    email: Annotated[Email, Meta(description="The buyer's address, whole.")] | UnsetType = UNSET
    customer_id: Id | UnsetType = UNSET
    channel: Annotated[str, Meta(max_length=40, pattern="^[a-z0-9_-]+$")] | UnsetType = UNSET
    tag: Annotated[Tag, Meta(description="Orders with this very tag.")] | UnsetType = UNSET


class OrderLine(Struct, kw_only=True):
    """Prices are as they were when it was bought."""

    id: int
    product_id: int | None
    variant_id: int | None
    title: str
    variant_title: str
    sku: str
    quantity: int
    unit_price: Money
    total: Money
    tax: Money


class Order(Struct, kw_only=True):
    id: int
    number: Annotated[str, Meta(description="What buyers and staff call it.", examples=["K7QM-4T2X"])]
    status: str
    payment_status: str
    fulfilment_status: str
    channel: str
    is_test: bool
    customer_id: int | None
    email: str
    customer_name: str
    phone: str
    shipping_address: Address
    billing_address: Address
    locale: str
    note: str
    tags: list[str]
    lines: list[OrderLine]
    subtotal: Money
    shipping: Money
    discount: Money
    tax: Money
    tax_included: Annotated[bool, Meta(description="The tax is inside the prices, not added to them.")]
    total: Money
    store_total: Annotated[Money, Meta(description="The total in the shop's own currency, by the rate of the order.")]
    shipping_method: str
    shipping_label: str
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None
    archived_at: Annotated[datetime | None, Meta(description="Out of the way in the panel.")]


class OrderPage(Struct):
    data: list[Order]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null on the last one.")]


class OrderChange(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is left out stays as it is."""

    note: Annotated[str, Meta(max_length=2000, pattern=NO_NUL)] | UnsetType = UNSET
    tags: Annotated[list[Tag], Meta(max_length=MOST_TAGS)] | UnsetType = UNSET


class Cancellation(Struct, forbid_unknown_fields=True, kw_only=True):
    reason: Annotated[str, Meta(max_length=200, pattern=LINE_OR_NOTHING, description="The buyer reads it.")] = ""
    refund: Annotated[bool, Meta(description="Give back all that was paid.")] = True


@operation("GET", "/orders", "orders:read")
def list_orders(call: Call[OrderQuery, None]) -> Answer[OrderPage]:
    """Orders with their lines, newest first.

    To follow changes, ask for `updated_from` the moment of your last round, less a minute.
    """
    chosen = narrow(select(models.Order).options(selectinload(models.Order.lines)), call.query)
    rows, after, headers = page_of("orders", call.query, chosen, models.Order.id, lambda row: row[0].id)
    return Answer(OrderPage([show_order(row[0]) for row in rows], after), headers=headers)


@operation("GET", "/orders/<int:order_id>", "orders:read")
def get_order(call: Call[Query, None], order_id: int) -> Answer[Order]:
    """One order."""
    return Answer(show_order(find_order(db.session(), order_id)))


@operation("PATCH", "/orders/<int:order_id>", "orders:write", versioned=True)
def change_order(call: Call[Query, OrderChange], order_id: int) -> Answer[Order]:
    """Change the note and the tags of an order."""
    with transaction() as session:
        found = find_order(session, order_id, to_change=True)
        call.must_match(show_order(found))
        if call.body.note is not UNSET and (note := tidy(call.body.note)) != found.note:
            found.note = note
            tell(session, found, "note", who=call.who, why="The note on the order was changed.")
        if call.body.tags is not UNSET and (tags := read_tags(",".join(call.body.tags))) != found.tags:
            found.tags = tags
        session.flush()
        return call.keep(session, Answer(show_order(found)))


@operation(
    "POST",
    "/orders/<int:order_id>/cancel",
    "orders:write",
    versioned=True,
    fails=("conflict", "provider-refused", "provider-unavailable"),
)
def cancel_order(call: Call[Query, Cancellation], order_id: int) -> Answer[Order]:
    """Cancel an order that is not being made yet.

    The print provider is told, the buyer gets a letter and, unless `refund` is false, the money. 409 when it is in
    production already, or is being sent to the provider this moment. A repeat does nothing more.
    """
    call.must_match(show_order(find_order(db.session(), order_id)))
    release_connection()
    cancel_it(order_id, who=call.who, why=tidy(call.body.reason), refund=call.body.refund)
    db.session.expire_all()
    return Answer(show_order(find_order(db.session(), order_id)))


def narrow(chosen: Select[Any], query: OrderQuery) -> Select[Any]:
    chosen = chosen.where(*created_within(query, models.Order.placed_at))
    chosen = chosen.where(*changed_within(query, models.Order.updated_at))
    for name in ("status", "payment_status", "fulfilment_status", "customer_id", "channel"):
        if (value := getattr(query, name)) is not UNSET:
            chosen = chosen.where(getattr(models.Order, name) == value)
    if query.number is not UNSET:
        chosen = chosen.where(models.Order.number == (read_number(query.number) or ""))
    if query.email is not UNSET:
        chosen = chosen.where(models.Order.email == query.email.lower())
    if query.tag is not UNSET:
        chosen = chosen.where(models.Order.tags.contains([query.tag]))
    return chosen


def find_order(session: Session, order_id: int, to_change: bool = False) -> models.Order:
    """With its lines. Raises NotFound."""
    found = session.execute(
        select(models.Order).where(models.Order.id == order_id).options(selectinload(models.Order.lines))
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such order.")
    return lock_order(session, order_id) if to_change else found


def show_order(order: models.Order) -> Order:
    currency = order.currency
    return Order(
        id=order.id,
        number=order.number,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        channel=order.channel,
        is_test=order.is_test,
        customer_id=order.customer_id,
        email=order.email,
        customer_name=order.customer_name,
        phone=order.phone,
        shipping_address=address(order.ship_to),
        billing_address=address(order.bill_to),
        locale=order.locale,
        note=order.note,
        tags=list(order.tags),
        lines=[_line(line, currency) for line in order.lines],
        subtotal=Money(order.subtotal_minor, currency),
        shipping=Money(order.shipping_minor, currency),
        discount=Money(order.discount_minor, currency),
        tax=Money(order.tax_minor, currency),
        tax_included=order.tax_included,
        total=Money(order.total_minor, currency),
        store_total=Money(order.store_total_minor, order.store_currency or currency),
        shipping_method=order.shipping_method,
        shipping_label=order.shipping_label,
        created_at=utc(order.placed_at),
        updated_at=utc(order.updated_at),
        cancelled_at=utc_or_none(order.cancelled_at),
        archived_at=utc_or_none(order.archived_at),
    )


def _line(line: models.OrderLine, currency: str) -> OrderLine:
    return OrderLine(
        id=line.id,
        product_id=line.product_id,
        variant_id=line.variant_id,
        title=line.title,
        variant_title=line.variant_title,
        sku=line.sku,
        quantity=line.quantity,
        unit_price=Money(line.unit_minor, currency),
        total=Money(line.total_minor, currency),
        tax=Money(line.tax_minor, currency),
    )
