"""Orders that come from a platform, and what goes back to it. Both are rows of work: see core/durable.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.extensions import Model, UtcDateTime


class ChannelOrder(DurableWork, Model):
    """One order as it stands there. Its work: to become an order of ours once, then to follow what happens to it there.

    state: new → waiting (not paid yet) | unmatched | held → placed; or ignored | cancelled | ours (we sent it there).
    `why` says it in words. `attention`: what happened there after it was placed that a person should look at.
    """

    __tablename__ = "channel_orders"
    __table_args__ = (
        UniqueConstraint("connection_id", "external_id"),
        open_work_index("channel_orders"),
        Index("ix_channel_orders_connection", "connection_id", "id"),
        Index("ix_channel_orders_state", "state", "id"),
        Index("ix_channel_orders_attention", "id", postgresql_where=text("attention <> ''")),
    )

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id"))
    external_id: Mapped[str] = mapped_column(String(160))
    number: Mapped[str] = mapped_column(String(80), default="", server_default="")
    state: Mapped[str] = mapped_column(String(10), default="new", server_default="new")
    why: Mapped[str] = mapped_column(Text, default="", server_default="")
    attention: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: what a person said yes to, although it was held: old | paid | shipped
    allowed: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    payment: Mapped[str] = mapped_column(String(16), default="unknown", server_default="unknown")
    fulfilment: Mapped[str] = mapped_column(String(16), default="unknown", server_default="unknown")
    raw_status: Mapped[str] = mapped_column(String(120), default="", server_default="")
    is_test: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    is_cancelled: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    currency: Mapped[str] = mapped_column(String(3), default="", server_default="")
    total_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")
    customer_name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    #: the unified record (ordering/keeping.py), its hash, and their own answer
    record: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    record_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    raw: Mapped[Any] = mapped_column(JSONB, nullable=True, deferred=True)
    #: what was known of it when its story was last told: a change after that is told once
    told: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    placed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # there
    theirs_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # their time of change
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), unique=True)

    lines: Mapped[list[ChannelOrderLine]] = relationship(order_by="ChannelOrderLine.position", viewonly=True)


class ChannelOrderLine(Model):
    """One line of theirs and what it is here.

    how: "" (not looked at) | linked | sku | chosen | by_hand | gift_card | amount (a line that takes off) | nothing
    (of none) | ignored | open (a person must say).
    """

    __tablename__ = "channel_order_lines"
    __table_args__ = (UniqueConstraint("channel_order_id", "position"),)

    channel_order_id: Mapped[int] = mapped_column(ForeignKey("channel_orders.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    external_id: Mapped[str] = mapped_column(String(160), default="", server_default="")
    variant_external_id: Mapped[str] = mapped_column(String(160), default="", server_default="")
    title: Mapped[str] = mapped_column(String(300), default="", server_default="")
    sku: Mapped[str] = mapped_column(String(120), default="", server_default="")
    quantity: Mapped[int] = mapped_column(BigInteger, default=0)
    unit_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    discount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    is_gift_card: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    how: Mapped[str] = mapped_column(String(10), default="", server_default="")
    why: Mapped[str] = mapped_column(Text, default="", server_default="")
    who: Mapped[str] = mapped_column(String(254), default="", server_default="")
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variants.id", ondelete="SET NULL"), index=True)
    order_line_id: Mapped[int | None] = mapped_column(ForeignKey("order_lines.id", ondelete="SET NULL"), index=True)


class ChannelPull(DurableWork, Model):
    """Reading a connection's orders, over and over: one row each. `begins_at`: when the merchant switched it on; what
    was placed before that is left alone. `since` and `cursor`: where the reading that is under way stands; the cursor
    is saved with the page before it. How far everything was read is SyncSetting's watermark."""

    __tablename__ = "channel_pulls"
    __table_args__ = (open_work_index("channel_pulls"),)

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), unique=True)
    begins_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cursor: Mapped[str] = mapped_column(Text, default="", server_default="")
    newest_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class ChannelPush(DurableWork, Model):
    """Something of ours that a platform is told once: a parcel, a number in stock, an order made here, a refund.

    kind: tracking | stock | order | refund. `key` is unique, and goes with the call. `facts`: what is said;
    `external_id`: their name for what came of it. A number in stock is told whenever it changes: `wanted`, `sent`.
    """

    __tablename__ = "channel_pushes"
    __table_args__ = (
        open_work_index("channel_pushes"),
        done_work_index("channel_pushes"),
        Index("ix_channel_pushes_connection", "connection_id", "kind", "id"),
    )

    key: Mapped[str] = mapped_column(String(160), unique=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id"))
    kind: Mapped[str] = mapped_column(String(10))
    channel_order_id: Mapped[int | None] = mapped_column(ForeignKey("channel_orders.id"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("shipments.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id"), index=True)
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variants.id", ondelete="SET NULL"), index=True)
    external_id: Mapped[str] = mapped_column(String(255), default="", server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    wanted: Mapped[int | None] = mapped_column(Integer)
    sent: Mapped[int | None] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
