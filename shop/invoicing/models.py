"""Documents a tax office may ask for. A row is written once; the database itself refuses to change or delete it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.extensions import Model, UtcDateTime


class Invoice(Model):
    """kind: invoice (one an order) | credit_note (one a refund). Amounts are positive minor units in both."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("series", "number"),
        Index("ix_invoices_one_an_order", "order_id", unique=True, postgresql_where=text("kind = 'invoice'")),
        Index("ix_invoices_issued_at", "issued_at"),
        CheckConstraint("kind IN ('invoice', 'credit_note')", name="kind_known"),
        CheckConstraint("number > 0", name="number_positive"),
    )

    kind: Mapped[str] = mapped_column(String(12))
    series: Mapped[str] = mapped_column(String(24))  # "INV-2026-"
    number: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(40), unique=True)  # as printed: "INV-2026-0042"
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id"), unique=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))  # a credit note's invoice
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(Integer)
    tax_minor: Mapped[int] = mapped_column(Integer)
    #: all that is printed, frozen: see shop/invoicing/facts.py
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    issued_by: Mapped[str] = mapped_column(String(120), default="system")
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class InvoiceCounter(Model):
    """The last number given in a series; locked from the moment a number is taken until that transaction ends."""

    __tablename__ = "invoice_counters"

    series: Mapped[str] = mapped_column(String(24), unique=True)
    last: Mapped[int] = mapped_column(Integer)
