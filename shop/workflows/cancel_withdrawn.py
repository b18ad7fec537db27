"""The work that a declaration of withdrawal leaves behind: the order is cancelled, and the money goes back."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import Conflict, IllegalMove
from shop.orders.models import Order, OrderLine
from shop.orders.statuses import lock_order
from shop.returns.counting import left_to_return
from shop.returns.models import Withdrawal
from shop.workflows.cancel_order import cancel_order
from shop.workflows.declare_withdrawal import lock_withdrawal, make_return
from shop.workflows.refund_order import request_refund_of_all

WHY = "Withdrawn from the contract"


def cancel_withdrawn(held: Claim) -> None:
    """Cancel it; when it turns out to be made already, it becomes a return. Killed in between, a repeat goes on."""
    with transaction() as session:
        row = session.execute(select(Withdrawal).where(Withdrawal.id == held.id)).scalar_one()
        order_id, step = row.order_id, row.step
        status = session.execute(select(Order.status).where(Order.id == order_id)).scalar()
    if order_id is None or step != "cancel":
        with transaction() as session:
            durable.finish(session, Withdrawal, held, step="")
        return
    release_connection()
    try:
        cancel_order(order_id, who="buyer", why=WHY)
    except Conflict as error:
        if not isinstance(error, IllegalMove):
            with transaction() as session:
                durable.postpone(session, Withdrawal, held, why=str(error))  # a worker is sending it this moment
            return
        run_in_transaction(lambda session: _write_return(session, held, order_id))
        return
    if status == "cancelled":  # by an earlier try that died before the money, or by somebody else
        request_refund_of_all(order_id, reason=WHY, who="buyer")
    run_in_transaction(lambda session: _write_cancelled(session, held))


def _write_cancelled(session: Session, held: Claim) -> None:
    durable.finish(
        session, Withdrawal, held, step="", status="closed", outcome="cancelled", closed_at=clock.now(), answer=""
    )


def _write_return(session: Session, held: Claim, order_id: int) -> None:
    order = lock_order(session, order_id)
    durable.hold(session, Withdrawal, held)
    row = lock_withdrawal(session, held.id)
    left = left_to_return(session, order_id)
    mine = session.execute(
        select(OrderLine.id).where(OrderLine.order_id == order_id, OrderLine.is_personalised.is_(False))
    )
    lines = {line_id: left[line_id] for line_id in mine.scalars() if left.get(line_id)}
    if lines:
        make_return(session, row, order, lines, is_whole=lines == left)
    session.flush()
    durable.finish(session, Withdrawal, held, step="")
