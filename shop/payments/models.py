"""Money in, money back, money contested. Sums are recomputed from these rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.extensions import Model, UtcDateTime


class Payment(Model):
    __tablename__ = "payments"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    gateway: Mapped[str] = mapped_column(String(20), default="stripe")
    external_id: Mapped[str] = mapped_column(String(255), unique=True)  # payment intent, or the session without one
    status: Mapped[str] = mapped_column(String(16))  # authorised | paid | failed
    amount_minor: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    method: Mapped[str] = mapped_column(String(60), default="")  # "Visa •••• 4242" as told by the gateway
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class Refund(DurableWork, Model):
    """Asked for by staff (then this row is the work), or seen at the gateway (then it is only recorded).

    A trigger (migration 0006) refuses a row of ours that would give back more than its payment took.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        open_work_index("refunds"),
        done_work_index("refunds"),
    )

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    #: requested | pending | succeeded | failed | cancelled
    status: Mapped[str] = mapped_column(String(12), default="requested")
    reason: Mapped[str] = mapped_column(String(200), default="")
    external_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    requested_by: Mapped[str] = mapped_column(String(120), default="system")
    #: the form it was asked for with: however often that form is sent, it is one refund
    form_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    shipping_minor: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # the share that is shipping
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now(), index=True)


class RefundLine(Model):
    """What of the order a refund is for. `amount_minor` is the line's share of the refund."""

    __tablename__ = "refund_lines"
    __table_args__ = (
        UniqueConstraint("refund_id", "order_line_id"),
        CheckConstraint("quantity >= 0", name="quantity_not_negative"),  # 0: counted in the refund's other part
    )

    refund_id: Mapped[int] = mapped_column(ForeignKey("refunds.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id", ondelete="CASCADE"), index=True)
    quantity: Mapped[int] = mapped_column(Integer)
    amount_minor: Mapped[int] = mapped_column(Integer)


class Dispute(Model):
    __tablename__ = "disputes"
    __table_args__ = (Index("ix_disputes_due", "status", "evidence_due_at"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    external_id: Mapped[str] = mapped_column(String(255), unique=True)
    status: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(60), default="")
    amount_minor: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    evidence_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class DisputeAnswer(DurableWork, Model):
    """What the shop says to a dispute, one row each: a draft here until somebody sends it, then the work of sending.

    step: draft → sending → sent, or draft → closing → closed (given up). A draft is no work: its work_state is "done".
    """

    __tablename__ = "dispute_answers"
    __table_args__ = (open_work_index("dispute_answers"),)

    dispute_id: Mapped[int] = mapped_column(ForeignKey("disputes.id"), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    step: Mapped[str] = mapped_column(String(8), default="draft")
    #: {field of the gateway: text}
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    asked_by: Mapped[str] = mapped_column(String(120), default="")
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class DisputeFile(Model):
    """A document that goes with the answer; small, private, and so kept here rather than where pictures are."""

    __tablename__ = "dispute_files"
    __table_args__ = (UniqueConstraint("dispute_id", "field"),)

    dispute_id: Mapped[int] = mapped_column(ForeignKey("disputes.id"))
    field: Mapped[str] = mapped_column(String(40))  # the gateway's: "receipt", "shipping_documentation" …
    name: Mapped[str] = mapped_column(String(120))
    content_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    external_id: Mapped[str | None] = mapped_column(String(255))  # the gateway's, once uploaded
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
