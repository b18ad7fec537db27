"""Staff who sign in to the panel, and customers who buy."""

from __future__ import annotations

from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shop.accounts.api_models import ApiAnswer, ApiKey
from shop.accounts.audit_models import AuditEntry
from shop.accounts.shopper_models import (
    Shopper,
    ShopperAddress,
    ShopperBackupCode,
    ShopperChallenge,
    ShopperEmailChange,
    ShopperLink,
    ShopperMailbox,
    ShopperPasskey,
    ShopperRegistration,
    ShopperSession,
)
from shop.accounts.staff_models import StaffBackupCode, StaffInvitation, StaffReset, StaffSession
from shop.core import clock
from shop.core.secrets import EncryptedText
from shop.extensions import Model, UtcDateTime

__all__ = [
    "ApiAnswer",
    "ApiKey",
    "AuditEntry",
    "Customer",
    "Shopper",
    "ShopperAddress",
    "ShopperBackupCode",
    "ShopperChallenge",
    "ShopperEmailChange",
    "ShopperLink",
    "ShopperMailbox",
    "ShopperPasskey",
    "ShopperRegistration",
    "ShopperSession",
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
    #: the second step (accounts/two_step.py): a secret without `totp_on_at` waits for its first code. It is decrypted
    #: only where it is used: a lost encryption key must not keep everybody out, nor an owner from resetting it
    totp_secret: Mapped[str | None] = mapped_column(EncryptedText, deferred=True)
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
    """Someone who bought, known by e-mail address; with or without an account (accounts/shopper_models.py).

    A merged customer stays as a pointer (`merged_into_id`): its address buys for the one that was kept. The totals are
    kept by the database in the transaction of every order, payment, refund and dispute (migration 0009); staff and
    workflows never write them.
    """

    __tablename__ = "customers"
    __table_args__ = (
        Index("ix_customers_created_at", "created_at", "id"),
        Index("ix_customers_name", "name", "id"),
        Index("ix_customers_orders", "orders_count", "id"),
        Index("ix_customers_spent", "spent_minor", "id"),
        Index("ix_customers_last_order", text("last_order_at DESC NULLS LAST"), text("id DESC")),
        Index("ix_customers_country", "country", "id"),
        Index("ix_customers_tagged", "id", postgresql_where=text("tags <> '{}'")),
        Index("ix_customers_merged", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
        Index("ix_customers_tags", "tags", postgresql_using="gin"),
        # the words of a name and an address, and the digits of a number, also backwards after an "r", since people type
        # its end; the panel's search asks in the same terms
        Index(
            "ix_customers_words",
            text(
                "to_tsvector('simple'::regconfig, "
                "(((((name::text || ' '::text) || replace(email::text, '@'::text, ' '::text)) || ' '::text) "
                "|| regexp_replace(phone::text, '[^0-9]'::text, ''::text, 'g'::text)) || ' r'::text) "
                "|| reverse(regexp_replace(phone::text, '[^0-9]'::text, ''::text, 'g'::text)))"
            ),
            postgresql_using="gin",
        ),
    )

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    phone: Mapped[str] = mapped_column(String(40), default="", server_default="")
    locale: Mapped[str] = mapped_column(String(8), default="en", server_default="en")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list, server_default=text("'{}'"))
    accepts_marketing: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now(), onupdate=clock.now)

    orders_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # without cancelled ones
    #: paid, less what went back, in `spent_currency` (that of the newest order; another currency's money is left out)
    spent_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    spent_currency: Mapped[str] = mapped_column(String(3), default="", server_default="")
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")  # of the newest order
    first_order_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_order_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SavedView(Model):
    """A name for what a list was asked for: `page` is the list's endpoint, `query` its part of the address."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("page", "name"),)

    page: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
