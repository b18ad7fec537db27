"""Work that must not be lost is a committed row.

    due ──claim──► working ──finish──► done
     ▲                │  └──park────► parked     (a person must act; see Admin → Failures)
     └──postpone──────┘  └─ lease runs out ─► claimable again

A claim takes a lease and raises the fence. A worker that lost its lease holds an old fence, and every finish,
postpone and park checks it in the same transaction as the effect: it can no longer change anything.
`calling_since` is set, committed, right before an outward call that cannot be repeated blindly: a row whose lease
ran out with it set has an UNKNOWN OUTCOME, and its handler must read before it sends again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Integer, String, Text, func, or_, select, text, tuple_, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from shop.core import clock
from shop.core.secrets import redact
from shop.errors import Conflict, Kind
from shop.extensions import UtcDateTime


class WorkState(StrEnum):
    DUE = "due"
    WORKING = "working"
    DONE = "done"
    PARKED = "parked"


class LostLease(Conflict):
    """Another worker has taken this row over; nothing may be written."""


class DurableWork:
    """Mixin: the columns of a row of work."""

    work_state: Mapped[str] = mapped_column(String(12), default=WorkState.DUE, server_default="due")
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now, server_default=func.now())
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fence: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    calling_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_kind: Mapped[str | None] = mapped_column(String(12))
    error_text: Mapped[str | None] = mapped_column(Text)
    error_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def open_work_index(table: str) -> Index:
    """The partial index over what is not finished: claims and counts never walk through what is done."""
    return Index(f"ix_{table}_open", "due_at", postgresql_where=text("work_state IN ('due','working','parked')"))


def done_work_index(table: str) -> Index:
    """What was finished lately is counted without walking through the rest."""
    return Index(f"ix_{table}_done", "finished_at")


@dataclass(frozen=True)
class Claim:
    """A row held for a while. `unknown_outcome`: an earlier call may have been accepted."""

    id: int
    fence: int
    attempts: int
    unknown_outcome: bool


#: an outage of hours costs at most ten minutes after its end
BACKOFF_SECONDS = (15, 60, 180, 300, 600)


def claim(session: Session, model: type[Any], limit: int = 50, lease_seconds: int = 120) -> list[Claim]:
    """Take due rows, and rows whose lease ran out; `FOR UPDATE SKIP LOCKED`, one statement. The caller commits."""
    now = clock.now()
    ready = or_(
        (model.work_state == WorkState.DUE) & (model.due_at <= now),
        (model.work_state == WorkState.WORKING) & (model.lease_until < now),
    )
    picked = (
        select(model.id)
        .where(ready)
        .order_by(model.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    rows = session.execute(
        update(model)
        .where(model.id == picked.c.id)
        .values(
            work_state=WorkState.WORKING,
            attempts=model.attempts + 1,
            fence=model.fence + 1,
            lease_until=now + timedelta(seconds=lease_seconds),
        )
        .returning(model.id, model.fence, model.attempts, model.calling_since.is_not(None))
        .execution_options(synchronize_session=False)
    )
    return sorted((Claim(*row) for row in rows), key=lambda c: c.id)


def claim_one(session: Session, model: type[Any], row_id: int, lease_seconds: int = 120) -> Claim | None:
    """Take this row if it is free (due now or later, or its lease ran out); else None. The caller commits."""
    now = clock.now()
    free = or_(model.work_state == WorkState.DUE, (model.work_state == WorkState.WORKING) & (model.lease_until < now))
    row = session.execute(
        update(model)
        .where(model.id == row_id, free)
        .values(
            work_state=WorkState.WORKING,
            attempts=model.attempts + 1,
            fence=model.fence + 1,
            lease_until=now + timedelta(seconds=lease_seconds),
        )
        .returning(model.id, model.fence, model.attempts, model.calling_since.is_not(None))
        .execution_options(synchronize_session=False)
    ).first()
    return Claim(*row) if row else None


def finish(session: Session, model: type[Any], held: Claim, **values: object) -> None:
    """The work is done. Raises LostLease when somebody else holds the row."""
    _move(
        session,
        model,
        held,
        work_state=WorkState.DONE,
        finished_at=clock.now(),
        lease_until=None,
        calling_since=None,
        error_kind=None,
        error_text=None,
        **values,
    )


def finish_many(session: Session, model: type[Any], held: Sequence[Claim]) -> int:
    """Finish a batch in one statement; rows that were taken over are left alone. Returns how many were finished."""
    if not held:
        return 0
    result = session.execute(
        update(model)
        .where(tuple_(model.id, model.fence).in_([(c.id, c.fence) for c in held]))
        .values(
            work_state=WorkState.DONE,
            finished_at=clock.now(),
            lease_until=None,
            calling_since=None,
            error_kind=None,
            error_text=None,
        )
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def hold(session: Session, model: type[Any], held: Claim) -> None:
    """Check the fence and lock the row until the commit: call before writing any other effect."""
    found = session.execute(select(model.fence).where(model.id == held.id).with_for_update()).scalar()
    if found != held.fence:
        raise LostLease(f"{model.__name__} {held.id} was taken over")


def begin_call(session: Session, model: type[Any], held: Claim) -> None:
    """Write down that an outward call starts now. Commit before calling."""
    _move(session, model, held, calling_since=clock.now())


def renew(session: Session, model: type[Any], held: Sequence[Claim], lease_seconds: int) -> None:
    """This worker lives and goes on with these rows; rows that were taken over are left alone."""
    _mine(session, model, held, lease_until=clock.now() + timedelta(seconds=lease_seconds))


def give_back(session: Session, model: type[Any], held: Sequence[Claim]) -> None:
    """Claimed and not begun: due again at once, and the claim was no attempt."""
    _mine(session, model, held, work_state=WorkState.DUE, lease_until=None, attempts=model.attempts - 1)


def postpone(
    session: Session,
    model: type[Any],
    held: Claim,
    *,
    why: str,
    until: datetime | None = None,
    kind: str = Kind.WAIT,
    keep_calling: bool = False,
) -> None:
    """Try again later: at `until`, else by back-off. `keep_calling` leaves the outcome marked unknown."""
    wait = BACKOFF_SECONDS[min(held.attempts - 1, len(BACKOFF_SECONDS) - 1)]
    values: dict[str, object] = {
        "work_state": WorkState.DUE,
        "due_at": until or clock.now() + timedelta(seconds=wait),
        "lease_until": None,
        "error_kind": kind,
        "error_text": redact(why)[:2000],
        "error_at": clock.now(),
    }
    if not keep_calling:
        values["calling_since"] = None
    _move(session, model, held, **values)


def step_on(session: Session, model: type[Any], held: Claim, *, due_at: datetime, **values: object) -> None:
    """This step is done, the next one of the same row is due at `due_at`, with fresh attempts."""
    _move(
        session,
        model,
        held,
        work_state=WorkState.DUE,
        due_at=due_at,
        attempts=0,
        lease_until=None,
        calling_since=None,
        error_kind=None,
        error_text=None,
        **values,
    )


def park(
    session: Session, model: type[Any], held: Claim, *, why: str, kind: str, keep_calling: bool = True, **values: object
) -> None:
    """Stop: a person must act. Shown on Admin → Failures with its story. `keep_calling` False: their answer says that
    nothing was done."""
    if not keep_calling:
        values["calling_since"] = None
    _move(
        session,
        model,
        held,
        work_state=WorkState.PARKED,
        lease_until=None,
        error_kind=kind,
        error_text=redact(why)[:2000],
        error_at=clock.now(),
        **values,
    )


def retry_parked(session: Session, model: type[Any], row_id: int) -> bool:
    """Make a parked row due again with fresh attempts. False when it is not parked (a repeat does nothing)."""
    result = session.execute(
        update(model)
        .where(model.id == row_id, model.work_state == WorkState.PARKED)
        .values(work_state=WorkState.DUE, due_at=clock.now(), attempts=0, error_kind=None)
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def has_due(session: Session, model: type[Any]) -> bool:
    """Is there anything to claim? (A hint for kicks, not a count.)"""
    now = clock.now()
    ready = or_(
        (model.work_state == WorkState.DUE) & (model.due_at <= now),
        (model.work_state == WorkState.WORKING) & (model.lease_until < now),
    )
    return session.execute(select(model.id).where(ready).limit(1)).first() is not None


def _mine(session: Session, model: type[Any], held: Sequence[Claim], **values: object) -> None:
    if held:
        session.execute(
            update(model)
            .where(
                tuple_(model.id, model.fence).in_([(c.id, c.fence) for c in held]),
                model.work_state == WorkState.WORKING,
            )
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _move(session: Session, model: type[Any], held: Claim, **values: object) -> None:
    result = session.execute(
        update(model)
        .where(model.id == held.id, model.fence == held.fence)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not result.rowcount:  # type: ignore[attr-defined]
        raise LostLease(f"{model.__name__} {held.id} was taken over")
