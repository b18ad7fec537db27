"""A part of an order is made anew, because the print provider cancelled it or will not make it.

The new row has the next generation's key, so the provider would take it for another order: it is written only once the
old one is known to be cancelled, and once only (`replaces_id` is unique). Killed in between, nothing is ordered, and a
repeat goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import IllegalMove, NotFound
from shop.fulfilment.merging import refresh_status
from shop.fulfilment.models import FulfilmentLine, FulfilmentOrder
from shop.fulfilment.printify.client import printify_client
from shop.fulfilment.requesting import line_for, next_generation
from shop.orders.models import Order, OrderLine
from shop.orders.statuses import lock_order, tell
from shop.workflows.stop_fulfilment import (
    Stopped,
    go_on,
    hold_to_stop,
    is_cancelled,
    lock_rows,
    set_cancelled,
    withdraw,
)
from shop.workflows.submit_fulfilment import release

PAID = ("paid", "partly_refunded")


@dataclass(frozen=True)
class _Plan:
    """`step`: done (ordered anew already) | retry (the provider never took it) | withdraw (stop it there) | ask (it is
    past stopping: is it cancelled there?) | write (it is known to be cancelled)."""

    step: str
    key: str
    stopped: Stopped


def order_again(order_id: int, work_id: int, *, who: str) -> str:
    """Returns the key under which it is ordered now. A repeat returns the same.

    What the provider never took is tried again under its own key, which cannot double it. Raises NotFound, IllegalMove
    when it is being made or the order is not to be made, Conflict when a worker has it, OutsideError kinds.
    """
    plan = _begin(order_id, work_id)
    if plan.step == "retry":
        release(work_id)
    if plan.step in ("done", "retry"):
        return plan.key
    release_connection()
    if not _is_stopped_there(plan):
        go_on([work_id])
        raise IllegalMove(
            "The print provider is making it, or will not cancel it. Have it cancelled there, then try again."
        )
    return run_in_transaction(lambda session: write_anew(session, order_id, work_id, who))


def _begin(order_id: int, work_id: int) -> _Plan:
    with transaction() as session:
        order = lock_order(session, order_id)
        rows = lock_rows(session, order_id)
        newer = next((w for w in rows if w.replaces_id == work_id), None)
        work = newer or _row_to_replace(order, rows, work_id)
        step = "done" if newer is not None else _step(work)
        if step == "withdraw":
            hold_to_stop([work])
        stopped = Stopped(work.id, order_id, work.external_key, work.external_id, None)
        return _Plan(step, work.external_key, stopped)


def _step(work: FulfilmentOrder) -> str:
    if work.status == "cancelled":
        return "write"
    if work.external_id is None:
        return "retry"
    return "ask" if work.step == "watch" else "withdraw"


def _is_stopped_there(plan: _Plan) -> bool:
    if plan.step == "ask":
        return is_cancelled(printify_client(max_wait=20), str(plan.stopped.external_id))
    return plan.step == "write" or withdraw(plan.stopped)


def _row_to_replace(order: Order, rows: Sequence[FulfilmentOrder], work_id: int) -> FulfilmentOrder:
    found = [work for work in rows if work.id == work_id]
    if not found:
        raise NotFound("This order has no such parcel to print.")
    if order.status != "placed" and not (found[0].return_id and order.status == "completed"):
        raise IllegalMove(f"This order is {order.status}.")
    if order.payment_status not in PAID:
        raise IllegalMove(f"This order is {order.payment_status.replace('_', ' ')}, not paid.")
    if found[0].given_up_at is not None:
        raise IllegalMove("It was decided that this part is not made.")
    return found[0]


def write_anew(session: Session, order_id: int, work_id: int, who: str) -> str:
    """The next generation of a row that is known to be cancelled at the provider. The caller commits."""
    order = lock_order(session, order_id)
    rows = lock_rows(session, order_id)
    newer = next((w for w in rows if w.replaces_id == work_id), None)
    if newer is not None:
        return newer.external_key
    old = _row_to_replace(order, rows, work_id)
    set_cancelled(old)
    session.flush()
    new = next_generation(session, order, return_id=old.return_id)
    new.replaces_id = old.id
    session.flush()
    lines = session.execute(
        select(OrderLine, FulfilmentLine.quantity)
        .join(FulfilmentLine, FulfilmentLine.order_line_id == OrderLine.id)
        .where(FulfilmentLine.fulfilment_order_id == old.id)
        .order_by(OrderLine.id)
    ).all()
    session.add_all(line_for(new.id, line, quantity) for line, quantity in lines)
    refresh_status(session, order, who=who, why="Ordered again", again=True)
    tell(session, order, "staff", who=who, why=f"{old.external_key} is ordered again as {new.external_key}")
    enqueue_after_commit(session, JobName.DRAIN_FULFILMENT)
    return new.external_key
