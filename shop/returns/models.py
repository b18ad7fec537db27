"""Goods that go back, contracts that are withdrawn from, and what the print provider owes for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, open_work_index
from shop.core.secrets import new_token
from shop.extensions import Model, UtcDateTime


class Withdrawal(DurableWork, Model):
    """One declaration of withdrawal, as it was made: kept whatever it leads to.

    status: received (no order is known for it) → matched (to an order) → closed. The row is also the work of what
    follows by itself: cancelling an order that is not being made yet (`step` "cancel"). Otherwise it is no work.
    """

    __tablename__ = "withdrawals"
    __table_args__ = (
        open_work_index("withdrawals"),
        Index("ix_withdrawals_status", "status", "received_at"),
    )

    reference: Mapped[str] = mapped_column(String(20), unique=True)  # "W-K7QM-4T2X"
    token: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)  # the way back to the receipt
    #: the form it was confirmed with: however often that is sent, it is one declaration
    form_key: Mapped[str] = mapped_column(String(64), unique=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100), default="")
    email: Mapped[str] = mapped_column(String(254))
    order_number: Mapped[str] = mapped_column(String(40), default="")  # as typed
    words: Mapped[str] = mapped_column(Text, default="")  # what of the order, in the buyer's words; empty: all of it
    #: [{"order_line_id": int, "quantity": int, "title": str}]; empty: all of it, or only in words
    lines: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    locale: Mapped[str] = mapped_column(String(8), default="en")
    by_link: Mapped[bool] = mapped_column(Boolean, default=False)  # made on the order's own page
    is_late: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    window_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: not delivered yet, or no order known
    status: Mapped[str] = mapped_column(String(10), default="received")
    step: Mapped[str] = mapped_column(String(8), default="")  # "" | cancel
    outcome: Mapped[str] = mapped_column(String(12), default="")  # "" | cancelled | return | dismissed
    answer: Mapped[str] = mapped_column(Text, default="")  # why it was dismissed, or what stood in the way
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    refund_by: Mapped[datetime] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Return(DurableWork, Model):
    """status: requested → approved → settled; declined and withdrawn end it. outcome: refunded | replaced | credit.

    The row is the work of settling it, from the moment staff press the button (`settling`); before and after it is no
    work.
    """

    __tablename__ = "returns"
    __table_args__ = (
        UniqueConstraint("order_id", "nth"),
        open_work_index("returns"),
        Index("ix_returns_status", "status", "created_at"),
        Index("ix_returns_created_at", "created_at"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    nth: Mapped[int] = mapped_column(Integer)  # of its order
    number: Mapped[str] = mapped_column(String(30), unique=True)  # "K7QM-4T2X-R1"
    withdrawal_id: Mapped[int | None] = mapped_column(ForeignKey("withdrawals.id", ondelete="SET NULL"), unique=True)
    #: the form it was asked for with; the same form again is the same return
    form_key: Mapped[str] = mapped_column(String(64), unique=True)
    status: Mapped[str] = mapped_column(String(12), default="requested")
    outcome: Mapped[str] = mapped_column(String(12), default="")
    reason: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text, default="")
    wish: Mapped[str] = mapped_column(String(12), default="refund")  # refund | replacement
    wants_goods_back: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    goods_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(Text, default="")  # staff's words to the buyer
    asked: Mapped[str] = mapped_column(Text, default="")  # a question of staff that is not answered yet
    send_back_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refund_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settling: Mapped[str] = mapped_column(String(12), default="")  # "" | refund | replace | credit
    #: {"lines": {order line id: quantity}, "shipping": bool, "amount_minor": int | None (no refund), "note": str}
    settle_facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    settle_by: Mapped[str] = mapped_column(String(80), default="")
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id", ondelete="SET NULL"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class ReturnLine(Model):
    __tablename__ = "return_lines"
    __table_args__ = (
        UniqueConstraint("return_id", "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    return_id: Mapped[int] = mapped_column(ForeignKey("returns.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id", ondelete="CASCADE"), index=True)
    quantity: Mapped[int] = mapped_column(Integer)


class ReturnPicture(Model):
    """Drawn anew from what was sent, without a word of its metadata; private, and so kept here rather than where
    pictures are that everybody may fetch."""

    __tablename__ = "return_pictures"

    return_id: Mapped[int] = mapped_column(ForeignKey("returns.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # WebP


class ReturnEntry(Model):
    """The story of a return: every move, question and answer."""

    __tablename__ = "return_entries"

    return_id: Mapped[int] = mapped_column(ForeignKey("returns.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    what: Mapped[str] = mapped_column(String(20))
    who: Mapped[str] = mapped_column(String(80), default="system")
    why: Mapped[str] = mapped_column(Text, default="")
    for_buyer: Mapped[bool] = mapped_column(Boolean, default=False)


class PrintClaim(Model):
    """What is asked of the print provider for a return. state: open → accepted | refused | dropped."""

    __tablename__ = "print_claims"
    __table_args__ = (Index("ix_print_claims_deadline", "state", "deadline_at"),)

    return_id: Mapped[int] = mapped_column(ForeignKey("returns.id", ondelete="CASCADE"), unique=True)
    number: Mapped[str] = mapped_column(String(80), default="")  # theirs; empty: not made yet
    state: Mapped[str] = mapped_column(String(10), default="open")
    outcome: Mapped[str] = mapped_column(Text, default="")
    #: until when they take it; None: nothing was delivered yet
    deadline_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recovered_minor: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
