"""Cancel an order that has not been made: stop the worker, tell the provider, tell the buyer, give the money back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.email.requesting import request_letter
from shop.errors import Conflict, IllegalMove, NotFound, Refused
from shop.fulfilment.models import FulfilmentOrder
from shop.fulfilment.printify.client import printify_client
from shop.orders.models import Order
from shop.orders.statuses import lock_order, move_fulfilment, move_order
from shop.payments.summing import sum_payments
from shop.workflows.letter_facts import money, order_facts
from shop.workflows.refund_order import request_refund

STOPPING = "Being cancelled."


def cancel_order(order_id: int, *, who: str, why: str = "", refund: bool = True) -> None:
    """Raises IllegalMove when it is in production already, Conflict when a worker is sending it this moment.
    A repeat does nothing more."""
    external_ids = _stop(order_id)
    if external_ids is None:
        return
    release_connection()
    for external_id in external_ids:
        _cancel_at_provider(external_id, order_id)
    left = run_in_transaction(lambda session: _write_cancelled(session, order_id, who, why, refund))
    if refund and left:
        request_refund(order_id, left, reason=why or "Order cancelled", who=who)


def _write_cancelled(session: Session, order_id: int, who: str, why: str, refund: bool) -> int:
    """Returns what is left to give back; 0 when somebody else was faster."""
    order = lock_order(session, order_id)
    for work in _rows(session, order_id):
        work.status, work.work_state, work.finished_at = "cancelled", "done", clock.now()
        work.fence += 1
    if not move_order(session, order, "cancelled", who=who, why=why or "Cancelled by the shop"):
        return 0
    move_fulfilment(session, order, "cancelled", who=who)
    left = sum_payments(session, order_id).refundable
    back = money(order, left) if refund and left else ""
    request_letter(
        session,
        letter="cancelled",
        subject_key=f"order:{order.id}",
        to_email=order.email,
        facts={**order_facts(session, order), "cancellation": {"reason": why, "refund": back}},
        locale=order.locale,
        order_id=order.id,
    )
    return left


def _stop(order_id: int) -> list[str] | None:
    """Hold every row of the order, so that no worker goes on. None when it is cancelled already."""
    with transaction() as session:
        if session.get(Order, order_id) is None:
            raise NotFound("This order does not exist.")
        order = lock_order(session, order_id)
        if order.status == "cancelled":
            return None
        rows = _rows(session, order_id)
        if order.status == "completed" or any(w.step == "watch" and w.status != "cancelled" for w in rows):
            raise IllegalMove("This order is being made already and cannot be cancelled.")
        now = clock.now()
        if any(w.work_state == "working" and w.lease_until is not None and w.lease_until > now for w in rows):
            raise Conflict("This order is being sent to the print provider right now. Try again in a minute.")
        for work in rows:
            work.is_held, work.hold_reason = True, STOPPING
            work.fence += 1  # a worker whose lease ran out may still be alive
        return [w.external_id for w in rows if w.external_id and w.status != "cancelled"]


def _rows(session: Session, order_id: int) -> Sequence[FulfilmentOrder]:
    rows = select(FulfilmentOrder).where(FulfilmentOrder.order_id == order_id).order_by(FulfilmentOrder.id)
    return session.execute(rows.with_for_update().execution_options(populate_existing=True)).scalars().all()


def _cancel_at_provider(external_id: str, order_id: int) -> None:
    try:
        printify_client().cancel_order(external_id, subject=f"order:{order_id}")
    except Refused as error:
        with transaction() as session:
            for work in session.execute(
                select(FulfilmentOrder).where(FulfilmentOrder.external_id == external_id).with_for_update()
            ).scalars():
                work.is_held, work.hold_reason = False, ""
        raise IllegalMove("The print provider has begun to make this order; it cannot be cancelled.") from error
