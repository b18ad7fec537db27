"""One webhook call, stored before it is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.extensions import Model, UtcDateTime


class InboundEvent(DurableWork, Model):
    """Unique on (source, external_id): a repeat of the same event is not stored twice."""

    __tablename__ = "inbound_events"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        open_work_index("inbound_events"),
        done_work_index("inbound_events"),
        Index("ix_inbound_events_subject", "subject_id"),
        Index("ix_inbound_events_topic", "topic", "id"),
    )

    source: Mapped[str] = mapped_column(String(40))  # "stripe", "printify", later a connection
    external_id: Mapped[str] = mapped_column(String(255))
    topic: Mapped[str] = mapped_column(String(120))
    subject_id: Mapped[str | None] = mapped_column(String(255))  # the outside id of the thing it is about
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    signature: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what was checked: {"scheme", "signed_at"}
    found_by: Mapped[str] = mapped_column(String(12), default="hook", server_default="hook")  # hook | poller


class Cursor(Model):
    """How far a periodic reader has come: name "stripe:events", value as text."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(String(80), unique=True)
    value: Mapped[str] = mapped_column(String(255))
