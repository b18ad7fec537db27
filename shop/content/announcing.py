"""The announcement bar: which line is shown now. The caller commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.content.models import Announcement
from shop.core import clock
from shop.errors import InvalidInput, NotFound
from shop.tenancy.profile import touch_settings

MOST = 50
TONES = {"plain": "Plain", "accent": "Your colour", "good": "Good news", "warn": "Important"}


def list_announcements(session: Session) -> list[Announcement]:
    return list(session.execute(select(Announcement).order_by(Announcement.id.desc()).limit(MOST)).scalars())


def get_announcement(session: Session, announcement_id: int, *, lock: bool = False) -> Announcement:
    wanted = select(Announcement).where(Announcement.id == announcement_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = session.execute(wanted).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such announcement.")
    return found


def add_announcement(session: Session, values: dict[str, object]) -> Announcement:
    if session.execute(select(func.count()).select_from(Announcement)).scalar_one() >= MOST:
        raise InvalidInput(fields={"text": f"There are {MOST} announcements. Delete an old one first."})
    found = Announcement(**{"translations": {}, **values})
    session.add(found)
    session.flush()
    settle(session)
    touch_settings(session)
    return found


def settle(session: Session) -> bool:
    """Mark the one to show: the newest that is on and whose hours have come. True when that changed."""
    now = clock.now()
    session.flush()
    rows = session.execute(select(Announcement).order_by(Announcement.id.desc()).with_for_update()).scalars().all()
    live = next((row for row in rows if is_due(row, now)), None)
    changed = False
    for row in rows:
        should = row is live
        if row.is_live != should:
            row.is_live, changed = should, True
    if changed:
        touch_settings(session)
    return changed


def is_due(row: Announcement, now: datetime) -> bool:
    """On, begun, and not over."""
    begun = row.starts_at is None or row.starts_at <= now
    over = row.ends_at is not None and row.ends_at <= now
    return row.is_on and begun and not over


def has_turned(session: Session) -> bool:
    """Whether another one should be shown than is shown; one statement, no lock."""
    now = clock.now()
    rows = session.execute(select(Announcement).order_by(Announcement.id.desc()).limit(MOST)).scalars().all()
    live = next((row for row in rows if is_due(row, now)), None)
    return any(row.is_live != (row is live) for row in rows)
