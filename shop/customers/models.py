"""What is kept about a customer beside the row itself: notes of staff, the history of consent, and privacy requests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, open_work_index
from shop.core.secrets import EncryptedText
from shop.extensions import Model, UtcDateTime


class CustomerNote(Model):
    """A note for colleagues; the customer never sees it, but gets it with everything else that is held about them."""

    __tablename__ = "customer_notes"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    who: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)


class ConsentChange(Model):
    """One change of the consent to marketing. The customer's column is the newest of these; rows are never edited."""

    __tablename__ = "consent_changes"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    accepts: Mapped[bool] = mapped_column(Boolean)
    source: Mapped[str] = mapped_column(String(20))  # checkout | panel | merge | account
    who: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(String(300), default="")


class PrivacyRequest(DurableWork, Model):
    """Hand out everything held about a person, or erase it; the row is the work.

    An export's file lies in its row: private wherever the shop runs (the storage of pictures may be public), and gone
    with the row.
    """

    __tablename__ = "privacy_requests"
    __table_args__ = (
        open_work_index("privacy_requests"),
        # a person is erased once
        Index("uq_privacy_requests_erasure", "customer_id", unique=True, postgresql_where=text("kind = 'erasure'")),
    )

    kind: Mapped[str] = mapped_column(String(8))  # export | erasure
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    requested_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    #: who is erased, as JSON, only until it is done: see workflows/erase_customer.py
    person: Mapped[str | None] = mapped_column(EncryptedText)
    file: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # ZIP
    file_bytes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handed_out: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # downloads
