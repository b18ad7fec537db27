"""Cancel an order that has not been made, or a part of it: stop the worker, tell the provider, tell the buyer, give
the money back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.email.requesting import request_letter
from shop.errors import IllegalMove, NotFound
from shop.fulfilment.merging import refresh_status
from shop.orders.models import Order
from shop.orders.statuses import lock_order, move_order, tell
from shop.payments.summing import sum_payments
from shop.words import mark
from shop.workflows.announcements import announce_order
from shop.workflows.channel_refunds import refund_hint
from shop.workflows.letter_facts import money, order_facts
from shop.workflows.push_to_channels import tell_of_cancel
from shop.workflows.refund_order import request_refund_of_all
from shop.workflows.stop_fulfilment import Stopped, go_on, hold_to_stop, lock_rows, set_cancelled, withdraw

BEGUN = "The print provider has begun to make {what}; it cannot be cancelled."


def cancel_order(order_id: int, *, who: str, why: str = "", refund: bool = True) -> None:
    """Raises IllegalMove when it is in production already, Conflict when a worker is sending it this moment.
    A repeat does nothing more."""
    stopped = _stop(order_id)
    if stopped is None:
        return
    release_connection()
    made = [one for one in stopped if not withdraw(one)]
    if made:
        _cancelled_in_part(order_id, [one.id for one in stopped if one not in made], who, why)
        go_on([one.id for one in made])
        raise IllegalMove(BEGUN.format(what="this order" if len(made) == len(stopped) else made[0].key))
    left = run_in_transaction(lambda session: _write_cancelled(session, order_id, who, why, refund))
    if refund and left:
        request_refund_of_all(order_id, reason=why or "Order cancelled", who=who)


def cancel_part(order_id: int, work_id: int, *, who: str, why: str = "") -> None:
    """One of the rows is not made, and nothing comes in its place: neither when the provider cancelled it, nor when we
    do. The money is a matter of its own. Raises IllegalMove when it is being made, NotFound. A repeat does nothing."""
    with transaction() as session:
        lock_order(session, order_id)
        rows = [work for work in lock_rows(session, order_id) if work.id == work_id]
        if not rows:
            raise NotFound(mark("This order has no such parcel to print."))
        stopped = hold_to_stop(rows)
    release_connection()
    if any(not withdraw(one) for one in stopped):
        go_on([work_id])
        raise IllegalMove(BEGUN.format(what="it"))
    run_in_transaction(lambda session: _write_given_up(session, order_id, [work_id], who, why))


def _write_given_up(session: Session, order_id: int, ids: Sequence[int], who: str, why: str) -> None:
    order = lock_order(session, order_id)
    for work in lock_rows(session, order_id):
        if work.id not in ids or work.given_up_at is not None:
            continue
        set_cancelled(work)
        work.given_up_at = clock.now()
        tell(session, order, "part", who=who, why=f"{work.external_key} will not be made. {why}".strip())
    refresh_status(session, order, who=who, why="What is left of it")
    if order.fulfilment_status == "delivered" and order.status == "placed":
        move_order(session, order, "completed", who=who, why="Everything that was to come was delivered")
        announce_order(session, "order.delivered", order)


def _write_cancelled(session: Session, order_id: int, who: str, why: str, refund: bool) -> int:
    """Returns what is left to give back; 0 when somebody else was faster."""
    order = lock_order(session, order_id)
    for work in lock_rows(session, order_id):
        set_cancelled(work)
    if not move_order(session, order, "cancelled", who=who, why=why or "Cancelled by the shop"):
        return 0
    refresh_status(session, order, who=who)
    announce_order(session, "order.cancelled", order)
    tell_of_cancel(session, order)
    left = 0 if refund_hint(session, order) else sum_payments(session, order_id).refundable
    back = money(order, left) if refund and left else ""
    if order.letters_elsewhere:
        return left
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


def _cancelled_in_part(order_id: int, ids: Sequence[int], who: str, why: str) -> None:
    """Some parts were cancelled at the provider before another turned out to be made: they are given up."""
    if ids:
        run_in_transaction(lambda session: _write_given_up(session, order_id, ids, who, why))


def _stop(order_id: int) -> list[Stopped] | None:
    """Hold every row of the order, so that no worker goes on. None when it is cancelled already."""
    with transaction() as session:
        if session.get(Order, order_id) is None:
            raise NotFound(mark("This order does not exist."))
        order = lock_order(session, order_id)
        if order.status == "cancelled":
            return None
        if order.status == "completed":
            raise IllegalMove(mark("This order is being made already and cannot be cancelled."))
        return hold_to_stop(lock_rows(session, order_id))
