"""Orders made here are told to the platforms that are to know them: one row for each order and platform.

They carry our number as reference. A platform is asked for that number before a call is repeated, and what it tells us
of such an order later is known as our own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.connector import AcceptsOrders
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelPush
from shop.channels.records import AddressRecord, FulfilmentState, OrderLineRecord, OrderRecord, PaymentState
from shop.channels.syncing.models import ChannelLink, SyncSetting
from shop.core import clock
from shop.core.transaction import transaction
from shop.orders.models import Order, OrderLine
from shop.workflows.push_to_channels import add_push

MADE_HERE = ("storefront", "counter", "draft")
AS_FAR_BACK = timedelta(days=7)
AT_ONCE = 200
_SHIPPED = {"shipped": FulfilmentState.FULFILLED, "delivered": FulfilmentState.FULFILLED}


def run() -> int:
    """Write a row for each paid order that a platform does not know yet. Returns how many. A repeat adds none."""
    registry.load()
    with transaction() as session:
        settings = session.execute(
            select(SyncSetting.connection_id, SyncSetting.options, Connection.channel)
            .join(Connection, Connection.id == SyncSetting.connection_id)
            .where(SyncSetting.entity == "orders", Connection.status.not_in(["disconnected", "connecting"]))
        ).all()
        return sum(
            _ask_for(session, found.connection_id, sends_since(found.options))
            for found in settings
            if sends_since(found.options) is not None and registry.can(found.channel, AcceptsOrders)
        )


def sends_since(options: dict[str, Any]) -> datetime | None:
    """From when on orders are sent there; None: they are not."""
    since = options.get("send_since") if options.get("send_orders") else None
    return datetime.fromisoformat(since) if since else None


def _ask_for(session: Session, connection_id: int, since: datetime | None) -> int:
    begin = max(since or clock.now(), clock.now() - AS_FAR_BACK)
    known = exists().where(
        ChannelPush.order_id == Order.id, ChannelPush.connection_id == connection_id, ChannelPush.kind == "order"
    )
    found = session.execute(
        select(Order.id)
        .where(
            Order.channel.in_(MADE_HERE),
            Order.placed_at >= begin,
            Order.payment_status == "paid",
            Order.status != "cancelled",
            ~known,
        )
        .order_by(Order.placed_at)
        .limit(AT_ONCE)
    ).scalars()
    return sum(
        add_push(session, f"order:{connection_id}:{order_id}", connection_id, "order", order_id=order_id)
        for order_id in list(found)
    )


def record_of(session: Session, order: Order, connection_id: int) -> OrderRecord:
    """Our order in the unified words, with their ids of what is linked; amounts as they were paid."""
    lines = (
        session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).scalars().all()
    )
    variants = _links(session, connection_id, "variant", [line.variant_id for line in lines])
    products = _links(session, connection_id, "product", [line.product_id for line in lines])
    gap = order.subtotal_minor - order.discount_minor + order.shipping_minor
    gap += 0 if order.tax_included else order.tax_minor
    return OrderRecord(
        external_id="",
        number=order.number,
        currency=order.currency,
        lines=tuple(
            OrderLineRecord(
                title=f"{line.title} ({line.variant_title})" if line.variant_title else line.title,
                quantity=line.quantity,
                unit_minor=line.unit_minor,
                sku=line.sku,
                product_external_id=products.get(line.product_id or 0, ""),
                variant_external_id=variants.get(line.variant_id or 0, ""),
                discount_minor=line.discount_minor,
                tax_minor=line.tax_minor,
            )
            for line in lines
        ),
        total_minor=order.total_minor,
        placed_at=order.placed_at,
        payment=PaymentState.PAID,
        fulfilment=_SHIPPED.get(order.fulfilment_status, FulfilmentState.UNFULFILLED),
        email=order.email,
        ship_to=_address(order.ship_to, order),
        bill_to=_address(order.bill_to or order.ship_to, order),
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping_minor,
        tax_minor=order.tax_minor,
        rounding_minor=order.total_minor - gap,
        taxes_included=order.tax_included,
        our_reference=order.number,
        shipping_label=order.shipping_label,
        note=order.note,
        is_test=order.is_test,
    )


def _links(session: Session, connection_id: int, entity: str, ids: list[int | None]) -> dict[int, str]:
    rows = session.execute(
        select(ChannelLink.our_id, ChannelLink.external_id).where(
            ChannelLink.connection_id == connection_id,
            ChannelLink.entity == entity,
            ChannelLink.our_id.in_([one for one in ids if one is not None]),
        )
    )
    return {int(row[0]): str(row[1]) for row in rows}


def _address(found: dict[str, Any], order: Order) -> AddressRecord:
    names = ("name", "line1", "line2", "city", "state", "postal_code", "country")
    values = {name: str(found.get(name) or "") for name in names}
    return AddressRecord(**{**values, "name": values["name"] or order.customer_name, "phone": order.phone})
