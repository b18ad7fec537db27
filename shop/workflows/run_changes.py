"""A run of changes goes from stage to stage: a file is read and compared, changes are written, or taken back.

Everything a run does is written product by product, in short transactions that check the fence; a worker that dies
leaves a run that the next one goes on with, nothing doubled and nothing lost.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from shop.catalog.runs import keeping
from shop.catalog.runs.models import ChangeItem, ChangeRun
from shop.catalog.runs.stepping import AFTER, LEASE_SECONDS, begin, go_on, keep
from shop.core import clock, durable, log
from shop.core.durable import Claim
from shop.core.transaction import transaction
from shop.errors import Conflict, NotFound
from shop.workflows.check_sheet import check_sheet

__all__ = ["LEASE_SECONDS", "run", "undo"]

logger = log.get_logger("catalog")
Stop = Callable[[], bool]


def run(held: Claim, must_stop: Stop = lambda: False) -> None:
    """Bring a claimed run to the end of its stage (jobs/catalog.py). Raises LostLease when another worker has it."""
    with transaction() as session:
        stage = session.execute(select(ChangeRun.stage).where(ChangeRun.id == held.id)).scalar_one()
    if stage == "check":
        check_sheet(held)
        return
    undo = stage == "undo"
    while True:
        with transaction() as session:
            keep(session, held)
            settled = go_on(session, held.id, clock.now(), undo=undo)
            if not settled:
                keeping.recount(session, held.id)
                durable.finish(session, ChangeRun, held, stage=AFTER[stage])
        if not settled:
            logger.info("changes made", run=held.id, stage=stage)
            return
        if must_stop():
            with transaction() as session:
                durable.give_back(session, ChangeRun, [held])
            return


def undo(run_id: int) -> bool:
    """Take a run back; True when that is done already, False while the worker does it. Raises Conflict, NotFound."""
    with transaction() as session:
        found = keeping.find_run(session, run_id, to_change=True)
        if found is None:
            raise NotFound("There is no such change.")
        if found.stage in ("undo", "undone"):
            raise Conflict("This was undone already.")
        if found.stage not in ("applied", "apply") or found.work_state != "done":
            raise Conflict("This is not finished, so there is nothing to undo yet.")
        if not session.execute(select(ChangeItem.id).where(ChangeItem.run_id == run_id).limit(1)).first():
            raise Conflict("What it replaced is no longer known: changes can be undone for 90 days.")
        return begin(session, found, "undo")
