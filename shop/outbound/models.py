"""What was said to the outside: a short, redacted log for the stories on the Failures page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from shop.extensions import Model, UtcDateTime


class OutboundCall(Model):
    """One call that failed, or changed something. Kept for 30 days; bodies are cut and redacted."""

    __tablename__ = "outbound_calls"
    __table_args__ = (Index("ix_outbound_calls_subject", "subject"), Index("ix_outbound_calls_at", "at"))

    at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    service: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80), default="")  # "fulfilment:12"
    request: Mapped[str] = mapped_column(String(300))  # "POST /v1/shops/1/orders.json"
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[str] = mapped_column(Text, default="")
    took_ms: Mapped[int] = mapped_column(Integer, default=0)
