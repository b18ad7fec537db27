"""Staff who sign in to the panel, and customers who buy."""

from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import BigInteger, Boolean, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from shop.accounts.api_models import ApiAnswer, ApiKey
from shop.accounts.audit_models import AuditEntry
from shop.accounts.staff_models import StaffBackupCode, StaffInvitation, StaffReset, StaffSession
from shop.core import clock
from shop.core.secrets import EncryptedText
from shop.extensions import Model, UtcDateTime

__all__ = [
    "ApiAnswer",
    "ApiKey",
    "AuditEntry",
    "Customer",
    "StaffBackupCode",
    "StaffInvitation",
    "StaffMember",
    "StaffReset",
    "StaffSession",
]


class StaffMember(UserMixin, Model):
    __tablename__ = "staff_members"

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20), default="owner")
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    #: the second step (accounts/two_step.py): a secret without `totp_on_at` waits for its first code
    totp_secret: Mapped[str | None] = mapped_column(EncryptedText)
    totp_on_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())

    @property
    def is_active(self) -> bool:
        return self.is_enabled

    def get_id(self) -> str:
        """Not enough for a cookie: that carries the token of a session (accounts/sessions.py)."""
        return str(self.id)


class Customer(Model):
    """Someone who bought, known by e-mail address. Accounts come later."""

    __tablename__ = "customers"

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(8), default="en")
    accepts_marketing: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now(), onupdate=clock.now)


class SavedView(Model):
    """A name for what a list was asked for: `page` is the list's endpoint, `query` its part of the address."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("page", "name"),)

    page: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
