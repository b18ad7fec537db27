"""A newsletter from the first word to the last letter: its texts, its moves, its figures. Nothing here commits.

Letters are rows, unique by (newsletter, campaign and subscriber): whatever happens, nobody gets the same one twice.
What all letters of one language say is kept once (`letter_shared_facts`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.email.models import Letter
from shop.errors import Conflict, InvalidInput, NotFound
from shop.subscribers.models import Campaign, LetterConsent, Subscriber

STATES = {
    "draft": "Draft",
    "scheduled": "Scheduled",
    "sending": "Being sent",
    "paused": "Paused",
    "sent": "Sent",
    "cancelled": "Cancelled",
}
MOST_PRODUCTS = 12
#: letters that wait while a newsletter is paused
LONG = timedelta(days=3650)


@dataclass(frozen=True)
class Figures:
    """Of one campaign. `failed`: refused by the mail server, or taken back since the person left."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    left: int = 0


def get_campaign(session: Session, campaign_id: int, *, lock: bool = False) -> Campaign:
    """Raises NotFound."""
    asked = select(Campaign).where(Campaign.id == min(campaign_id, 2**62))
    if lock:
        asked = asked.with_for_update().execution_options(populate_existing=True)
    found = session.execute(asked).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such newsletter.")
    return found


def texts_in(row: Campaign, locale: str, main: str) -> dict[str, str]:
    """{"subject", "body_html"} in this language: each falls back to the store's own, then to any there is."""
    others = (row.texts or {}).values()
    found = {}
    for name in ("subject", "body_html"):
        ways = [(row.texts or {}).get(locale, {}), (row.texts or {}).get(main, {}), *others]
        found[name] = next((str(way[name]) for way in ways if way.get(name)), "")
    return found


def may_be_changed(row: Campaign) -> bool:
    return row.status in ("draft", "scheduled")


def schedule(session: Session, row: Campaign, starts_at: datetime | None, main: str) -> None:
    """Send it at that time, or now. Raises InvalidInput while it has no words, Conflict once it went out."""
    if not may_be_changed(row):
        raise Conflict("This newsletter has been sent already. Make a copy of it.")
    texts = texts_in(row, main, main)
    if not texts["subject"] or not texts["body_html"]:
        raise InvalidInput("Write a subject and a text first.")
    now = clock.now()
    row.status, row.starts_at = "scheduled", max(starts_at or now, now)
    row.work_state, row.due_at, row.attempts, row.fence = "due", row.starts_at, 0, row.fence + 1
    enqueue_after_commit(session, JobName.SEND_CAMPAIGNS)


def pause(session: Session, row: Campaign) -> None:
    """Letters that nobody has begun to send wait. Before the first letter it becomes a draft again."""
    if row.status == "scheduled":
        row.status = "draft"
    elif row.status == "sending":
        row.status = "paused"
        _move_letters(session, row, clock.now() + LONG)
    else:
        raise Conflict("There is nothing to pause.")
    row.work_state, row.fence = "done", row.fence + 1


def resume(session: Session, row: Campaign) -> None:
    if row.status != "paused":
        raise Conflict("It is not paused.")
    row.status = "sending"
    row.work_state, row.due_at, row.attempts, row.fence = "due", clock.now(), 0, row.fence + 1
    _move_letters(session, row, clock.now())
    enqueue_after_commit(session, JobName.SEND_CAMPAIGNS)
    enqueue_after_commit(session, JobName.DRAIN_EMAIL)


def cancel(session: Session, row: Campaign) -> int:
    """Whoever has not got it does not get it. Returns how many letters were waiting."""
    if row.status not in ("scheduled", "sending", "paused"):
        raise Conflict("There is nothing to cancel.")
    gone = session.execute(
        delete(Letter)
        .where(Letter.shared_id.in_(shared_ids(row)), Letter.work_state == "due")
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()
    row.status, row.ended_at = "cancelled", clock.now()
    row.work_state, row.fence = "done", row.fence + 1
    return len(gone)


def shared_ids(row: Campaign) -> list[int]:
    return [int(each) for each in (row.shared or {}).values()]


def figures_of(session: Session, rows: Iterable[Campaign]) -> dict[int, Figures]:
    """Two statements, however many campaigns."""
    owner = {shared: row.id for row in rows for shared in shared_ids(row)}
    counted: dict[int, dict[str, int]] = {row.id: {} for row in rows}
    state = case(
        (Letter.work_state.in_(("due", "working")), "waiting"),
        ((Letter.work_state == "done") & (Letter.provider != ""), "sent"),
        else_="failed",
    )
    found = session.execute(
        select(Letter.shared_id, state, func.count())
        .where(Letter.shared_id.in_(owner))
        .group_by(Letter.shared_id, state)
    )
    for shared_id, name, many in found:
        mine = counted[owner[int(shared_id or 0)]]
        mine[name] = mine.get(name, 0) + int(many)
    left = session.execute(
        select(LetterConsent.campaign_id, func.count())
        .where(LetterConsent.campaign_id.in_(counted), LetterConsent.what == "withdrawn")
        .group_by(LetterConsent.campaign_id)
    )
    for campaign_id, many in left:
        counted[int(campaign_id or 0)]["left"] = int(many)
    return {campaign_id: Figures(**numbers) for campaign_id, numbers in counted.items()}


def count_readers(session: Session) -> int:
    """How many would get a newsletter now."""
    on = select(func.count(Subscriber.id)).where(Subscriber.newsletter == "on", Subscriber.stopped == "")
    return int(session.execute(on).scalar_one())


def _move_letters(session: Session, row: Campaign, due_at: datetime) -> None:
    session.execute(
        update(Letter)
        .where(Letter.shared_id.in_(shared_ids(row)), Letter.work_state == "due")
        .values(due_at=due_at)
        .execution_options(synchronize_session=False)
    )
