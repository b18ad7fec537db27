"""The steps of a run are done, each once: batches on our side, one by one on theirs.

Right before a write both sides are looked at again: what is as wanted already costs no write, what changed meanwhile is
compared anew, so that nobody's edit is lost. Every step keeps what it replaced. A step that fails fails alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shop.channels.connector import Connector
from shop.channels.syncing.book import Ours, Pushed
from shop.channels.syncing.linking import agree, link, links_by_ours, links_by_theirs, parts_of
from shop.channels.syncing.models import ChannelLink, SyncRun, SyncStep
from shop.channels.syncing.plan_pairs import Tally, Way, end_links, plan_pair
from shop.channels.syncing.product_book import link_parts
from shop.channels.syncing.step_ends import finish_steps, leave_step
from shop.core import durable, log
from shop.core.durable import Claim, LostLease
from shop.core.transaction import transaction
from shop.errors import NeedsReconnect, OutsideError, RateLimited, ShopError, Unavailable
from shop.extensions import db
from shop.workflows.apply_sync_here import (
    agree_after,
    change_here,
    create_here,
    do_here,
    fail_step,
    left_to_do,
    link_new_parts,
    touch_links,
)
from shop.workflows.open_sync_run import open_run

AT_ONCE = 100
TRIES = 3
SILENCES = 5  # calls without an answer, one after the other: the platform is away, the run waits
MOST_ANEW = 3  # times that a thing is compared anew within one run

logger = log.get_logger("channels")
Stop = Callable[[], bool]


def apply_steps(held: Claim, must_stop: Stop) -> bool:
    """Do planned steps until none is left (True), or a stop was asked for. Raises OutsideError when the platform is
    away or the connection must be made anew: the steps wait."""
    run, way, connector = open_run(held.id)
    silences = 0
    while not must_stop():
        with transaction() as session:
            durable.renew(session, SyncRun, [held], 300)
            steps = _next(session, held.id)
        if not steps:
            return True
        here = [s for s in steps if s.side == "ours" and s.step in ("create", "change")]
        do_here(held, way, [s for s in here if s.step == "create"], create_here)
        do_here(held, way, [s for s in here if s.step == "change"], change_here)
        for step in (s for s in steps if s not in here):
            try:
                _do_there(held, way, connector, step, is_undo=run.mode == "undo")
                silences = 0
            except (RateLimited, NeedsReconnect):
                raise
            except Unavailable as error:
                silences += 1
                _count_try(held, step, error)
                if silences >= SILENCES:
                    raise
            except LostLease:
                raise
            except (ShopError, SQLAlchemyError, ValueError) as error:
                db.session.rollback()
                fail_step(held, way, step, error)
    return False


def _next(session: Session, run_id: int) -> list[SyncStep]:
    rows = list(
        session.execute(
            select(SyncStep)
            .where(SyncStep.run_id == run_id, SyncStep.state == "planned", SyncStep.step != "ask")
            .order_by(SyncStep.attempts, SyncStep.id)
            .limit(AT_ONCE)
        ).scalars()
    )
    for row in rows:
        session.expunge(row)
    return rows


# -- their side, one by one


def _do_there(held: Claim, way: Way, connector: Connector, step: SyncStep, is_undo: bool) -> None:
    if step.step == "archive":
        _archive(held, way, connector, step)
    elif step.step == "create":
        _create_there(held, way, connector, step)
    else:
        _change_there(held, way, connector, step, is_undo)


def _create_there(held: Claim, way: Way, connector: Connector, step: SyncStep) -> None:
    """With our key, so that a repeat after a lost answer finds what it made."""
    with transaction() as session:
        ours = way.book.read(session, [step.our_id or 0]).get(step.our_id or 0)
        linked = links_by_ours(session, way.connection_id, way.book.entity, [step.our_id or 0])
    if ours is None or linked:
        with transaction() as session:
            leave_step(session, step, "done", "It is there already." if linked else "It is not here any more.")
        return
    pushed = way.book.push(connector, ours, "", {}, {}, None, way.terms)
    record = way.book.get(connector, pushed.external_id)
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        link_id = link(session, way.connection_id, way.book.entity, ours.id, pushed.external_id,
                       facts={"origin": "ours", **pushed.facts}, seen_run_id=way.run_id)  # fmt: skip
        if link_id is not None:
            row = session.get_one(ChannelLink, link_id)
            link_parts(session, way.connection_id, link_id, [(theirs, i) for i, theirs in pushed.parts.items()])
            if record is not None:
                way.book.join_parts(session, row, ours, record)
                parts = parts_of(session, [link_id])[link_id]
                told = way.book.fields_of(record, way.terms, parts, None)
                shared = told.keys() & ours.fields.keys()
                agree(row, {n: ours.fields[n] for n in shared}, {n: told[n] for n in shared})
                row.theirs_at = way.book.time_of(record)
        finish_steps(session, way.run_id, [(step.id, ours.id, None)], created=1, external_id=pushed.external_id)


def _change_there(held: Claim, way: Way, connector: Connector, step: SyncStep, is_undo: bool) -> None:
    """Read there, write what is still to be written, read again: what both agree on is what is really there."""
    record = way.book.get(connector, step.external_id)
    if record is None:
        with transaction() as session:
            leave_step(session, step, "failed", "It is not there any more.")
            end_links(session, way.connection_id, way.book.entity, [step.external_id])
        return
    with transaction() as session:
        row, ours, parts = _pair(session, way, step)
    if row is None or ours is None:
        with transaction() as session:
            leave_step(session, step, "failed", "It is not here any more.")
        return
    told = way.book.fields_of(record, way.terms, parts, row)
    todo, stale = left_to_do(step.to_theirs, told, step.replaced.get("theirs", {}))
    _, stale_here = left_to_do(step.to_ours, ours.fields, step.replaced.get("ours", {}))
    if stale or stale_here:
        _look_again(held, way, step, record, is_undo, stale + stale_here)
        return
    pushed, after = Pushed(step.external_id), told
    if todo:
        reverse = {ours_id: theirs for theirs, ours_id in parts.items()}
        pushed = way.book.push(connector, ours, step.external_id, row.facts, reverse, todo, way.terms)
        record = way.book.get(connector, step.external_id) or record
        after = way.book.fields_of(record, way.terms, parts, row)
    _settle_there(held, way, step, record, pushed, told, after, bool(todo))


def _settle_there(
    held: Claim, way: Way, step: SyncStep, record: Any, pushed: Pushed, told: Mapping[str, Any],
    after: Mapping[str, Any], has_written: bool,
) -> None:  # fmt: skip
    """Both sides of a step in one transaction: ours is written, the agreement kept, the step done."""
    not_taken = [n for n, v in step.to_theirs.items() if n in told and after.get(n) == told[n] and told[n] != v]
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        row, ours, _ = _pair(session, way, step)
        if row is None or ours is None:
            leave_step(session, step, "failed", "It is not here any more.")
            return
        todo, _ = left_to_do(step.to_ours, ours.fields, step.replaced.get("ours", {}))
        if todo:
            way.book.write(session, [(ours.id, todo)])
        agree_after(row, step, {**step.to_ours, **step.to_theirs}, after)
        row.facts = {**row.facts, **{k: v for k, v in pushed.facts.items() if v}}
        row.theirs_at = way.book.time_of(record) or row.theirs_at
        link_parts(session, way.connection_id, row.id, [(theirs, i) for i, theirs in pushed.parts.items()])
        link_new_parts(session, way, [step], {ours.id: row})
        touch_links(session, [row.id])
        replaced = {**step.replaced, "theirs": {n: told[n] for n in step.to_theirs if n in told}}
        why = f"Not taken there as it is here: {', '.join(not_taken[:5])}" if not_taken else ""
        finish_steps(
            session,
            way.run_id,
            [(step.id, ours.id, replaced)],
            changed=int(has_written or bool(todo) or step.attempts > 0),
            told=why,
        )


def _pair(session: Session, way: Way, step: SyncStep) -> tuple[ChannelLink | None, Ours | None, dict[str, int]]:
    row = links_by_theirs(session, way.connection_id, way.book.entity, [step.external_id]).get(step.external_id)
    if row is None:
        return None, None, {}
    return row, way.book.read(session, [row.our_id]).get(row.our_id), parts_of(session, [row.id])[row.id]


def _look_again(held: Claim, way: Way, step: SyncStep, record: Any, is_undo: bool, names: Sequence[str]) -> None:
    """Somebody was faster: the pair is compared anew, and its new step follows in this run."""
    why = f"Changed meanwhile: {', '.join(names[:5])}"
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        leave_step(session, step, "stale", why)
        row, ours, parts = _pair(session, way, step)
        if is_undo or row is None or ours is None or _times_anew(session, step) >= MOST_ANEW:
            return
        plan_pair(session, way, row, ours, record, parts, Tally(contested={ours.id}))


def _times_anew(session: Session, step: SyncStep) -> int:
    rows = session.execute(
        select(SyncStep.id).where(
            SyncStep.run_id == step.run_id, SyncStep.external_id == step.external_id, SyncStep.state == "stale"
        )
    )
    return len(rows.all())


def _archive(held: Claim, way: Way, connector: Connector, step: SyncStep) -> None:
    """Gone there, or to be taken off there (an undo). Whether it is really gone is asked for once more."""
    undo = step.base.get("undo")
    if undo is None:
        record = way.book.get(connector, step.external_id)
        if record is not None:
            with transaction() as session:
                leave_step(session, step, "done", "It is there after all.")
            return
    elif step.side == "theirs":
        way.book.take_off(connector, step.external_id)
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        replaced: dict[str, Any] = {}
        archived = 0
        if step.side == "ours" and step.our_id:
            ours = way.book.read(session, [step.our_id]).get(step.our_id)
            if ours is not None and ours.thing is not None:
                replaced = {"ours": {"status": getattr(ours.thing, "status", "")}}
                is_same = undo is None or _is_as_agreed(session, way, step, ours)
                if not is_same:
                    leave_step(session, step, "kept", "It was changed since, so it stays.")
                    return
                archived = 1
                if undo is not None:
                    way.book.remove(session, step.our_id)
                else:
                    way.book.archive(session, [step.our_id])
        if undo is not None:
            session.execute(
                text("DELETE FROM channel_links WHERE connection_id = :c AND entity = :e AND external_id = :x"),
                {"c": way.connection_id, "e": way.book.entity, "x": step.external_id},
            )
        else:
            end_links(session, way.connection_id, way.book.entity, [step.external_id])
        finish_steps(session, way.run_id, [(step.id, step.our_id, replaced)], archived=archived)


def _is_as_agreed(session: Session, way: Way, step: SyncStep, ours: Ours) -> bool:
    """Nobody changed it here since the platform told it."""
    row = links_by_theirs(session, way.connection_id, way.book.entity, [step.external_id]).get(step.external_id)
    return row is None or all(ours.fields.get(name) == value for name, value in row.base.items())


def _count_try(held: Claim, step: SyncStep, error: OutsideError) -> None:
    """It may have been accepted: the next try reads first. Given up for this run after three."""
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        if step.attempts + 1 >= TRIES:
            leave_step(session, step, "failed", f"{error.user_message} It is tried again by the next run.")
        session.execute(
            update(SyncStep).where(SyncStep.id == step.id).values(attempts=step.attempts + 1, error=str(error)[:2000])
        )
