"""A customer's account: how they sign in, where they are signed in, and what they keep here.

Tokens are stored as hashes only. Everything hangs on `shoppers` and goes with it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.core.secrets import EncryptedText
from shop.extensions import Model, UtcDateTime


class Shopper(Model):
    """An account. It begins when its address is confirmed, so there is none with a stranger's address."""

    __tablename__ = "shoppers"

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case, confirmed
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    locale: Mapped[str] = mapped_column(String(8), default="en")
    #: the second step (shoppers/second_step.py): a secret without `totp_on_at` waits for its first code
    totp_secret: Mapped[str | None] = mapped_column(EncryptedText, deferred=True)
    totp_on_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    passkey_handle: Mapped[str | None] = mapped_column(String(64), unique=True)  # how passkeys call this account
    wishlist_token: Mapped[str | None] = mapped_column(String(64), unique=True)  # the link others may read it by
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class ShopperBackupCode(Model):
    """Stands in for the phone once."""

    __tablename__ = "shopper_backup_codes"
    __table_args__ = (UniqueConstraint("shopper_id", "code_hash"),)

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ShopperPasskey(Model):
    """A key that stays in a phone, a computer or a stick; here is its public half."""

    __tablename__ = "shopper_passkeys"

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    is_synced: Mapped[bool] = mapped_column(Boolean)  # kept by a password manager, so also on other devices
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ShopperChallenge(Model):
    """What a passkey is to sign, once; the browser's cookie knows it in clear."""

    __tablename__ = "shopper_challenges"

    challenge_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


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
    how: Mapped[str] = mapped_column(String(20), default="password", server_default="password")  # | code | passkey
    passkey_id: Mapped[int | None] = mapped_column(ForeignKey("shopper_passkeys.id", ondelete="SET NULL"), index=True)
    #: when the person was last asked again; the sign-in itself counts, too
    proven_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
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
