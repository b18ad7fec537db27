"""Ask for an order to be printed: a row, in the transaction of the sale."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.fulfilment.models import FulfilmentLine, FulfilmentOrder
from shop.orders.models import Order, OrderLine
from shop.orders.statuses import tell


def request_fulfilment(session: Session, order: Order, *, hold_reason: str = "") -> FulfilmentOrder:
    """The order's first row, for all of its lines that are printed, keyed by its number; a repeat returns it. Held rows
    wait for staff.

    The caller commits.
    """
    new_id = session.execute(
        insert(FulfilmentOrder)
        .values(
            order_id=order.id,
            external_key=order.number,
            ship_to=address_of(order),
            shipping_method=order.shipping_method,
            is_held=bool(hold_reason),
            hold_reason=hold_reason,
            work_state="parked" if hold_reason else "due",
            error_kind="merchant" if hold_reason else None,
            error_text=hold_reason or None,
        )
        .on_conflict_do_nothing(index_elements=["external_key"])
        .returning(FulfilmentOrder.id)
    ).scalar()
    if new_id is not None:
        lines = session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id))
        session.add_all(line_for(new_id, line, line.quantity) for line in lines.scalars() if is_printed(line))
        session.flush()
    enqueue_after_commit(session, JobName.DRAIN_FULFILMENT)
    return session.execute(select(FulfilmentOrder).where(FulfilmentOrder.external_key == order.number)).scalar_one()


def is_printed(line: OrderLine) -> bool:
    """False for what the buyer took away at the counter, and for what is made by hand."""
    return not (line.printable or {}).get("handed_over") and not is_by_hand(line)


def is_by_hand(line: OrderLine) -> bool:
    """No print product is behind it: the merchant makes and sends it."""
    return bool((line.printable or {}).get("by_hand"))


def request_goods(session: Session, order: Order, *, hold_reason: str = "") -> None:
    """Every line goes its way: to the print provider, or to the merchant's own hands. Call once, in the transaction of
    the sale. The caller commits."""
    lines = session.execute(select(OrderLine).where(OrderLine.order_id == order.id)).scalars().all()
    if any(is_printed(line) for line in lines) or not any(is_by_hand(line) for line in lines):
        request_fulfilment(session, order, hold_reason=hold_reason)
    elif hold_reason:
        tell(session, order, "trouble", why=f"{hold_reason} Look at it before you make anything.")
    request_by_hand(session, order)


def request_by_hand(session: Session, order: Order) -> FulfilmentOrder | None:
    """A row for the lines that are made by hand, which no worker ever takes; None where there are none. Call once, in
    the transaction of the sale. The caller commits."""
    lines = session.execute(select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.id)).scalars()
    to_make = [line for line in lines if is_by_hand(line)]
    if not to_make:
        return None
    work = next_generation(session, order)
    work.provider, work.step, work.work_state, work.finished_at = "hand", "hand", "done", clock.now()
    session.add_all(line_for(work.id, line, line.quantity) for line in to_make)
    session.flush()
    return work


def next_generation(session: Session, order: Order, *, return_id: int | None = None) -> FulfilmentOrder:
    """One more row of the order, without lines, due now, with a key of its own. `return_id`: what it replaces.

    The caller holds the order's lock and commits.
    """
    last = select(func.max(FulfilmentOrder.generation)).where(FulfilmentOrder.order_id == order.id)
    generation = int(session.execute(last).scalar_one() or 0) + 1
    new = FulfilmentOrder(
        order_id=order.id,
        generation=generation,
        external_key=order.number if generation == 1 else f"{order.number}-{generation}",
        ship_to=address_of(order),
        shipping_method=order.shipping_method,
        return_id=return_id,
    )
    session.add(new)
    session.flush()
    return new


def line_for(fulfilment_order_id: int, line: OrderLine, quantity: int) -> FulfilmentLine:
    """`quantity` of an order's line, as it is to be printed now."""
    return FulfilmentLine(
        fulfilment_order_id=fulfilment_order_id,
        order_line_id=line.id,
        quantity=quantity,
        title=f"{line.title} ({line.variant_title})",
        sku=line.sku,
        product_id=line.printable.get("product_id"),
        variant_id=line.printable.get("variant_id"),
    )


def address_of(order: Order) -> dict[str, object]:
    """Where its parcels go, frozen into each row."""
    return {**order.ship_to, "email": order.email, "phone": order.phone}
