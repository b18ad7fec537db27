"""Consent on a platform's own page (OAuth 2, RFC 6749 §10.12, RFC 7636): out with a state, back with the same one.

The state is bound to the staff member who was sent, good once and for ten minutes; the redirect address is the very
one that was sent; PKCE goes along where the platform has it.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from shop.channels.models import ConsentRequest
from shop.core import clock
from shop.core.secrets import hash_token, new_token
from shop.errors import NotAllowed

GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Sent:
    """What goes to the platform's page."""

    state: str
    challenge: str  # S256 of the verifier


@dataclass(frozen=True)
class Returned:
    """Whose consent came back, and what is needed to trade its code."""

    connection_id: int
    redirect_uri: str
    verifier: str


def begin_consent(session: Session, connection_id: int, staff_id: int, redirect_uri: str) -> Sent:
    """A new state for this staff member. The caller commits, then redirects."""
    state, verifier = new_token(), new_token(48)
    now = clock.now()
    session.execute(delete(ConsentRequest).where(ConsentRequest.expires_at < now - timedelta(days=1)))
    session.add(
        ConsentRequest(
            connection_id=connection_id,
            staff_id=staff_id,
            state_hash=hash_token(state),
            verifier=verifier,
            redirect_uri=redirect_uri,
            expires_at=now + GOOD_FOR,
        )
    )
    digest = hashlib.sha256(verifier.encode()).digest()
    return Sent(state, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def begin_handover(session: Session, connection_id: int, staff_id: int) -> str:
    """An unguessable token that the platform gives back with the keys it made. The caller commits."""
    token = new_token()
    session.add(
        ConsentRequest(
            connection_id=connection_id,
            staff_id=staff_id,
            kind="handover",
            state_hash=hash_token(token),
            verifier="",
            redirect_uri="",
            expires_at=clock.now() + GOOD_FOR,
        )
    )
    return token


def take_handover(session: Session, token: str) -> int | None:
    """The connection that the keys are for; the token is used up. None: unknown, used or too old. The caller commits
    it together with the keys."""
    return session.execute(
        update(ConsentRequest)
        .where(
            ConsentRequest.state_hash == hash_token(token[:200]),
            ConsentRequest.kind == "handover",
            ConsentRequest.used_at.is_(None),
            ConsentRequest.expires_at > clock.now(),
        )
        .values(used_at=clock.now())
        .returning(ConsentRequest.connection_id)
        .execution_options(synchronize_session=False)
    ).scalar()


def take_consent(session: Session, state: str, staff_id: int) -> Returned:
    """Use up the state that came back. The caller commits before it trades the code, so that a replay finds it used.

    Raises NotAllowed for a state that is unknown, used, too old or somebody else's.
    """
    row = session.execute(
        update(ConsentRequest)
        .where(
            ConsentRequest.state_hash == hash_token(state[:200]),
            ConsentRequest.staff_id == staff_id,
            ConsentRequest.kind == "consent",
            ConsentRequest.used_at.is_(None),
            ConsentRequest.expires_at > clock.now(),
        )
        .values(used_at=clock.now())
        .returning(ConsentRequest.connection_id, ConsentRequest.redirect_uri, ConsentRequest.verifier)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        raise NotAllowed("This consent was not asked for here, is too old, or was used already. Please connect again.")
    return Returned(row.connection_id, row.redirect_uri, row.verifier)
