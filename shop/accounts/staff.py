"""Staff: who may sign in to the panel, and as what."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.models import StaffMember
from shop.accounts.passwords import check_new_password, hash_password
from shop.accounts.sessions import end_sessions
from shop.errors import InvalidInput
from shop.tenancy.profile import current_profile

ROLES = ("owner", "manager", "fulfilment", "support", "viewer")


def find_staff(session: Session, email: str) -> StaffMember | None:
    return session.execute(select(StaffMember).where(StaffMember.email == email.strip().lower())).scalar_one_or_none()


def add_staff(
    session: Session, email: str, password: str, *, name: str = "", role: str = "owner"
) -> tuple[StaffMember, bool]:
    """The account, and whether it is new; an existing one is left as it is. Raises InvalidInput. The caller commits."""
    email = email.strip().lower()
    if "@" not in email or len(email) > 254:
        raise InvalidInput(fields={"email": "This is not an e-mail address."})
    if role not in ROLES:
        raise InvalidInput(fields={"role": f"The role must be one of: {', '.join(ROLES)}."})
    known = find_staff(session, email)
    if known is not None:
        return known, False
    check_new_password(password, email)
    row = insert(StaffMember).values(email=email, name=name[:120], password_hash=hash_password(password), role=role)
    new = session.execute(row.on_conflict_do_nothing(index_elements=["email"]).returning(StaffMember.id)).first()
    return session.execute(select(StaffMember).where(StaffMember.email == email)).scalar_one(), new is not None


def change_password(session: Session, member: StaffMember, password: str) -> None:
    """Set it and sign every session out. Raises InvalidInput. The caller commits."""
    check_new_password(password, member.email, member.name, current_profile().name)
    member.password_hash = hash_password(password)
    session.add(member)
    end_sessions(session, member)
