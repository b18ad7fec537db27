"""One told event each, our subscriptions at each platform, and how the watch found them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.extensions import Model, UtcDateTime


class ChannelEvent(DurableWork, Model):
    """One webhook call of a platform, as a hint: which thing changed there. What it is now is read from the platform,
    so the call's own words are kept only where nobody can be asked (`payload`), and only until they are applied.

    Unique on (connection, the platform's id of the delivery): a repeat is not stored twice. `outcome`: what came of it.
    """

    __tablename__ = "channel_events"
    __table_args__ = (
        UniqueConstraint("connection_id", "external_id"),
        open_work_index("channel_events"),
        done_work_index("channel_events"),
        Index("ix_channel_events_received", "connection_id", "received_at"),
    )

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(255))
    topic: Mapped[str] = mapped_column(String(40))  # of HookCall: product.changed, order.changed, …
    subject_id: Mapped[str] = mapped_column(String(160), default="", server_default="")
    occurred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    outcome: Mapped[str] = mapped_column(String(200), default="", server_default="")


class ChannelSubscription(Model):
    """One topic that a platform promised to tell us of. `losses`: how often it was found gone."""

    __tablename__ = "channel_subscriptions"
    __table_args__ = (UniqueConstraint("connection_id", "topic"),)

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    topic: Mapped[str] = mapped_column(String(80))
    external_id: Mapped[str] = mapped_column(String(160))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    losses: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    lost_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ChannelWatch(Model):
    """How the subscriptions of one connection were found. state: on | off (taken away by us) | failing.

    `lost_at`: the losses within the last day, as ISO times; `told_at`: when the merchant was last told of them.
    """

    __tablename__ = "channel_watches"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), unique=True)
    url: Mapped[str] = mapped_column(String(500), default="", server_default="")
    state: Mapped[str] = mapped_column(String(8), default="off", server_default="off")
    problem: Mapped[str] = mapped_column(Text, default="", server_default="")
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_delivery_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lost_at: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
