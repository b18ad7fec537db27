"""Who of the staff may do what: roles, switching off, removing. A shop is never without an owner who can sign in."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.accounts import two_step
from shop.accounts.models import StaffMember
from shop.accounts.sessions import end_sessions
from shop.accounts.staff import ROLES
from shop.errors import Conflict, InvalidInput, NotFound

LAST_OWNER = "This is the only owner who can sign in. Make somebody else an owner first."


def get_member(session: Session, staff_id: int) -> StaffMember:
    found = session.get(StaffMember, staff_id) if staff_id < 2**62 else None
    if found is None:
        raise NotFound("There is no such member of staff.")
    return found


def change_role(session: Session, staff_id: int, role: str) -> bool:
    """In force at the member's next request. False when it was so. Raises InvalidInput, Conflict, NotFound."""
    if role not in ROLES:
        raise InvalidInput(fields={"role": "Choose one of the roles."})
    member = _with_owners_locked(session, staff_id, keeps=role == "owner")
    if member.role == role:
        return False
    member.role = role
    return True


def switch_off(session: Session, staff_id: int) -> bool:
    """Signed out everywhere, and cannot sign in. False when it was so. The caller commits."""
    member = _with_owners_locked(session, staff_id, keeps=False)
    if not member.is_enabled:
        return False
    member.is_enabled = False
    end_sessions(session, member)
    return True


def switch_on(session: Session, staff_id: int) -> bool:
    member = _with_owners_locked(session, staff_id, keeps=True)
    was_off = not member.is_enabled
    member.is_enabled = True
    return was_off


def remove(session: Session, staff_id: int) -> str:
    """The account is gone; what it changed stays in the audit log. Returns its address. The caller commits."""
    member = _with_owners_locked(session, staff_id, keeps=False)
    end_sessions(session, member)
    session.delete(member)
    return member.email


def reset_two_step(session: Session, staff_id: int) -> bool:
    """For a lost phone: sign-in asks for the password only, until it is set up anew. Signs out everywhere."""
    member = get_member(session, staff_id)
    was_on = two_step.turn_off(session, member)
    if was_on:
        end_sessions(session, member)
    return was_on


def _with_owners_locked(session: Session, staff_id: int, *, keeps: bool) -> StaffMember:
    """The member, with every owner who can sign in locked until the commit, always in the same order: of two requests
    that would each take the other's last owner away, the second sees what the first has done.

    `keeps`: the change leaves an owner an owner.
    """
    owners = list(
        session.execute(
            select(StaffMember.id)
            .where(StaffMember.role == "owner", StaffMember.is_enabled)
            .order_by(StaffMember.id)
            .with_for_update()
        ).scalars()
    )
    member = session.execute(
        select(StaffMember)
        .where(StaffMember.id == staff_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if member is None:
        raise NotFound("There is no such member of staff.")
    if not keeps and owners == [member.id]:
        raise Conflict(LAST_OWNER)
    return member
