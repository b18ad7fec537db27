"""What was paid, given back and contested: always recomputed from the rows, never patched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.payments.models import Dispute, Payment, Refund, RefundLine

GIFT_CARD = "gift_card"  # the gateway of payments by gift card
CHANNEL = "channel"  # of payments that were made on another platform, and can be given back only there
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


def rooms(session: Session, order_id: int) -> list[tuple[Payment, int]]:
    """Each payment with what it can still give back, gift cards first. The caller holds the order's lock."""
    asked = (
        select(func.coalesce(func.sum(Refund.amount_minor), 0))
        .where(Refund.payment_id == Payment.id, Refund.status.in_(COUNTING))
        .scalar_subquery()
    )
    rows = session.execute(
        select(Payment, Payment.amount_minor - asked)
        .where(Payment.order_id == order_id, Payment.status == "paid")
        .order_by((Payment.gateway == GIFT_CARD).desc(), Payment.id)
    ).all()
    return [(payment, int(room)) for payment, room in rows]


def split_refund(found: Sequence[tuple[Payment, int]], amount_minor: int) -> tuple[list[tuple[Payment, int]], int]:
    """(what each payment gives back of `amount_minor`, the most that can go back at once). [] when it cannot.

    What was paid by gift card goes back to the gift card first; the rest goes back by the first other payment that has
    room for all of it. `found`: of `rooms`.
    """
    parts, rest = [], amount_minor
    for payment, room in found:
        if payment.gateway == GIFT_CARD and rest and room > 0:
            parts.append((payment, min(room, rest)))
            rest -= min(room, rest)
    others = [(payment, room) for payment, room in found if payment.gateway != GIFT_CARD and room > 0]
    by_card = sum(room for payment, room in found if payment.gateway == GIFT_CARD)
    most = by_card + max((room for _, room in others), default=0)
    if rest:
        other = next((payment for payment, room in others if room >= rest), None)
        if other is None:
            return [], most
        parts.append((other, rest))
    return parts, most
