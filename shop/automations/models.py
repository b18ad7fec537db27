"""A merchant's rules, and each time one of them looked at an event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.extensions import Model, UtcDateTime


class Automation(Model):
    """When `event` (webhook_delivery/events.py) happens and `conditions` fit (rules.py), do `actions` (doing.py).

    The address it calls is an endpoint of its own, so that messages are signed, tried again and logged as all others.
    """

    __tablename__ = "automations"

    name: Mapped[str] = mapped_column(String(120))
    event: Mapped[str] = mapped_column(String(40))
    conditions: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    actions: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    is_on: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, server_default=func.now())


class AutomationRun(DurableWork, Model):
    """One rule and one event, looked at once: unique on (automation, the announcement's key).

    outcome: "" while waiting, then done | skipped (it did not fit) | failed (something of it could not be done).
    `story`: what was done, line by line, in the merchant's words.
    """

    __tablename__ = "automation_runs"
    __table_args__ = (
        UniqueConstraint("automation_id", "key"),
        open_work_index("automation_runs"),
        done_work_index("automation_runs"),
        Index("ix_automation_runs_automation", "automation_id", "id"),
        Index("ix_automation_runs_outcome", "outcome", "id"),
    )

    automation_id: Mapped[int] = mapped_column(ForeignKey("automations.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80), default="", server_default="")  # "order:K7QM-4T2X"
    body: Mapped[str] = mapped_column(Text)
    is_test: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    outcome: Mapped[str] = mapped_column(String(10), default="", server_default="")
    story: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, server_default=func.now())
