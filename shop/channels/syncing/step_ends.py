"""How steps end, and what that adds to the counts of their run. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.channels.syncing.models import SyncRun, SyncStep
from shop.channels.syncing.plan_pairs import Tally
from shop.core import clock

MOST_ERRORS_TOLD = 100


def finish_steps(
    session: Session, run_id: int, steps: Sequence[tuple[int, int | None, dict[str, Any] | None]], *,
    created: int = 0, changed: int = 0, archived: int = 0, external_id: str = "", told: str = "",
) -> None:  # fmt: skip
    """(step id, our id, what it replaced); None: as it was planned."""
    for step_id, our_id, replaced in steps:
        values: dict[str, Any] = {"state": "done", "our_id": our_id, "done_at": clock.now(), "error": told}
        if replaced is not None:
            values["replaced"] = replaced
        if external_id:
            values["external_id"] = external_id
        session.execute(update(SyncStep).where(SyncStep.id == step_id).values(**values))
    session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id)
        .values(
            created=SyncRun.created + created, changed=SyncRun.changed + changed, archived=SyncRun.archived + archived
        )
    )


def leave_step(session: Session, step: SyncStep, state: str, why: str) -> None:
    values = {"state": state, "error": why[:2000], "done_at": clock.now()}
    session.execute(update(SyncStep).where(SyncStep.id == step.id).values(**values))
    if state == "failed":
        tally = Tally()
        tally.fail(step.subject, why)
        note(session, step.run_id, tally)


def note(session: Session, run_id: int, tally: Tally, **values: Any) -> None:
    """Add what was found to the run's counts."""
    row = session.execute(select(SyncRun.errors).where(SyncRun.id == run_id)).one()
    if tally.errors:
        values["errors"] = [*row.errors, *tally.errors][:MOST_ERRORS_TOLD]
    session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id)
        .values(
            processed=SyncRun.processed + tally.processed,
            unchanged=SyncRun.unchanged + tally.unchanged,
            asked=SyncRun.asked + tally.asked,
            failed=SyncRun.failed + tally.failed,
            **values,
        )
        .execution_options(synchronize_session=False)
    )


def go_to(session: Session, run_id: int, stage: str, **values: Any) -> None:
    session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id)
        .values(stage=stage, **values)
        .execution_options(synchronize_session=False)
    )
