"""The catalogue is read anew from Printify: pages → cache → plan → changes → removals (with a brake) → shipping.

Reading and writing alternate: no transaction is open while Printify is asked, and memory holds one page. Whatever
fails, the shop goes on selling what it has; the run's row tells why and is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from config import Config
from shop.catalog.applying import archive
from shop.catalog.importing import Counts, apply_pending, import_page, is_first_import, list_gone
from shop.catalog.models import CatalogRun
from shop.catalog.planning import Listing, Removals, plan_removals
from shop.catalog.reading_printify import has_listing, wants_publish_answer
from shop.core import clock, durable, log
from shop.core.durable import Claim, LostLease, WorkState
from shop.core.transaction import transaction
from shop.errors import Misunderstood, NotFound, OutsideError, Unavailable
from shop.extensions import db
from shop.fulfilment.printify.client import PrintifyClient, printify_client
from shop.tenancy.profile import touch_catalog
from shop.workflows.learn_blanks import learn_blanks, learn_shipping
from shop.workflows.publish_answers import answer_publishing
from shop.workflows.refresh_product import forget_product, refresh_product
from shop.workflows.request_refresh import request_refresh, request_when_old, tell_if_stale

__all__ = [
    "approve_run", "forget_product", "refresh_product", "reject_run", "request_refresh", "request_when_old", "run",
    "run_refresh",
]  # fmt: skip

Progress = Callable[[int, int], None]
LEASE_SECONDS = 300
BUDGET_WAIT_SECONDS = 70.0  # a whole window of Printify's budget
ARCHIVE_BATCH = 200
MOST_NAMED = 200
logger = log.get_logger("catalog")


@dataclass
class _Run:
    """A refresh under way."""

    held: Claim
    client: PrintifyClient
    started: datetime
    progress: Progress | None
    listing: Listing = field(default_factory=Listing)
    counts: Counts = field(default_factory=Counts)
    unanswered: dict[str, bool] = field(default_factory=dict)  # outside id → is it locked?


def run(held: Claim, progress: Progress | None = None) -> str:
    """Do a claimed run (jobs/catalog.py). Returns a summary. Raises OutsideError: the row is then tried again."""
    try:
        this = _start(held, progress)
        _read_pages(this)
        removals = _write(this)
        learn_shipping(this.client, this.started, lambda: _note(this))
        answer_publishing(this.client, this.unanswered, set(this.counts.created_ids))
        return _finish(this, removals)
    except OutsideError as error:
        db.session.rollback()
        _record_failure(held, error)
        if isinstance(error, Misunderstood):  # reading again harms nothing, and garbage often passes
            raise Unavailable(error.user_message, service=error.service, detail=error.detail) from error
        raise


def run_refresh(run_id: int, progress: Progress | None = None) -> str:
    """Do this run now, or follow it when a worker has it already. `progress(pages done, pages in all)`.

    Returns a summary. Raises OutsideError when Printify could not be read (the row stays due).
    """
    told = None
    while told is None:
        with transaction() as session:
            held = durable.claim_one(session, CatalogRun, run_id, LEASE_SECONDS)
        told = _run_here(held, progress) if held else _look_on(run_id, progress)
    return told


def approve_run(run_id: int) -> int:
    """Archive what a run found gone and stopped at; what has been seen again since stays. Returns how many went."""
    with transaction() as session:
        row = _waiting(session, run_id)
        gone = [g.product_id for g in list_gone(session, row.started_at) if not g.is_archived]
        archived = archive(session, gone, clock.now())
        session.execute(
            update(CatalogRun)
            .where(CatalogRun.id == run_id)
            .values(outcome="approved", archived_count=CatalogRun.archived_count + len(archived))
        )
        touch_catalog(session)
        return len(archived)


def reject_run(run_id: int) -> None:
    """Keep what a run found gone. The next refresh asks again if it is still gone."""
    with transaction() as session:
        _waiting(session, run_id)
        session.execute(update(CatalogRun).where(CatalogRun.id == run_id).values(outcome="rejected"))


def _waiting(session: Session, run_id: int) -> Any:
    asked = select(CatalogRun.id, CatalogRun.outcome, CatalogRun.started_at).where(CatalogRun.id == run_id)
    row = session.execute(asked.with_for_update()).first()
    if row is None or row.outcome != "needs_approval":
        raise NotFound("This refresh waits for no decision.")
    return row


def _start(held: Claim, progress: Progress | None) -> _Run:
    started = clock.now()
    with transaction() as session:
        durable.hold(session, CatalogRun, held)
        session.execute(
            update(CatalogRun)
            .where(CatalogRun.id == held.id)
            .values(outcome="running", started_at=started, pages_done=0, pages_total=0)
        )
    return _Run(held, printify_client(max_wait=BUDGET_WAIT_SECONDS), started, progress)


def _read_pages(this: _Run) -> None:
    """Every page into the cache; what is known already is written on the way."""
    config: Config = current_app.config["IMPRINT"]
    ttl = config.catalog_ttl_minutes * 60
    with transaction() as session:
        first = is_first_import(session)
    learnt: set[int] = set()
    for page in this.client.iter_products():
        learn_blanks(this.client, page.items, learnt, this.started)
        seen = import_page(page.items, this.started, ttl, this.counts, first)
        this.listing.add_page(page.number, page.last_page, page.total, page.per_page, seen, len(page.items))
        for payload in page.items:
            if wants_publish_answer(payload) or not has_listing(payload):
                this.unanswered[str(payload.get("id"))] = wants_publish_answer(payload)
        _note(this)


def _write(this: _Run) -> Removals:
    """What could not be written page by page: new products (old ones made again, perhaps) and removals."""
    config: Config = current_app.config["IMPRINT"]
    incomplete = this.listing.incomplete
    with transaction() as session:
        gone = list_gone(session, this.started, archived_only=bool(incomplete))
    apply_pending(this.started, this.counts, lambda done, total: _note(this), gone)
    with transaction() as session:
        still_gone = [g for g in list_gone(session, this.started) if not g.is_archived]
        active = session.execute(
            text("SELECT count(*) FROM products WHERE status <> 'archived' AND external_id IS NOT NULL")
        ).scalar_one()
    removals = plan_removals(still_gone, active, incomplete, config.catalog_removal_brake_percent)
    for start in range(0, len(removals.archive), ARCHIVE_BATCH):
        with transaction() as session:
            durable.hold(session, CatalogRun, this.held)
            archive(session, [g.product_id for g in removals.archive[start : start + ARCHIVE_BATCH]], clock.now())
            touch_catalog(session)
    return removals


def _note(this: _Run) -> None:
    """Write the progress down and keep the lease. Raises LostLease when somebody else has taken over."""
    done, total = this.listing.pages, this.listing.last_page or 0
    with transaction() as session:
        result = session.execute(
            update(CatalogRun)
            .where(CatalogRun.id == this.held.id, CatalogRun.fence == this.held.fence)
            .values(
                pages_done=done,
                pages_total=total,
                lease_until=clock.now() + timedelta(seconds=LEASE_SECONDS),
                created_count=this.counts.created,
                changed_count=this.counts.changed,
                unchanged_count=this.counts.unchanged,
            )
        )
        if not result.rowcount:  # type: ignore[attr-defined]
            raise LostLease("another worker refreshes the catalogue")
    if this.progress:
        this.progress(done, max(total, done))


def _finish(this: _Run, removals: Removals) -> str:
    counts = this.counts
    named = [
        {"external_id": g.external_id, "title": g.title[:120], "reason": "gone at Printify"}
        for g in (*removals.archive, *removals.ask)[:MOST_NAMED]
    ]
    plan = {
        **{kind: counts.entries.get(kind, []) for kind in ("create", "change", "skip")},
        "archive": named,
        "archive_count": len(removals.archive) + len(removals.ask),
        "skip_count": counts.skipped,
        "note": removals.note,
    }
    outcome = "needs_approval" if removals.ask else "completed"
    with transaction() as session:
        durable.finish(
            session,
            CatalogRun,
            this.held,
            outcome=outcome,
            created_count=counts.created,
            changed_count=counts.changed,
            archived_count=len(removals.archive),
            unchanged_count=counts.unchanged,
            plan=plan,
        )
        # what an earlier run was parked for is over; older questions are answered by this newer look
        session.execute(
            update(CatalogRun)
            .where(CatalogRun.id < this.held.id, CatalogRun.work_state == WorkState.PARKED)
            .values(work_state=WorkState.DONE)
        )
        session.execute(
            update(CatalogRun)
            .where(CatalogRun.id < this.held.id, CatalogRun.outcome == "needs_approval")
            .values(outcome="rejected")
        )
    return _summary(counts, removals)


def _summary(counts: Counts, removals: Removals) -> str:
    said = (
        f"{counts.created} created, {counts.changed} changed, {counts.unchanged} unchanged, "
        f"{len(removals.archive)} archived, {counts.skipped} left as they were"
    )
    return f"{said}. {removals.note}" if removals.note else said


def _record_failure(held: Claim, error: OutsideError) -> None:
    """The story of the failed try; the letter when it goes on for long. The lease is kept for the next step."""
    with transaction() as session:
        durable.hold(session, CatalogRun, held)
        session.execute(update(CatalogRun).where(CatalogRun.id == held.id).values(outcome="failed"))
        tell_if_stale(session, held.attempts, str(error))
    logger.warning("refresh failed", why=str(error), attempt=held.attempts)


def _run_here(held: Claim, progress: Progress | None) -> str:
    try:
        return run(held, progress)
    except OutsideError as error:
        with transaction() as session:
            durable.postpone(session, CatalogRun, held, why=str(error), kind=error.kind)
        raise


def _look_on(run_id: int, progress: Progress | None) -> str | None:
    """One look at a run that a worker has: its summary when it is done, else None after a moment."""
    with transaction() as session:
        row = session.get_one(CatalogRun, run_id, populate_existing=True)
        session.expunge(row)
    if progress and row.pages_total:
        progress(row.pages_done, row.pages_total)
    if row.work_state == WorkState.DONE:
        return (
            f"{row.created_count} created, {row.changed_count} changed, {row.unchanged_count} unchanged, "
            f"{row.archived_count} archived. {row.plan.get('note', '')}".strip()
        )
    if row.outcome == "failed" and row.work_state != WorkState.WORKING:
        raise Unavailable(detail=row.error_text or "the refresh failed", service="printify")
    time.sleep(0.5)
    return None
