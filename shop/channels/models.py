"""Accounts on other platforms, and the tokens that speak for us there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.core.secrets import EncryptedText
from shop.extensions import Model, UtcDateTime


class Connection(Model):
    """One authorised account on one platform. `status`: connecting | active | paused | reconnect | disconnected.

    `fence` rises with each refresh that is begun; only who holds the newest may save its tokens.
    """

    __tablename__ = "connections"
    __table_args__ = (Index("ix_connections_channel", "channel"),)

    channel: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    store_url: Mapped[str] = mapped_column(String(300), default="", server_default="")
    account_id: Mapped[str] = mapped_column(String(120), default="", server_default="")
    account: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    #: what is typed and secret (client secrets, webhook secrets), as JSON, never in clear in the database
    secrets: Mapped[str | None] = mapped_column(EncryptedText, deferred=True)
    status: Mapped[str] = mapped_column(String(12), default="connecting", server_default="connecting")
    problem: Mapped[str] = mapped_column(Text, default="", server_default="")
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, server_default=func.now())
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")

    fence: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    refreshing_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refresh_failures: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    refresh_not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ConnectionToken(Model):
    """One token of a connection, of one kind. `expires_at` None: it lasts until it is taken back."""

    __tablename__ = "connection_tokens"
    __table_args__ = (UniqueConstraint("connection_id", "kind"),)

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(EncryptedText)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, server_default=func.now())


class ConsentRequest(Model):
    """A merchant was sent to a platform's page to agree. Good once, for who was sent, for a few minutes."""

    __tablename__ = "consent_requests"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8), default="consent", server_default="consent")  # consent | handover
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    verifier: Mapped[str] = mapped_column(EncryptedText)  # PKCE (RFC 7636); sent only where the platform has it
    redirect_uri: Mapped[str] = mapped_column(String(500))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
