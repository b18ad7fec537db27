"""Ask for an order to be printed: a row, in the transaction of the sale."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core.queue import JobName, enqueue_after_commit
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderLine


def request_fulfilment(session: Session, order: Order, *, hold_reason: str = "") -> FulfilmentOrder:
    """One row an order, keyed by its number; a repeat returns the first. Held rows wait for staff.

    The caller commits.
    """
    lines = session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).scalars()
    items = [
        {
            "order_line_id": line.id,
            "product_id": line.printable.get("product_id"),
            "variant_id": line.printable.get("variant_id"),
            "sku": line.sku,
            "title": f"{line.title} ({line.variant_title})",
            "quantity": line.quantity,
        }
        for line in lines
    ]
    session.execute(
        insert(FulfilmentOrder)
        .values(
            order_id=order.id,
            external_key=order.number,
            items=items,
            ship_to={**order.ship_to, "email": order.email, "phone": order.phone},
            shipping_method=order.shipping_method,
            is_held=bool(hold_reason),
            hold_reason=hold_reason,
            work_state="parked" if hold_reason else "due",
            error_kind="merchant" if hold_reason else None,
            error_text=hold_reason or None,
        )
        .on_conflict_do_nothing(index_elements=["external_key"])
    )
    enqueue_after_commit(session, JobName.DRAIN_FULFILMENT)
    return session.execute(select(FulfilmentOrder).where(FulfilmentOrder.external_key == order.number)).scalar_one()
