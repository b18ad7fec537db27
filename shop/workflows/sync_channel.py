"""What asks for a sync run, and what a person decides about one. The run itself: workflows/run_sync.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.models import Connection
from shop.channels.syncing.books import book_of
from shop.channels.syncing.linking import links_by_theirs, parts_of
from shop.channels.syncing.models import SyncConflict, SyncRun, SyncSetting, SyncStep
from shop.channels.syncing.plan_pairs import Way, plan_gone, plan_records
from shop.channels.syncing.settings import find_setting
from shop.channels.syncing.step_ends import note
from shop.core import clock, durable
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import transaction
from shop.errors import Conflict, NotFound
from shop.workflows.open_sync_run import open_run
from shop.workflows.run_sync import run_now

FULL_EVERY = timedelta(hours=24)


# -- what asks for a run, and what a person decides


def request_sync(
    session: Session,
    connection_id: int,
    entity: str,
    *,
    mode: str = "incremental",
    cause: str,
    who: str = "",
    must_review: bool = False,
) -> int:
    """The id of a run that is due: a new one, or the one that is under way already. entity: products | customers.
    mode: full | incremental. Raises NotFound, NotOffered. The caller commits."""
    connection = session.get(Connection, connection_id)
    if connection is None:
        raise NotFound("There is no such connection.")
    setting = find_setting(session, connection_id, entity)
    if not book_of(entity).can_read(connection.channel):
        raise registry.NotOffered(f"{registry.class_of(connection.channel).spec.name} does not offer its {entity}.")
    open_run = _find_open(session, connection_id, entity)
    if open_run is not None:
        return open_run
    is_full = mode == "full" or setting.watermark is None
    row = SyncRun(
        connection_id=connection_id,
        entity=entity,
        direction=setting.direction,
        mode="full" if is_full else "incremental",
        cause=cause,
        who=who,
        must_review=must_review or setting.options.get("apply") == "review",
        since=None if is_full or setting.watermark is None else setting.watermark - _overlap(connection.channel),
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:  # another asked at the same moment
        found = _find_open(session, connection_id, entity)
        if found is None:
            raise
        return found
    enqueue_after_commit(session, JobName.DRAIN_SYNC)
    return row.id


def approve_run(run_id: int, who: str) -> None:
    """Apply a plan that waited. Raises NotFound, Conflict."""
    with transaction() as session:
        row = _waiting(session, run_id)
        row.outcome, row.stage, row.who = "running", "apply", who or row.who
        row.work_state, row.due_at, row.attempts = durable.WorkState.DUE, clock.now(), 0
        enqueue_after_commit(session, JobName.DRAIN_SYNC)


def reject_run(run_id: int, who: str) -> None:
    """Nothing of it is done; the next run plans anew. Raises NotFound, Conflict."""
    with transaction() as session:
        row = _waiting(session, run_id)
        row.outcome, row.who, row.ended_at = "rejected", who or row.who, clock.now()
        session.execute(
            update(SyncStep).where(SyncStep.run_id == run_id, SyncStep.state == "planned").values(state="rejected")
        )


def undo_run(run_id: int, who: str) -> int:
    """The id of a run that takes back what this one did, where it was not changed since. From then on plans wait for a
    look, or the next run would do it all again. Raises NotFound, Conflict."""
    with transaction() as session:
        found = session.execute(select(SyncRun).where(SyncRun.id == run_id).with_for_update()).scalar_one_or_none()
        if found is None:
            raise NotFound("There is no such run.")
        if found.outcome not in ("completed", "partial") or found.mode == "undo":
            raise Conflict("Only a run that has ended can be undone, and only once.")
        if _find_open(session, found.connection_id, found.entity) is not None:
            raise Conflict("Another run is under way; wait for it, then undo this one.")
        row = SyncRun(
            connection_id=found.connection_id,
            entity=found.entity,
            direction="both",
            mode="undo",
            cause="button",
            who=who,
            stage="undo",
            undo_of=run_id,
            is_whole=True,
        )
        session.add(row)
        setting = find_setting(session, found.connection_id, found.entity, to_change=True)
        setting.options = {**setting.options, "apply": "review"}
        session.flush()
        enqueue_after_commit(session, JobName.DRAIN_SYNC)
        return row.id


def request_due_syncs() -> int:
    """Runs whose hour has come (jobs/schedule.py); everything is read once a day, changes in between."""
    now = clock.now()
    with transaction() as session:
        due = session.execute(
            select(SyncSetting)
            .join(Connection, Connection.id == SyncSetting.connection_id)
            .where(
                SyncSetting.is_on,
                SyncSetting.entity.in_(["products", "customers"]),
                Connection.status == "active",
                func.coalesce(SyncSetting.next_at, now) <= now,
            )
            .with_for_update(skip_locked=True, of=SyncSetting)
        ).scalars()
        count = 0
        for setting in due:
            is_old = setting.last_full_at is None or setting.last_full_at < now - FULL_EVERY
            setting.next_at = now + timedelta(minutes=max(setting.every_minutes, 1))
            request_sync(
                session,
                setting.connection_id,
                setting.entity,
                mode="full" if is_old else "incremental",
                cause="schedule",
            )
            count += 1
        return count


# -- one thing at a time


def pull_one(connection_id: int, entity: str, external_id: str) -> str:
    """Read one thing there and do what has changed (a webhook said so). Returns what came of it, in words.

    Our own write coming back finds both sides the same: nothing is written, and no run is kept. Raises OutsideError.
    """
    with transaction() as session:
        setting = find_setting(session, connection_id, entity)
        if not setting.is_on:
            return "not kept in step"
        if setting.options.get("apply") == "review":
            return "waits for the next plan"
        run_id = _add_small_run(session, connection_id, entity, setting.direction, "hook", "hook")
    _, way, connector = open_run(run_id)
    record = None
    try:
        record = way.book.get(connector, external_id)
        with transaction() as session:
            if record is None:
                found = links_by_theirs(session, connection_id, way.book.entity, [external_id]).values()
                plan_gone(session, way, [row for row in found if not row.is_gone], {})
            else:
                note(session, run_id, plan_records(session, way, [record]))
            has_steps = _has_steps(session, run_id)
            if not has_steps:
                session.execute(delete(SyncRun).where(SyncRun.id == run_id))
    except BaseException:
        with transaction() as session:
            session.execute(delete(SyncRun).where(SyncRun.id == run_id))
        raise
    return run_now(run_id) if has_steps else "the same"


def settle_conflicts(choices: Mapping[int, str], who: str) -> dict[int, str]:
    """Conflict id → "ours" | "theirs": each chosen side is written to the other. Returns what could not be done, in
    words, by conflict id; {}: all of it. A field that changed again since it was shown is shown anew instead.
    Raises OutsideError: what was chosen waits in its run."""
    left: dict[int, str] = {}
    with transaction() as session:
        rows = session.execute(
            select(SyncConflict.id, SyncConflict.connection_id, SyncConflict.entity, SyncConflict.external_id).where(
                SyncConflict.id.in_(list(choices)), SyncConflict.state == "open"
            )
        ).all()
    left |= dict.fromkeys(choices.keys() - {row.id for row in rows}, "It was settled already.")
    groups: dict[tuple[int, str, str], list[int]] = {}
    for row in rows:
        groups.setdefault((row.connection_id, row.entity, row.external_id), []).append(row.id)
    for (connection_id, entity, external_id), ids in groups.items():
        left |= _settle_one(connection_id, entity, external_id, {i: choices[i] for i in ids}, who)
    return left


def _settle_one(
    connection_id: int, entity: str, external_id: str, choices: Mapping[int, str], who: str
) -> dict[int, str]:
    setting_name = _SETTING_OF[entity]
    with transaction() as session:
        run_id = _add_small_run(session, connection_id, setting_name, "both", "settle", "button", who)
    try:
        _, way, connector = open_run(run_id)
        record = way.book.get(connector, external_id)
        with transaction() as session:
            left = _plan_choices(session, way, external_id, record, choices, who)
            has_steps = _has_steps(session, run_id)
            if not has_steps:
                session.execute(delete(SyncRun).where(SyncRun.id == run_id))
    except BaseException:
        with transaction() as session:
            session.execute(delete(SyncRun).where(SyncRun.id == run_id))
        raise
    if has_steps:
        run_now(run_id)
    return left


def _plan_choices(
    session: Session, way: Way, external_id: str, record: Any | None, choices: Mapping[int, str], who: str
) -> dict[int, str]:
    """One step with every chosen field, where both sides still are as they were shown."""
    row = links_by_theirs(session, way.connection_id, way.book.entity, [external_id]).get(external_id)
    ours = way.book.read(session, [row.our_id]).get(row.our_id) if row else None
    if record is None or row is None or ours is None:
        return dict.fromkeys(choices, "It is not on both sides any more.")
    told = way.book.fields_of(record, way.terms, parts_of(session, [row.id])[row.id], row)
    conflicts = session.execute(
        select(SyncConflict).where(SyncConflict.id.in_(list(choices)), SyncConflict.state == "open").with_for_update()
    ).scalars()
    left: dict[int, str] = {}
    step = SyncStep(
        run_id=way.run_id, step="change", subject=ours.name, why="Chosen by hand", our_id=ours.id,
        external_id=external_id, to_ours={}, to_theirs={}, base={"ours": {}, "theirs": {}},
        replaced={"ours": {}, "theirs": {}},
    )  # fmt: skip
    for conflict in conflicts:
        name, here, there = conflict.field, ours.fields.get(conflict.field), told.get(conflict.field)
        if (here, there) != (conflict.ours, conflict.theirs):
            conflict.ours, conflict.theirs = here, there
            left[conflict.id] = "It changed again; look at it once more."
            continue
        if choices[conflict.id] == "ours":
            step.to_theirs = {**step.to_theirs, name: here}
        else:
            step.to_ours = {**step.to_ours, name: there}
        step.replaced = {
            "ours": {**step.replaced["ours"], name: here},
            "theirs": {**step.replaced["theirs"], name: there},
        }
        step.base = {
            side: {**step.base[side], **({name: known[name]} if name in known else {})}
            for side, known in (("ours", row.base), ("theirs", row.theirs))
        }
        conflict.state, conflict.chosen, conflict.who = "settled", choices[conflict.id], who[:254]
        conflict.settled_at = clock.now()
    if step.to_ours or step.to_theirs:
        step.side = "both" if step.to_ours and step.to_theirs else "ours" if step.to_ours else "theirs"
        session.add(step)
    return left


_SETTING_OF = {"product": "products", "customer": "customers"}


def _add_small_run(
    session: Session, connection_id: int, entity: str, direction: str, mode: str, cause: str, who: str = ""
) -> int:
    """A run of one thing, planned by its caller; claimed by nobody until then."""
    row = SyncRun(
        connection_id=connection_id,
        entity=entity,
        direction=direction,
        mode=mode,
        cause=cause,
        who=who,
        stage="apply",
        is_whole=True,
        due_at=clock.now() + timedelta(minutes=1),  # its maker does it at once; a worker, if that one died
    )
    session.add(row)
    session.flush()
    return row.id


def _has_steps(session: Session, run_id: int) -> bool:
    session.flush()
    query = select(SyncStep.id).where(SyncStep.run_id == run_id, SyncStep.state == "planned", SyncStep.step != "ask")
    return session.execute(query.limit(1)).first() is not None


# -- looking for runs


def _find_open(session: Session, connection_id: int, entity: str) -> int | None:
    return session.execute(
        select(SyncRun.id).where(
            SyncRun.connection_id == connection_id,
            SyncRun.entity == entity,
            SyncRun.outcome.in_(["running", "waiting"]),
            SyncRun.mode.not_in(["hook", "settle"]),
        )
    ).scalar()


def _waiting(session: Session, run_id: int) -> SyncRun:
    row = session.execute(select(SyncRun).where(SyncRun.id == run_id).with_for_update()).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such run.")
    if row.outcome != "waiting":
        raise Conflict("This plan waits for no decision any more.")
    return row


def _overlap(channel: str) -> timedelta:
    return registry.class_of(channel).spec.overlap
