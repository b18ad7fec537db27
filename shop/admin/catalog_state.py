"""How old the catalogue is, and what its last refreshes did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.catalog.models import CatalogRun, PrintifyCache

#: a run that is still going on
GOING_ON = ("due", "working")


def cache_age(session: Session) -> datetime | None:
    """When the catalogue was last read whole; None before the first time."""
    finished = session.execute(
        select(CatalogRun.finished_at)
        .where(CatalogRun.outcome.in_(["completed", "approved", "rejected", "needs_approval"]))
        .order_by(CatalogRun.id.desc())
        .limit(1)
    ).scalar()
    if finished is not None:
        return finished
    return session.execute(select(func.max(PrintifyCache.fetched_at)).where(PrintifyCache.kind == "product")).scalar()


def last_runs(session: Session, limit: int = 5) -> list[CatalogRun]:
    return list(session.execute(select(CatalogRun).order_by(CatalogRun.id.desc()).limit(limit)).scalars())


def run_to_decide(session: Session) -> CatalogRun | None:
    """The newest run, when it waits for a yes or a no."""
    newest = session.execute(select(CatalogRun).order_by(CatalogRun.id.desc()).limit(1)).scalar()
    return newest if newest is not None and newest.outcome == "needs_approval" else None
