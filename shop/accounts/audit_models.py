"""What people changed. Rows are only ever added: a trigger refuses UPDATE and DELETE (migration 0003)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.extensions import Model, UtcDateTime


class AuditEntry(Model):
    """One transaction's changes to one thing. Written by accounts/auditing.py, in that transaction."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_at", "at", "id"),
        Index("ix_audit_entries_who", "who", "at", "id"),
        Index("ix_audit_entries_subject", "subject", "at", "id"),
    )

    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    #: an e-mail address of staff, "API key …" or "command line": text, so that it outlives the account.
    #: Collation C: the beginning of it is looked up in the index
    who: Mapped[str] = mapped_column(String(254, collation="C"))
    staff_id: Mapped[int | None] = mapped_column(BigInteger)  # no foreign key: it outlives the account too
    what: Mapped[str] = mapped_column(String(80))  # the endpoint in words: "set password"
    subject: Mapped[str] = mapped_column(String(120, collation="C"))  # "order K7QM-4T2X", "product 12"
    #: changed fields only, bounded and cleaned (accounts/audit_words.py); before {} was added, after {} was removed
    before: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    address: Mapped[str] = mapped_column(String(45), default="")
    browser: Mapped[str] = mapped_column(String(60), default="")
    request_id: Mapped[str] = mapped_column(String(40), default="")
