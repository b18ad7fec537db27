"""Periodic work as rows. `jobs/schedule.py` holds the one list; this is where each remembers its next run."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from shop.extensions import Model, UtcDateTime


class Schedule(Model):
    """Periodic work as a row: claimed with a lease, so a tick is neither missed nor doubled."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(String(60), unique=True)
    every_seconds: Mapped[int] = mapped_column(Integer)
    next_run_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    last_run_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(Text, default="")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
