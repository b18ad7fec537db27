"""Writes with an Idempotency-Key: the first one is done, every repeat within a day is given its answer.

begin ──► working ──keep──► answered        a repeat is given this
            │  └──forget──► gone            it failed: nothing was changed, the key is free
            └─ lease runs out ─► taken over by the next try
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.accounts.api_models import ApiAnswer
from shop.core import clock
from shop.core.durable import LostLease
from shop.errors import Conflict, InvalidInput

KEPT_FOR = timedelta(hours=24)
LEASE = timedelta(seconds=90)


class InProgress(Conflict):
    """The first one with this key is still under way."""


class UsedForAnother(InvalidInput):
    """The key came before with another method, address or body."""


@dataclass(frozen=True)
class Asked:
    """What names one write."""

    api_key_id: int
    key: str
    method: str
    path: str  # with its query
    body_hash: str


@dataclass(frozen=True)
class Kept:
    """An answer as it was given."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Ticket:
    """This try is the one that does it."""

    id: int
    fence: int


def begin(session: Session, asked: Asked) -> Ticket | Kept:
    """A ticket for the one who does it, or the answer of the one who has. Raises InProgress, UsedForAnother.

    The caller commits, before it begins.
    """
    now = clock.now()
    new = _insert(session, asked)
    if new is not None:
        return new
    found = session.execute(
        select(ApiAnswer)
        .where(ApiAnswer.api_key_id == asked.api_key_id, ApiAnswer.key == asked.key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:  # it failed and went between the two statements
        raise InProgress("A request with this Idempotency-Key ended this moment. Send it again.")
    if found.created_at < now - KEPT_FOR:  # it counts as gone, though nobody has cleaned up
        session.delete(found)
        session.flush()
        if (new := _insert(session, asked)) is not None:
            return new
        raise InProgress("Another request with this Idempotency-Key began this moment.")
    if (found.method, found.path, found.body_hash) != (asked.method, asked.path[:500], asked.body_hash):
        raise UsedForAnother("This Idempotency-Key was used for another request. Use a new one for each.")
    if found.status:
        kept = json.loads(found.answer or "{}")
        return Kept(found.status, kept["headers"], kept["body"].encode())
    if found.lease_until is not None and found.lease_until > now:
        raise InProgress("The first request with this Idempotency-Key is still under way. Try again in a moment.")
    return _take_over(found)


def keep(session: Session, ticket: Ticket, kept: Kept) -> None:
    """Write the answer down, in the transaction of what it tells where there is one. The caller commits.

    Raises LostLease when another try has taken over: then nothing of this transaction may stay.
    """
    stored = json.dumps({"headers": kept.headers, "body": kept.body.decode()})
    result = session.execute(
        update(ApiAnswer)
        .where(ApiAnswer.id == ticket.id, ApiAnswer.fence == ticket.fence)
        .values(status=kept.status, answer=stored, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    if not result.rowcount:  # type: ignore[attr-defined]
        raise LostLease("Another request with this Idempotency-Key has taken over.")


def forget(session: Session, ticket: Ticket) -> None:
    """It failed, so nothing was changed: the key may be used again. The caller commits."""
    session.execute(
        delete(ApiAnswer)
        .where(ApiAnswer.id == ticket.id, ApiAnswer.fence == ticket.fence, ApiAnswer.status == 0)
        .execution_options(synchronize_session=False)
    )


def let_old_ones_go(session: Session) -> None:
    """Part of workflows/clean_up. The caller commits."""
    session.execute(delete(ApiAnswer).where(ApiAnswer.created_at < clock.now() - KEPT_FOR))


def _take_over(found: ApiAnswer) -> Ticket:
    found.fence += 1
    found.lease_until = clock.now() + LEASE
    return Ticket(found.id, found.fence)


def _insert(session: Session, asked: Asked) -> Ticket | None:
    now = clock.now()
    new = session.execute(
        insert(ApiAnswer)
        .values(
            api_key_id=asked.api_key_id,
            key=asked.key,
            method=asked.method,
            path=asked.path[:500],
            body_hash=asked.body_hash,
            lease_until=now + LEASE,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["api_key_id", "key"])
        .returning(ApiAnswer.id)
    ).scalar()
    return None if new is None else Ticket(new, 1)
