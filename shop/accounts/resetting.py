"""A forgotten password: a link by letter that works once, for an hour."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shop.accounts.models import StaffMember
from shop.accounts.staff import change_password, find_staff
from shop.accounts.staff_models import StaffReset
from shop.core import clock
from shop.core.secrets import hash_token, new_token
from shop.errors import NotFound

LASTS = timedelta(hours=1)
NOT_ANY_MORE = "This link has been used, or it is older than an hour. Ask for a new one."


def request_reset(session: Session, email: str) -> tuple[StaffReset, StaffMember, str] | None:
    """A new way back in; those before stop working. None for an unknown or switched-off account."""
    member = find_staff(session, email)
    if member is None or not member.is_enabled:
        return None
    _forget(session, member)
    token = new_token()
    row = StaffReset(staff_id=member.id, token_hash=hash_token(token), expires_at=clock.now() + LASTS)
    session.add(row)
    session.flush()
    return row, member, token


def find_reset(session: Session, token: str) -> StaffMember | None:
    """Whose link this is; None when it is used or too old."""
    return session.execute(
        select(StaffMember)
        .join(StaffReset, StaffReset.staff_id == StaffMember.id)
        .where(
            StaffReset.token_hash == hash_token(token[:100]),
            StaffReset.expires_at > clock.now(),
            StaffMember.is_enabled,
        )
    ).scalar_one_or_none()


def reset_password(session: Session, token: str, password: str) -> StaffMember:
    """Set it, use the link up, sign out everywhere. Raises NotFound, InvalidInput (then the link still works)."""
    member = find_reset(session, token)
    if member is None:
        raise NotFound(NOT_ANY_MORE)
    change_password(session, member, password)
    used = session.execute(
        delete(StaffReset).where(StaffReset.token_hash == hash_token(token[:100])).returning(StaffReset.id)
    ).first()
    if used is None:  # another request was faster
        raise NotFound(NOT_ANY_MORE)
    _forget(session, member)
    return member


def _forget(session: Session, member: StaffMember) -> None:
    session.execute(
        delete(StaffReset).where(StaffReset.staff_id == member.id).execution_options(synchronize_session=False)
    )
