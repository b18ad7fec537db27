"""Products come and go by the clock: what was to be on sale from a moment on is put there, and taken off at another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from shop.catalog.bulk import lock_catalog
from shop.catalog.models import Product
from shop.catalog.runs.looking import Now
from shop.catalog.runs.writing import Write, write
from shop.catalog.taking_back import told_statuses
from shop.core import clock, log
from shop.core.transaction import transaction

logger = log.get_logger("catalog")
AT_ONCE = 200


def run() -> int:
    """Periodic: whatever is due now. Returns how many products changed; a repeat changes nothing more."""
    changed = 0
    while True:
        at = clock.now()
        with transaction() as session:
            due = select(Product.id).where(or_(Product.publish_at <= at, Product.hide_at <= at)).limit(AT_ONCE)
            ids = list(session.execute(due).scalars())
            if not ids:
                return changed
            lock_catalog(session)
            columns = (Product.id, Product.status, Product.publish_at, Product.hide_at, Product.source_hash)
            rows = session.execute(select(*columns, Product.external_id).where(Product.id.in_(ids))).all()
            told = told_statuses(session, ids)
            write(session, [w for row in rows for w in _writes(row, told.get(row.id), at)], Now(), at)
        changed += len(ids)
        logger.info("products came or went by the clock", products=len(ids))


def _writes(row: Any, told: str | None, at: datetime) -> list[Write]:
    """The later of two moments that have both passed decides."""
    writes, wanted = [], row.status
    moments = [(row.publish_at, "active"), (row.hide_at, "draft")]
    for _, status in sorted((moment, status) for moment, status in moments if moment is not None and moment <= at):
        wanted = status
        writes.append(Write("publish_at" if status == "active" else "hide_at", row.id, 0, None, True))
    is_gone = row.external_id is not None and row.source_hash == ""  # at Printify: it cannot be sold
    if wanted != row.status and not (wanted == "active" and is_gone):
        writes.append(Write("status", row.id, 0, wanted, told != wanted))
    return writes
