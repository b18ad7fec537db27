"""A run's rows: made with its items, counted, listed, and let go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from shop.catalog.bulk import copy_rows
from shop.catalog.runs.models import ChangeFile, ChangeItem, ChangeRun
from shop.catalog.runs.settling import Item
from shop.core import clock

STATES = ("planned", "done", "skipped", "failed", "wrong", "undone", "kept")
_COLUMNS = ("run_id", "product_id", "subject_id", "line", "field", "before", "after", "was_own", "state", "reason")


def open_run(session: Session, kind: str, title: str, who: str, stage: str, **columns: Any) -> ChangeRun:
    """A new run without items. It is no work yet (work_state done): `make_due` asks the worker."""
    run = ChangeRun(kind=kind, title=title[:200], who=who[:254], stage=stage, work_state="done", **columns)
    run.created_at = run.began_at = clock.now()
    session.add(run)
    session.flush()
    return run


def add_items(session: Session, run_id: int, items: Iterable[Item]) -> None:
    """COPY; the values go in as JSON."""
    copy_rows(
        session,
        "change_items",
        _COLUMNS,
        (
            (run_id, i.product_id or None, i.subject_id, i.line, i.field, orjson.dumps(i.before), orjson.dumps(i.after),
             i.was_own, i.state, i.reason[:400])
            for i in items
        ),
    )  # fmt: skip


def recount(session: Session, run_id: int) -> None:
    """The run's figures, from its items: changes by state (of a file's wrong lines: lines), and products."""
    session.execute(_RECOUNT, {"run": run_id})


def count_items(session: Session, run_id: int, state: str) -> int:
    query = select(func.count()).select_from(ChangeItem).where(ChangeItem.run_id == run_id, ChangeItem.state == state)
    return int(session.execute(query).scalar_one())


def find_run(session: Session, run_id: int, to_change: bool = False) -> ChangeRun | None:
    query = select(ChangeRun).where(ChangeRun.id == run_id).execution_options(populate_existing=True)
    return session.execute(query.with_for_update() if to_change else query).scalar_one_or_none()


def list_runs(session: Session, offset: int, limit: int) -> tuple[int, list[ChangeRun]]:
    """(how many there are, this page of them), newest first; single products' saves are on their own pages."""
    where = ChangeRun.kind != "editor"
    total = int(session.execute(select(func.count()).select_from(ChangeRun).where(where)).scalar_one())
    query = select(ChangeRun).where(where).order_by(ChangeRun.id.desc()).offset(offset).limit(limit)
    return total, list(session.execute(query).scalars())


def drop_items(session: Session, run_id: int) -> None:
    session.execute(delete(ChangeItem).where(ChangeItem.run_id == run_id))


def keep_file(session: Session, run_id: int, content: bytes) -> None:
    session.add(ChangeFile(run_id=run_id, content=content))


def read_file(session: Session, run_id: int) -> bytes | None:
    return session.execute(select(ChangeFile.content).where(ChangeFile.run_id == run_id)).scalar_one_or_none()


def drop_file(session: Session, run_id: int) -> None:
    session.execute(delete(ChangeFile).where(ChangeFile.run_id == run_id))


_RECOUNT = text("""
    UPDATE change_runs r SET planned = c.planned, done = c.done, skipped = c.skipped, failed = c.failed,
           wrong = c.wrong, undone = c.undone, kept = c.kept, products = c.products
      FROM (SELECT count(*) FILTER (WHERE state = 'planned') AS planned, count(*) FILTER (WHERE state = 'done') AS done,
                   count(*) FILTER (WHERE state = 'skipped') AS skipped,
                   count(*) FILTER (WHERE state = 'failed') AS failed,
                   count(DISTINCT line) FILTER (WHERE state = 'wrong') AS wrong,
                   count(*) FILTER (WHERE state = 'undone') AS undone, count(*) FILTER (WHERE state = 'kept') AS kept,
                   count(DISTINCT product_id) FILTER (WHERE state <> 'wrong') AS products
              FROM change_items WHERE run_id = :run) AS c
     WHERE r.id = :run""")
