"""What a run did, taken back step by step, the newest first. What was changed since stays as it is.

Each step that was done gets its opposite in the new run; apply_sync.py does them with the same care: both sides are
looked at before anything is written.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.channels.syncing.models import SyncRun, SyncStep
from shop.channels.syncing.step_ends import go_to
from shop.core import durable
from shop.core.durable import Claim
from shop.core.transaction import transaction

AT_ONCE = 200


def plan_undo(held: Claim) -> None:
    """A batch of opposites; then on to applying them. A repeat goes on behind the last one."""
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        row = session.execute(select(SyncRun).where(SyncRun.id == held.id)).scalar_one()
        query = select(SyncStep).where(
            SyncStep.run_id == row.undo_of, SyncStep.state == "done", SyncStep.step != "skip"
        )
        if row.position:
            query = query.where(SyncStep.id < row.position)
        steps = list(session.execute(query.order_by(SyncStep.id.desc()).limit(AT_ONCE)).scalars())
        if not steps:
            go_to(session, held.id, "apply")
            return
        for step in steps:
            opposite = opposite_of(step, held.id)
            if opposite is not None:
                session.add(opposite)
                step.state = "undone"
        go_to(session, held.id, "undo", position=steps[-1].id)
        _count(session, held.id, len(steps))


def opposite_of(step: SyncStep, run_id: int) -> SyncStep | None:
    """None: it wrote nothing."""
    if step.step == "create" and step.our_id is not None and step.external_id:
        return _opposite(step, run_id, "archive", step.side, "It was made by that run", fields={})
    if step.step == "archive" and step.side == "ours" and step.replaced.get("ours", {}).get("status"):
        before = {"status": step.replaced["ours"]["status"]}
        return _opposite(step, run_id, "change", "ours", "It was archived by that run", to_ours=before)
    if step.step != "change":
        return None
    to_ours = {n: step.replaced["ours"][n] for n in step.to_ours if n in step.replaced.get("ours", {})}
    to_theirs = {n: step.replaced["theirs"][n] for n in step.to_theirs if n in step.replaced.get("theirs", {})}
    if not (to_ours or to_theirs):
        return None
    side = "both" if to_ours and to_theirs else "ours" if to_ours else "theirs"
    return _opposite(step, run_id, "change", side, "As it was before that run", to_ours=to_ours, to_theirs=to_theirs)


def _opposite(
    step: SyncStep, run_id: int, kind: str, side: str, why: str, *,
    to_ours: dict[str, object] | None = None, to_theirs: dict[str, object] | None = None,
    fields: dict[str, object] | None = None,
) -> SyncStep:  # fmt: skip
    names = sorted({*(to_ours or {}), *(to_theirs or {})})
    undo = {"fields": names if fields is None else fields, "ours": step.base.get("ours", {}),
            "theirs": step.base.get("theirs", {})}  # fmt: skip
    return SyncStep(
        run_id=run_id,
        step=kind,
        side=side,
        subject=step.subject,
        why=why,
        our_id=step.our_id,
        external_id=step.external_id,
        to_ours=to_ours or {},
        to_theirs=to_theirs or {},
        base={"undo": undo},
        replaced={
            "ours": {n: step.to_ours[n] for n in (to_ours or {}) if n in step.to_ours},
            "theirs": {n: step.to_theirs[n] for n in (to_theirs or {}) if n in step.to_theirs},
        },
    )


def _count(session: Session, run_id: int, count: int) -> None:
    session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id)
        .values(processed=SyncRun.processed + count)
        .execution_options(synchronize_session=False)
    )
