"""What hangs on a member of staff: where they are signed in, invitations, ways back in, backup codes.

Tokens and codes are stored as hashes only.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.extensions import Model, UtcDateTime


class StaffSession(Model):
    """One sign-in of one browser. The cookie carries its token; a row that is gone is a session that has ended."""

    __tablename__ = "staff_sessions"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(45), default="")
    browser: Mapped[str] = mapped_column(String(60), default="")  # in plain words (accounts/browsers.py)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, index=True)


class StaffInvitation(Model):
    """Somebody is asked to join. Gone once it is accepted or withdrawn; `round` counts the letters."""

    __tablename__ = "staff_invitations"

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    role: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[str] = mapped_column(String(254))
    round: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StaffReset(Model):
    """A way back in for somebody who has forgotten the password: one hour, once."""

    __tablename__ = "staff_resets"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StaffBackupCode(Model):
    """Stands in for the phone, once."""

    __tablename__ = "staff_backup_codes"
    __table_args__ = (UniqueConstraint("staff_id", "code_hash"),)

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
