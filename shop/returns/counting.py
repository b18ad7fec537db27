"""How much of an order may still go back."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.orders.models import OrderLine
from shop.payments.summing import given_back
from shop.returns.models import Return, ReturnLine

#: how the refunds of returns are named (refunds.form_key): "return:17"
REFUND_KEY = "return:"


def left_to_return(session: Session, order_id: int) -> dict[int, int]:
    """{order line: quantity}: what was bought, less what is being returned or was, less what staff gave the money back
    for by other ways. What was replaced counts anew: the new one may be faulty too. Four statements."""
    bought = session.execute(
        select(OrderLine.id, OrderLine.quantity).where(OrderLine.order_id == order_id).order_by(OrderLine.id)
    )
    left = {line_id: int(quantity) for line_id, quantity in bought}
    going = session.execute(
        select(ReturnLine.order_line_id, func.sum(ReturnLine.quantity))
        .join(Return, Return.id == ReturnLine.return_id)
        .where(
            Return.order_id == order_id,
            Return.status.in_(["requested", "approved", "settled"]),
            Return.outcome != "replaced",
        )
        .group_by(ReturnLine.order_line_id)
    )
    given, _shipping = given_back(session, order_id)
    for facts in session.execute(
        select(Return.settle_facts).where(Return.order_id == order_id, Return.outcome == "refunded")
    ).scalars():
        for line_id, quantity in facts.get("lines", {}).items():
            given[int(line_id)] = given.get(int(line_id), 0) - int(quantity)
    for line_id, quantity in [*going, *given.items()]:
        left[line_id] = max(0, left.get(line_id, 0) - max(0, int(quantity)))
    return left


def lines_of(session: Session, return_id: int) -> list[tuple[OrderLine, int]]:
    """[(the order's line, how many of it go back)]"""
    rows = session.execute(
        select(OrderLine, ReturnLine.quantity)
        .join(ReturnLine, ReturnLine.order_line_id == OrderLine.id)
        .where(ReturnLine.return_id == return_id)
        .order_by(OrderLine.id)
    )
    return [(line, int(quantity)) for line, quantity in rows]
