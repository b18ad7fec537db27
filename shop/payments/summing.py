"""What was paid, given back and contested: always recomputed from the rows, never patched."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.payments.models import Dispute, Payment, Refund, RefundLine

OPEN_DISPUTES = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


@dataclass(frozen=True)
class Sums:
    """Minor units."""

    paid: int
    refunded: int  # succeeded or on its way
    asked: int  # requested or on its way or done: what may no longer be given back
    disputed: bool
    lost: bool

    @property
    def refundable(self) -> int:
        return max(0, self.paid - self.asked)

    @property
    def status(self) -> str:
        """unpaid | paid | partly_refunded | refunded | disputed."""
        if self.disputed:
            return "disputed"
        if self.paid == 0:
            return "unpaid"
        if self.refunded >= self.paid or self.lost:
            return "refunded"
        return "partly_refunded" if self.refunded else "paid"


def sum_payments(session: Session, order_id: int) -> Sums:
    paid = session.execute(
        select(func.coalesce(func.sum(Payment.amount_minor), 0)).where(
            Payment.order_id == order_id, Payment.status == "paid"
        )
    ).scalar_one()
    refunds: dict[str, int] = {
        status: int(total)
        for status, total in session.execute(
            select(Refund.status, func.sum(Refund.amount_minor))
            .where(Refund.order_id == order_id)
            .group_by(Refund.status)
        )
    }
    disputes = set(session.execute(select(Dispute.status).where(Dispute.order_id == order_id)).scalars())
    done = refunds.get("succeeded", 0) + refunds.get("pending", 0)
    return Sums(
        paid=int(paid),
        refunded=done,
        asked=done + refunds.get("requested", 0),
        disputed=bool(disputes & set(OPEN_DISPUTES)),
        lost="lost" in disputes,
    )


#: refunds that count: what failed or was cancelled was given back to nobody
COUNTING = ("requested", "pending", "succeeded")


def given_back(session: Session, order_id: int) -> tuple[dict[int, int], int]:
    """({order line: quantity given back for}, shipping given back in minor units), what is asked for included."""
    of_order = (Refund.order_id == order_id, Refund.status.in_(COUNTING))
    lines = session.execute(
        select(RefundLine.order_line_id, func.sum(RefundLine.quantity))
        .join(Refund, Refund.id == RefundLine.refund_id)
        .where(*of_order)
        .group_by(RefundLine.order_line_id)
    )
    quantities = {line_id: int(n) for line_id, n in lines}
    shipping = session.execute(select(func.coalesce(func.sum(Refund.shipping_minor), 0)).where(*of_order)).scalar_one()
    return quantities, int(shipping)


def payment_with_room(session: Session, order_id: int, amount_minor: int) -> tuple[Payment | None, int]:
    """(the first payment that can give back this much, the most that any one can). The caller holds the order's
    lock."""
    asked = (
        select(func.coalesce(func.sum(Refund.amount_minor), 0))
        .where(Refund.payment_id == Payment.id, Refund.status.in_(COUNTING))
        .scalar_subquery()
    )
    rows = session.execute(
        select(Payment, Payment.amount_minor - asked)
        .where(Payment.order_id == order_id, Payment.status == "paid")
        .order_by(Payment.id)
    ).all()
    found = next((payment for payment, room in rows if room >= amount_minor), None)
    return found, max((int(room) for _, room in rows), default=0)
