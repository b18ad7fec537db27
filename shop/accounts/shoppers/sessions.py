"""Where a shopper is signed in: one row a sign-in, so that each can be looked at and ended by itself.

Nothing here knows Flask-Login: the panel's staff and the shop's customers are different people to us.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from shop.accounts.browsers import name_browser
from shop.accounts.shopper_models import Shopper, ShopperSession
from shop.core import clock
from shop.core.secrets import hash_token, new_token

IDLE = timedelta(days=60)  # as long as the cookie lives
PROVEN = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=5)
MOST_SHOWN = 50
_QUIET = {"synchronize_session": False}


def start_session(
    session: Session,
    shopper: Shopper,
    address: str,
    user_agent: str,
    *,
    how: str = "password",
    passkey_id: int | None = None,
) -> str:
    """A new session; returns the token for the cookie. `how`: password | code | passkey. The caller commits."""
    token = new_token()
    session.add(
        ShopperSession(
            shopper_id=shopper.id, token_hash=hash_token(token), address=address[:45],
            browser=name_browser(user_agent), how=how, passkey_id=passkey_id,
        )
    )  # fmt: skip
    return token


def is_proven(here: ShopperSession) -> bool:
    """Whether the person at the keyboard showed who they are within a quarter of an hour."""
    return clock.now() - (here.proven_at or here.created_at) < PROVEN


def note_proven(session: Session, here: ShopperSession) -> None:
    """They were asked again. The caller commits."""
    seen = update(ShopperSession).where(ShopperSession.id == here.id)
    session.execute(seen.values(proven_at=clock.now()), execution_options=_QUIET)


def find_signed_in(session: Session, token: str | None) -> tuple[Shopper, ShopperSession] | None:
    """Whose cookie this is, in one indexed query; None when the session has ended."""
    if not token or not 20 <= len(token) <= 100:
        return None
    found = session.execute(
        select(Shopper, ShopperSession)
        .join(ShopperSession, ShopperSession.shopper_id == Shopper.id)
        .where(ShopperSession.token_hash == hash_token(token))
    ).first()
    if found is None or found[1].last_seen_at < clock.now() - IDLE:
        return None
    return found[0], found[1]


def is_due_to_note(here: ShopperSession) -> bool:
    return clock.now() - here.last_seen_at > SEEN_EVERY


def note_seen(session: Session, here: ShopperSession, address: str) -> None:
    """Remember when and where somebody was last here, at most once in five minutes. The caller commits."""
    seen = update(ShopperSession).where(ShopperSession.id == here.id)
    session.execute(seen.values(last_seen_at=clock.now(), address=address[:45]), execution_options=_QUIET)


def list_sessions(session: Session, shopper_id: int) -> list[ShopperSession]:
    """Those that have not ended, the last seen first; at most 50."""
    return list(
        session.execute(
            select(ShopperSession)
            .where(ShopperSession.shopper_id == shopper_id, ShopperSession.last_seen_at >= clock.now() - IDLE)
            .order_by(ShopperSession.last_seen_at.desc(), ShopperSession.id.desc())
            .limit(MOST_SHOWN)
        ).scalars()
    )


def end_session(session: Session, shopper_id: int, session_id: int) -> bool:
    """Sign one browser out. False when there is no such session of this shopper: a repeat does nothing."""
    gone = delete(ShopperSession).where(ShopperSession.id == session_id, ShopperSession.shopper_id == shopper_id)
    return session.execute(gone.returning(ShopperSession.id), execution_options=_QUIET).first() is not None


def end_token(session: Session, token: str | None) -> None:
    """Sign out whoever this cookie belongs to, if anybody."""
    if token and len(token) <= 100:
        gone = delete(ShopperSession).where(ShopperSession.token_hash == hash_token(token))
        session.execute(gone, execution_options=_QUIET)


def end_sessions(session: Session, shopper_id: int, *, but: int | None = None) -> int:
    """Sign every browser out, `but` one. How many there were. The caller commits."""
    ended = delete(ShopperSession).where(ShopperSession.shopper_id == shopper_id)
    if but is not None:
        ended = ended.where(ShopperSession.id != but)
    return len(session.execute(ended.returning(ShopperSession.id), execution_options=_QUIET).all())
