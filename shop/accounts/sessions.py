"""Where staff are signed in: one row a sign-in, so that each can be looked at and ended by itself."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from shop.accounts.auditing import note_change
from shop.accounts.browsers import name_browser
from shop.accounts.models import StaffMember
from shop.accounts.staff_models import StaffSession
from shop.core import clock
from shop.core.secrets import hash_token, new_token

IDLE = timedelta(days=14)  # as long as the cookie lives
SEEN_EVERY = timedelta(minutes=5)
MOST_SHOWN = 50


def start_session(session: Session, member: StaffMember, address: str, user_agent: str) -> str:
    """A new session; returns what the cookie carries, "<id>:<token>". The caller commits."""
    token = new_token()
    session.add(
        StaffSession(
            staff_id=member.id, token_hash=hash_token(token), address=address[:45], browser=name_browser(user_agent)
        )
    )
    return f"{member.id}:{token}"


def find_signed_in(session: Session, cookie_id: str) -> tuple[StaffMember, StaffSession] | None:
    """Who a cookie belongs to, in one indexed query; None when the session has ended or the account is off."""
    raw_id, _, token = cookie_id.partition(":")
    if not (raw_id.isascii() and raw_id.isdigit() and len(raw_id) < 19 and 20 <= len(token) <= 100):
        return None
    found = session.execute(
        select(StaffMember, StaffSession)
        .join(StaffSession, StaffSession.staff_id == StaffMember.id)
        .where(StaffSession.token_hash == hash_token(token), StaffMember.id == int(raw_id))
    ).first()
    if found is None or not found[0].is_enabled or found[1].last_seen_at < clock.now() - IDLE:
        return None
    return found[0], found[1]


def is_due_to_note(here: StaffSession) -> bool:
    return clock.now() - here.last_seen_at > SEEN_EVERY


def note_seen(session: Session, here: StaffSession, address: str) -> None:
    """Remember when and where somebody was last here, at most once in five minutes. The caller commits."""
    now = clock.now()
    for statement in (
        update(StaffSession).where(StaffSession.id == here.id).values(last_seen_at=now, address=address[:45]),
        update(StaffMember).where(StaffMember.id == here.staff_id).values(last_seen_at=now),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def list_sessions(session: Session, staff_id: int) -> list[StaffSession]:
    """Those that have not ended, the last seen first; at most 50."""
    return list(
        session.execute(
            select(StaffSession)
            .where(StaffSession.staff_id == staff_id, StaffSession.last_seen_at >= clock.now() - IDLE)
            .order_by(StaffSession.last_seen_at.desc(), StaffSession.id.desc())
            .limit(MOST_SHOWN)
        ).scalars()
    )


def end_session(session: Session, member: StaffMember, session_id: int) -> bool:
    """Sign one browser out. False when there is no such session of this member: a repeat does nothing."""
    gone = session.execute(
        delete(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.staff_id == member.id)
        .returning(StaffSession.browser)
        .execution_options(synchronize_session=False)
    ).first()
    if gone is not None:
        note_change(session, "", f"staff {member.email}", {"signed in on": gone.browser}, {})
    return gone is not None


def end_sessions(session: Session, member: StaffMember, *, but: int | None = None) -> int:
    """Sign every browser out, `but` one. How many there were. The caller commits."""
    ended = delete(StaffSession).where(StaffSession.staff_id == member.id)
    if but is not None:
        ended = ended.where(StaffSession.id != but)
    count = len(session.execute(ended.returning(StaffSession.id).execution_options(synchronize_session=False)).all())
    if count:
        note_change(session, "", f"staff {member.email}", {"signed in on": f"{count} more browsers"}, {})
    return count


def count_sessions(session: Session) -> dict[int, int]:
    """{staff id: where that many sessions are open}."""
    rows = session.execute(
        select(StaffSession.staff_id, func.count())
        .where(StaffSession.last_seen_at >= clock.now() - IDLE)
        .group_by(StaffSession.staff_id)
    )
    return {row[0]: row[1] for row in rows}
