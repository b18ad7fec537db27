"""Ask for a refresh of the catalogue, and notice when it has grown old."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from shop.catalog.models import CatalogRun
from shop.core import clock
from shop.core.durable import WorkState
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.settings import current_settings
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.tenancy.profile import current_profile

GOOD_OUTCOMES = ("completed", "needs_approval", "approved", "rejected")
TRIES_BEFORE_LETTER = 3
OLD = timedelta(hours=24)
AFTER_PARKED = timedelta(hours=24)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/catalog_runs', 0))")


def request_refresh(session: Session, cause: str) -> int:
    """The id of the open run: the one that is under way (made due at once if it was waiting), or a new one.

    cause: ttl | hook | button | command. The caller commits; the kick leaves then.
    """
    session.execute(_LOCK)
    is_open = CatalogRun.work_state.in_((WorkState.DUE, WorkState.WORKING))
    open_run = session.execute(select(CatalogRun.id, CatalogRun.work_state).where(is_open)).first()
    enqueue_after_commit(session, JobName.REFRESH_CATALOG)
    if open_run is None:
        run = CatalogRun(cause=cause, started_at=clock.now())
        session.add(run)
        session.flush()
        return run.id
    if open_run.work_state == WorkState.DUE:
        session.execute(update(CatalogRun).where(CatalogRun.id == open_run.id).values(due_at=clock.now()))
    return int(open_run.id)


def request_when_old() -> int | None:
    """Periodic: request a refresh once the TTL has passed. Returns the run's id, or None when nothing is to do."""
    config = current_settings()
    if not config.printify_api_token:
        return None
    with transaction() as session:
        last = session.execute(
            select(CatalogRun.work_state, CatalogRun.error_at).order_by(CatalogRun.id.desc()).limit(1)
        ).first()
        if last and last.work_state in (WorkState.DUE, WorkState.WORKING):
            return None  # it looks after itself
        if last and last.work_state == WorkState.PARKED and clock.now() - (last.error_at or clock.now()) < AFTER_PARKED:
            return None  # a person was told; asking again would only tell them again
        good = last_good_refresh(session)
        if good and clock.now() - good < timedelta(minutes=config.catalog_ttl_minutes):
            return None
        return request_refresh(session, cause="ttl")


def last_good_refresh(session: Session) -> datetime | None:
    """When the last refresh that read the catalogue ended; None before the first one."""
    return session.execute(
        select(func.max(CatalogRun.finished_at)).where(CatalogRun.outcome.in_(GOOD_OUTCOMES))
    ).scalar()


def tell_if_stale(session: Session, tries: int, why: str) -> bool:
    """Ask for the merchant's letter after three failed tries, or when the cache is a day old; one letter a day."""
    good = last_good_refresh(session)
    age = clock.now() - good if good else None
    if tries < TRIES_BEFORE_LETTER and not (age and age > OLD):
        return False
    config = current_settings()
    return request_letter(
        session,
        letter="catalog_stale",
        subject_key=f"catalog:{clock.now():%Y-%m-%d}",
        to_email=current_profile().merchant_email,
        facts={
            "age": _in_words(age) if age else "some time",
            "since": f"{good:%Y-%m-%d %H:%M} UTC" if good else "never",
            "why": why[:300],
            "url": config.public_url.rstrip("/") + "/admin/catalog",
        },
    )


def _in_words(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return f"{max(int(age.total_seconds() // 60), 1)} minutes"
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"
