"""Invitations: a link that works once, for seven days. The link's token is only known to the letter."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.accounts.models import StaffMember
from shop.accounts.passwords import check_new_password, hash_password
from shop.accounts.staff import ROLES, find_staff
from shop.accounts.staff_models import StaffInvitation
from shop.core import clock
from shop.core.secrets import hash_token, new_token
from shop.errors import Conflict, InvalidInput, NotFound

LASTS = timedelta(days=7)
MOST_OPEN = 100
NOT_ANY_MORE = "This invitation has been used or withdrawn, or it is older than seven days. Ask for a new one."


def invite(session: Session, email: str, role: str, invited_by: str) -> tuple[StaffInvitation, str]:
    """The invitation and its token. Raises InvalidInput for an address that is staff or invited. The caller commits."""
    email = email.strip().lower()
    if role not in ROLES:
        raise InvalidInput(fields={"role": "Choose one of the roles."})
    if find_staff(session, email) is not None:
        raise InvalidInput(fields={"email": "Somebody with this address is on the staff already."})
    if session.execute(select(StaffInvitation.id).where(StaffInvitation.email == email)).first() is not None:
        raise InvalidInput(fields={"email": "This address is invited already. Send that invitation again instead."})
    if len(session.execute(select(StaffInvitation.id).limit(MOST_OPEN)).all()) >= MOST_OPEN:
        raise Conflict(f"There are {MOST_OPEN} open invitations. Withdraw some of them first.")
    token = new_token()
    row = StaffInvitation(
        email=email, role=role, token_hash=hash_token(token), invited_by=invited_by, expires_at=clock.now() + LASTS
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the same press, twice at once
        raise InvalidInput(fields={"email": "This address is invited already."}) from error
    return row, token


def renew(session: Session, invitation_id: int) -> tuple[StaffInvitation, str]:
    """A new link for seven more days; the one before stops working. Raises NotFound. The caller commits."""
    row = _get_locked(session, invitation_id)
    token = new_token()
    row.token_hash, row.expires_at, row.round = hash_token(token), clock.now() + LASTS, row.round + 1
    return row, token


def withdraw(session: Session, invitation_id: int) -> str:
    """Returns the address. Raises NotFound when it is gone already. The caller commits."""
    row = _get_locked(session, invitation_id)
    session.delete(row)
    return row.email


def find_invitation(session: Session, token: str, *, lock: bool = False) -> StaffInvitation | None:
    """The open invitation of a link; None when there is none (any more)."""
    query = select(StaffInvitation).where(StaffInvitation.token_hash == hash_token(token[:100]))
    row = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    return row if row is not None and row.expires_at > clock.now() else None


def accept(session: Session, token: str, name: str, password: str) -> StaffMember:
    """The account, made of the invitation, which is used up. Raises NotFound, InvalidInput. The caller commits.

    A link pressed twice at once makes one account: the second waits, and finds the invitation gone.
    """
    row = find_invitation(session, token, lock=True)
    if row is None or find_staff(session, row.email) is not None:
        raise NotFound(NOT_ANY_MORE)
    check_new_password(password, row.email, name)
    member = StaffMember(email=row.email, name=name, role=row.role, password_hash=hash_password(password))
    session.add(member)
    session.delete(row)
    session.flush()
    return member


def _get_locked(session: Session, invitation_id: int) -> StaffInvitation:
    row = session.execute(
        select(StaffInvitation).where(StaffInvitation.id == min(invitation_id, 2**62)).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        raise NotFound("This invitation is gone: it was accepted or withdrawn.")
    return row
