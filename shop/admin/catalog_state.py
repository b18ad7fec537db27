"""How old the catalogue is, and what its last refreshes did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.catalog.models import CatalogRun
from shop.workflows.request_refresh import last_good_refresh

#: a run that is still going on
GOING_ON = ("due", "working")


def cache_age(session: Session) -> datetime | None:
    """When the catalogue was last read whole; None before the first time."""
    return last_good_refresh(session)


def last_runs(session: Session, limit: int = 5) -> list[CatalogRun]:
    return list(session.execute(select(CatalogRun).order_by(CatalogRun.id.desc()).limit(limit)).scalars())


def run_to_decide(session: Session) -> CatalogRun | None:
    """The newest run, when it waits for a yes or a no."""
    newest = session.execute(select(CatalogRun).order_by(CatalogRun.id.desc()).limit(1)).scalar()
    return newest if newest is not None and newest.outcome == "needs_approval" else None
