"""Calls we owe to others: where to (endpoints), what (messages), what is still owed (deliveries), how each try went."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.core.secrets import EncryptedText
from shop.extensions import Model, UtcDateTime


class WebhookEndpoint(Model):
    """Somebody's address that wants to hear of some events. Its secrets are never in clear in the database."""

    __tablename__ = "webhook_endpoints"

    url: Mapped[str] = mapped_column(String(1000))
    description: Mapped[str] = mapped_column(String(200), default="", server_default="")
    events: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    disabled_why: Mapped[str] = mapped_column(String(300), default="", server_default="")
    secret: Mapped[str] = mapped_column(EncryptedText)
    old_secret: Mapped[str | None] = mapped_column(EncryptedText)  # signs as well, until `old_secret_until`
    old_secret_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, server_default=func.now())
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the first failure after the last success
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WebhookMessage(Model):
    """One event, written once: every endpoint and every try gets these very bytes under this very id."""

    __tablename__ = "webhook_messages"
    __table_args__ = (Index("ix_webhook_messages_type", "type", "id"), Index("ix_webhook_messages_at", "created_at"))

    key: Mapped[str] = mapped_column(String(40), unique=True)  # "msg_…": the header webhook-id
    type: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80), default="", server_default="")  # "order:K7QM-4T2X"
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, server_default=func.now())


class WebhookDelivery(DurableWork, Model):
    """One message owed to one endpoint. `outcome`: "" while owed, then delivered | failed | skipped."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "endpoint_id"),
        open_work_index("webhook_deliveries"),
        done_work_index("webhook_deliveries"),
        Index("ix_webhook_deliveries_endpoint", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_outcome", "outcome", "id"),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("webhook_messages.id", ondelete="CASCADE"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    outcome: Mapped[str] = mapped_column(String(10), default="", server_default="")
    #: tries since it was announced, or replayed: the place in the schedule
    tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    last_status: Mapped[int | None] = mapped_column(Integer)


class WebhookAttempt(Model):
    """One try: what they answered (its first kilobyte), or why there was no answer."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_delivery", "delivery_id", "id"),)

    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, server_default=func.now())
    status: Mapped[int | None] = mapped_column(Integer)
    took_ms: Mapped[int] = mapped_column(Integer, default=0)
    answer: Mapped[str] = mapped_column(Text, default="")
    problem: Mapped[str] = mapped_column(Text, default="")
