"""One kind of thing of one connection is kept in step: read → plan → (a person looks) → apply → done.

Reading and writing alternate: no transaction is open while the platform is asked, and memory holds one page. A run goes
on where it stopped, whoever stopped it. What it replaced is kept in its steps (workflows/undo_sync.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shop.channels.connector import Page
from shop.channels.planning import FEW, MOST_REMOVED
from shop.channels.syncing.books import book_of
from shop.channels.syncing.models import ChannelLink, ParkedRecord, SyncRun, SyncStep
from shop.channels.syncing.parking import list_parked_ids
from shop.channels.syncing.plan_pairs import Way, list_unseen, plan_gone, plan_ours, plan_records
from shop.channels.syncing.settings import find_setting
from shop.channels.syncing.step_ends import go_to, note
from shop.core import clock, durable, log
from shop.core.durable import Claim
from shop.core.transaction import transaction
from shop.errors import Misunderstood, NeedsReconnect, OutsideError, Unavailable
from shop.extensions import db
from shop.workflows.apply_sync import apply_steps
from shop.workflows.open_sync_run import NotInService, open_run
from shop.workflows.undo_sync import plan_undo

LEASE_SECONDS = 300
OURS_AT_ONCE = 200

logger = log.get_logger("channels")
Stop = Callable[[], bool]


def run(held: Claim, must_stop: Stop = lambda: False) -> None:
    """Bring a claimed run as far as it goes (jobs/channels.py). Raises OutsideError: it is tried again, or parked."""
    try:
        while True:
            stage = _stage_of(held)
            if must_stop():
                with transaction() as session:
                    durable.give_back(session, SyncRun, [held])
                return
            if stage == "read":
                _read_page(held)
            elif stage == "again":
                _read_parked(held)
            elif stage == "plan":
                _plan_batch(held)
            elif stage == "undo":
                plan_undo(held)
            elif stage == "apply":
                if apply_steps(held, must_stop):
                    _finish(held)
            else:
                return
    except (NeedsReconnect, NotInService) as error:  # the merchant was told; the next run begins where this one did
        _close(held, error.user_message)
    except Misunderstood as error:  # garbage often passes; reading again harms nothing
        raise Unavailable(error.user_message, service=error.service, detail=error.detail) from error


def _close(held: Claim, why: str) -> None:
    db.session.rollback()
    with transaction() as session:
        durable.finish(
            session,
            SyncRun,
            held,
            outcome="failed",
            ended_at=clock.now(),
            errors=[{"subject": "", "why": why[:500]}],
        )
        session.execute(
            update(SyncStep)
            .where(SyncStep.run_id == held.id, SyncStep.state == "planned")
            .values(state="rejected", error=why[:2000])
            .execution_options(synchronize_session=False)
        )
    logger.info("sync closed", run=held.id, why=why)


def run_now(run_id: int) -> str:
    """Do this run in this process (a command, a hook); the outcome. Returns at once where a worker has it."""
    with transaction() as session:
        held = durable.claim_one(session, SyncRun, run_id, LEASE_SECONDS)
    if held is not None:
        try:
            run(held)
        except OutsideError as error:
            with transaction() as session:
                durable.postpone(session, SyncRun, held, why=str(error), until=getattr(error, "retry_at", None))
            raise
    with transaction() as session:
        return str(session.execute(select(SyncRun.outcome).where(SyncRun.id == run_id)).scalar_one())


def _stage_of(held: Claim) -> str:
    with transaction() as session:
        durable.renew(session, SyncRun, [held], LEASE_SECONDS)
        row = session.execute(select(SyncRun.stage, SyncRun.work_state).where(SyncRun.id == held.id)).one()
        return str(row.stage) if row.work_state == "working" else "over"


def _read_page(held: Claim) -> None:
    """One page of theirs: asked for outside, planned and remembered inside one transaction."""
    row, way, connector = open_run(held.id)
    page: Page[Any] = way.book.puller(connector)(row.since, row.cursor)
    if page.cursor and page.cursor == row.cursor and not page.is_last:
        raise Unavailable("They told the same page twice.", service=way.terms.channel, detail=f"cursor {page.cursor}")
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        tally = plan_records(session, way, page.records)
        note(session, held.id, tally, read=SyncRun.read + len(page.records), cursor=page.cursor)
        if page.is_last:
            go_to(session, held.id, "again", is_whole=True)


def _read_parked(held: Claim) -> None:
    """What could not be read or written before is asked for once more, one by one."""
    row, way, connector = open_run(held.id)
    with transaction() as session:
        ids = list_parked_ids(session, way.connection_id, way.book.entity)
        met = _met(session, way, row.started_at, ids)
    for external_id in ids:
        if external_id in met:
            continue
        try:
            record = way.book.get(connector, external_id)
        except OutsideError as error:
            logger.info("parked record not read", external_id=external_id, why=str(error))
            continue
        if record is not None:
            with transaction() as session:
                durable.hold(session, SyncRun, held)
                note(session, held.id, plan_records(session, way, [record]))
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        go_to(session, held.id, "plan")


def _met(session: Session, way: Way, at: datetime, ids: list[str]) -> set[str]:
    """Those that this run has met already: planned, or parked anew."""
    parked = select(ParkedRecord.external_id).where(
        ParkedRecord.connection_id == way.connection_id,
        ParkedRecord.entity == way.book.entity,
        ParkedRecord.external_id.in_(ids),
        ParkedRecord.last_at >= at,
    )
    planned = select(SyncStep.external_id).where(SyncStep.run_id == way.run_id, SyncStep.external_id.in_(ids))
    return set(session.execute(parked).scalars()) | set(session.execute(planned).scalars())


def _plan_batch(held: Claim) -> None:
    """A batch of ours; after the last one: what is gone there, the brake, and whether a person must look."""
    row, way, _ = open_run(held.id)
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        ids: list[int] = []
        if way.direction.writes and way.book.can_write(way.terms.channel):
            ids = way.book.list_ids(session, way.terms, row.position, OURS_AT_ONCE, row.mode == "full")
        if ids:
            note(session, held.id, plan_ours(session, way, ids), position=ids[-1])
            return
        _end_planning(session, held, row, way)


def _end_planning(session: Session, held: Claim, row: SyncRun, way: Way) -> None:
    why, gone = "", 0
    if row.mode == "full" and row.is_whole:
        unseen = list_unseen(session, way)
        if unseen and row.read == 0:
            why = f"They told of no {way.book.plural} at all. Nothing is taken for gone."
        elif unseen:
            names = {i: o.name for i, o in way.book.read(session, [u.our_id for u in unseen]).items()}
            gone = plan_gone(session, way, unseen, names)
            why = _brake(session, way, gone)
    elif not row.is_whole:
        raise AssertionError("planned before all was read")
    waits = bool(why) or row.must_review
    planned = session.execute(
        select(func.count()).where(SyncStep.run_id == held.id, SyncStep.state == "planned", SyncStep.step != "ask")
    ).scalar_one()
    if not waits or not planned:
        go_to(session, held.id, "apply")
        return
    values = {"stage": "apply", "outcome": "waiting", "wait_why": why or "This connection's plans wait for a look."}
    durable.finish(session, SyncRun, held, **values)


def _brake(session: Session, way: Way, gone: int) -> str:
    """More than 5 % gone at once is more often a fault than a wish (planning.py)."""
    known = session.execute(
        select(func.count()).where(
            ChannelLink.connection_id == way.connection_id, ChannelLink.entity == way.book.entity, ~ChannelLink.is_gone
        )
    ).scalar_one()
    if gone > max(1 if known <= FEW else 0, int(known * MOST_REMOVED)):
        return f"{gone} of {known} {way.book.plural} are not there any more. Look at it before it is applied."
    return ""


def _finish(held: Claim) -> None:
    with transaction() as session:
        row = session.execute(select(SyncRun).where(SyncRun.id == held.id)).scalar_one()
        setting = find_setting(session, row.connection_id, row.entity, to_change=True)
        if row.mode in ("full", "incremental"):
            newest = session.execute(
                select(func.max(ChannelLink.theirs_at)).where(
                    ChannelLink.connection_id == row.connection_id, ChannelLink.entity == book_of(row.entity).entity
                )
            ).scalar()
            setting.watermark = max(filter(None, (setting.watermark, newest)), default=None)
            if row.mode == "full":
                setting.last_full_at = row.started_at
        outcome = "partial" if row.failed else "completed"
        if row.undo_of is not None:
            session.execute(update(SyncRun).where(SyncRun.id == row.undo_of).values(outcome="undone"))
        durable.finish(session, SyncRun, held, stage="done", outcome=outcome, ended_at=clock.now())
    logger.info("sync ended", run=held.id, outcome=outcome)
