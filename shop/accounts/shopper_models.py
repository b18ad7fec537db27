"""A customer's account: how they sign in, where they are signed in, and what they keep here.

Tokens are stored as hashes only. Everything hangs on `shoppers` and goes with it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.extensions import Model, UtcDateTime


class Shopper(Model):
    """An account. It begins when its address is confirmed, so there is none with a stranger's address."""

    __tablename__ = "shoppers"

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case, confirmed
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    locale: Mapped[str] = mapped_column(String(8), default="en")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class ShopperRegistration(Model):
    """Somebody filled in the form and has to prove that the mailbox is theirs. Each try is a row with its own password:
    nobody's link confirms what somebody else typed."""

    __tablename__ = "shopper_registrations"

    email: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str] = mapped_column(String(255))
    locale: Mapped[str] = mapped_column(String(8), default="en")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ShopperSession(Model):
    """One sign-in of one browser. The cookie carries its token; a row that is gone is a session that has ended."""

    __tablename__ = "shopper_sessions"

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(45), default="")
    browser: Mapped[str] = mapped_column(String(60), default="")  # in plain words (accounts/browsers.py)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, index=True)


class ShopperLink(Model):
    """What a letter lets somebody do once: choose a new password, or delete the account."""

    __tablename__ = "shopper_links"

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(10))  # reset | delete
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ShopperEmailChange(Model):
    """Another address, to be confirmed from both mailboxes; one at a time."""

    __tablename__ = "shopper_email_changes"

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"), unique=True)
    new_email: Mapped[str] = mapped_column(String(254))
    old_hash: Mapped[str] = mapped_column(String(64), unique=True)
    new_hash: Mapped[str] = mapped_column(String(64), unique=True)
    old_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    new_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ShopperMailbox(Model):
    """A mailbox that was proven to be theirs, and from when to when: whose orders an account shows hangs on this.

    `since` is set when somebody else's account had the address before; `left_at` when this one went to another.
    """

    __tablename__ = "shopper_mailboxes"

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ShopperAddress(Model):
    """Where parcels go. At most one is the default."""

    __tablename__ = "shopper_addresses"

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    line1: Mapped[str] = mapped_column(String(120))
    line2: Mapped[str] = mapped_column(String(120), default="", server_default="")
    city: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(80), default="", server_default="")
    postal_code: Mapped[str] = mapped_column(String(20), default="", server_default="")
    country: Mapped[str] = mapped_column(String(2))
    is_default: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
