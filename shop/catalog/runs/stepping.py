"""A run goes through its products: a stage is begun, done here or by the worker, and kept safe by its lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from shop.catalog.bulk import as_json, lock_catalog
from shop.catalog.runs.keeping import add_items, count_items, open_run, recount
from shop.catalog.runs.models import ChangeRun
from shop.catalog.runs.settling import Item, settle
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit

PRODUCTS_AT_ONCE = 100
LEASE_SECONDS = 120
#: changes that are written while the merchant waits; more are the worker's
AT_ONCE = 600
#: stage → the one after it
AFTER = {"check": "checked", "apply": "applied", "undo": "undone"}


def record_run(
    session: Session, kind: str, title: str, who: str, items: Sequence[Item], **columns: Any
) -> tuple[int, bool]:
    """(the run's id, whether it is done): changes that were looked at, written now or by the worker."""
    run = open_run(session, kind, title, who, "apply", **columns)
    add_items(session, run.id, items)
    return run.id, begin(session, run, "apply")


def begin(session: Session, run: ChangeRun, stage: str) -> bool:
    """Start a stage: small runs are done here, in the caller's transaction; True when it is done. Others are left to
    the worker."""
    undo = stage == "undo"
    state = "done" if undo else "planned"
    total = count_items(session, run.id, state)
    if total > AT_ONCE:
        make_due(session, run.id, stage, total)
        enqueue_after_commit(session, JobName.RUN_CHANGES)
        return False
    while go_on(session, run.id, clock.now(), undo=undo):
        pass
    recount(session, run.id)
    session.execute(
        update(ChangeRun)
        .where(ChangeRun.id == run.id)
        .values(stage=AFTER[stage], total=total, progress=total, finished_at=clock.now(), work_state="done")
        .execution_options(synchronize_session=False)
    )
    return True


def make_due(session: Session, run_id: int, stage: str, total: int) -> None:
    """The worker brings the run through this stage. The caller commits and kicks."""
    now = clock.now()
    session.execute(_ANALYZE)  # thousands of rows came just now: without figures the planner walks all of them
    session.execute(
        update(ChangeRun)
        .where(ChangeRun.id == run_id)
        .values(
            stage=stage, total=total, progress=0, began_at=now, work_state="due", due_at=now, attempts=0,
            error_kind=None, error_text=None, finished_at=None,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def go_on(session: Session, run_id: int, at: datetime, *, undo: bool = False) -> int:
    """The next products of a run, in the caller's transaction. Returns how many items were settled; 0: all are.

    A crash before the commit leaves the items as they were, so that a repeat neither doubles nor loses one.
    """
    lock_catalog(session)
    which = {"run": run_id, "state": "done" if undo else "planned"}
    ids = list(session.execute(_NEXT_PRODUCTS, {**which, "most": PRODUCTS_AT_ONCE}).scalars())
    if not ids:
        return 0
    items = [Item(*row) for row in session.execute(_NEXT, {**which, "first": ids[0], "last": ids[-1]})]
    settle(session, items, at, undo=undo)
    write_outcomes(session, items)
    session.execute(
        update(ChangeRun)
        .where(ChangeRun.id == run_id)
        .values(progress=ChangeRun.progress + len(items))
        .execution_options(synchronize_session=False)
    )
    return len(items)


def keep(session: Session, held: Claim) -> None:
    """Check the fence, lock the row, and keep the lease."""
    durable.hold(session, ChangeRun, held)
    session.execute(
        update(ChangeRun)
        .where(ChangeRun.id == held.id)
        .values(lease_until=clock.now() + timedelta(seconds=LEASE_SECONDS))
        .execution_options(synchronize_session=False)
    )


def write_outcomes(session: Session, items: Sequence[Item]) -> None:
    rows = [{"id": i.id, "state": i.state, "reason": i.reason[:400], "was_own": i.was_own} for i in items]
    session.execute(_OUTCOMES, {"rows": as_json(rows)})


_ANALYZE = text("ANALYZE change_items")
_NEXT_PRODUCTS = text("""
    SELECT DISTINCT product_id FROM change_items
     WHERE run_id = :run AND state = :state ORDER BY product_id LIMIT :most""")
_NEXT = text("""
    SELECT id, product_id, subject_id, field, before, after, line, was_own FROM change_items
     WHERE run_id = :run AND state = :state AND product_id BETWEEN :first AND :last ORDER BY product_id, id""")
_OUTCOMES = text("""
    UPDATE change_items i SET state = n.state, reason = n.reason, was_own = n.was_own
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, state text, reason text, was_own boolean)
     WHERE i.id = n.id""")
