"""What such a system posts: {"type": "order", "timestamp": …, "data": {an order}}, in our own words. Pure.

Money in minor units of `currency`; times with their zone. Described for merchants in docs/channels.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from shop.channels.records import AddressRecord, FulfilmentState, OrderLineRecord, OrderRecord, PaymentState
from shop.errors import Misunderstood

Minor = Annotated[int, Meta(ge=0, le=2_000_000_000)]
Words = Annotated[str, Meta(max_length=300)]


class ToldLine(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=300)]
    quantity: Annotated[int, Meta(ge=1, le=10_000)]
    unit_minor: Minor
    id: Words = ""
    sku: Words = ""
    discount_minor: Minor = 0
    tax_minor: Minor = 0


class ToldAddress(Struct, kw_only=True):
    name: Words = ""
    company: Words = ""
    line1: Words = ""
    line2: Words = ""
    city: Words = ""
    state: Words = ""
    postal_code: Words = ""
    country: Annotated[str, Meta(pattern="^([A-Z]{2})?$")] = ""
    phone: Words = ""


class ToldOrder(Struct, kw_only=True):
    id: Annotated[str, Meta(min_length=1, max_length=150)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    lines: Annotated[list[ToldLine], Meta(min_length=1, max_length=500)]
    ship_to: ToldAddress
    number: Words = ""
    placed_at: Annotated[datetime, Meta(tz=True)] | None = None
    payment: Literal["pending", "paid", "refunded", "failed"] = "paid"
    email: Annotated[str, Meta(max_length=254)] = ""
    bill_to: ToldAddress | None = None
    discount_minor: Minor = 0
    shipping_minor: Minor = 0
    tax_minor: Minor = 0
    taxes_included: bool = True
    total_minor: Minor | None = None
    note: Annotated[str, Meta(max_length=2000)] = ""
    is_test: bool = False
    is_cancelled: bool = False


class Message(Struct, kw_only=True):
    type: Literal["order"]
    data: ToldOrder
    timestamp: Annotated[datetime, Meta(tz=True)] | None = None


def read_message(body: bytes) -> Message:
    """Raises Misunderstood; its detail says what is wrong and where ("… at `$.data.lines[0].quantity`")."""
    try:
        return msgspec.json.decode(body, type=Message)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Misunderstood("This message is not understood.", service="inbox", detail=str(error)[:300]) from error


def stored(message: Message, at: datetime) -> dict[str, Any]:
    """As JSON, to be kept until it is applied."""
    found: dict[str, Any] = msgspec.to_builtins(message.data)
    return {**found, "told_at": at.isoformat()}


def read_order(kept: Mapping[str, Any]) -> OrderRecord:
    """Of what `stored` made. Without a total it is the sum of the parts."""
    told = msgspec.convert(kept, type=ToldOrder)
    told_at = datetime.fromisoformat(str(kept["told_at"])).astimezone(UTC)
    parts = sum(line.unit_minor * line.quantity - line.discount_minor for line in told.lines)
    tax = 0 if told.taxes_included else told.tax_minor
    total = max(parts - told.discount_minor + told.shipping_minor + tax, 0)
    return OrderRecord(
        external_id=told.id,
        number=told.number or told.id,
        currency=told.currency,
        lines=tuple(_line(line, n) for n, line in enumerate(told.lines)),
        total_minor=total if told.total_minor is None else told.total_minor,
        rounding_minor=0 if told.total_minor is None else told.total_minor - total,
        placed_at=told.placed_at.astimezone(UTC) if told.placed_at else told_at,
        payment=PaymentState(told.payment),
        fulfilment=FulfilmentState.UNFULFILLED,
        email=told.email,
        ship_to=_address(told.ship_to),
        bill_to=_address(told.bill_to or told.ship_to),
        discount_minor=told.discount_minor + sum(line.discount_minor for line in told.lines),
        shipping_minor=told.shipping_minor,
        tax_minor=told.tax_minor,
        taxes_included=told.taxes_included,
        note=told.note,
        is_test=told.is_test,
        is_cancelled=told.is_cancelled,
        updated_at=told_at,
    )


def _line(line: ToldLine, number: int) -> OrderLineRecord:
    return OrderLineRecord(
        title=line.title, quantity=line.quantity, unit_minor=line.unit_minor, external_id=line.id or str(number + 1),
        sku=line.sku, discount_minor=line.discount_minor, tax_minor=line.tax_minor,
    )  # fmt: skip


def _address(told: ToldAddress) -> AddressRecord:
    return AddressRecord(**{name: getattr(told, name) for name in ToldAddress.__struct_fields__})
