"""Staff who sign in to the panel, and customers who buy."""

from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import Boolean, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from shop.accounts.audit_models import AuditEntry
from shop.core.secrets import new_token
from shop.extensions import Model, UtcDateTime

__all__ = ["AuditEntry", "Customer", "StaffMember"]


class StaffMember(UserMixin, Model):
    __tablename__ = "staff_members"

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20), default="owner")
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    #: part of the session cookie; changing it signs every session out
    session_key: Mapped[str] = mapped_column(String(64), default=new_token)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())

    @property
    def is_active(self) -> bool:
        return self.is_enabled

    def get_id(self) -> str:
        return f"{self.id}:{self.session_key}"


class Customer(Model):
    """Someone who bought, known by e-mail address. Accounts come later."""

    __tablename__ = "customers"

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(8), default="en")
    accepts_marketing: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class SavedView(Model):
    """A name for what a list was asked for: `page` is the list's endpoint, `query` its part of the address."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("page", "name"),)

    page: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
