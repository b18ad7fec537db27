"""A product file is taken in, read line by line and compared, without changing anything: the dry run.

What it would change is kept as the run's items; the merchant looks at them and says "apply", or leaves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from shop.catalog.runs import keeping
from shop.catalog.runs.models import ChangeRun
from shop.catalog.runs.stepping import begin, keep, make_due
from shop.catalog.sheets.comparing import compare_lines
from shop.catalog.sheets.decoding import Line, Sheet, count_lines, lines, understand
from shop.core import durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.tenancy.profile import current_profile

BATCH = 400


def take_in(name: str, content: bytes, who: str) -> int:
    """Keep a file and ask for its dry run. Returns the run's id. Raises InvalidInput for what is no product file."""
    sheet = understand(content)
    with transaction() as session:
        facts = {"name": name, **sheet.facts}
        run = keeping.open_run(session, "csv", f"File {name}", who, "check", facts=facts)
        keeping.keep_file(session, run.id, content)
        session.flush()
        make_due(session, run.id, "check", count_lines(content))
        enqueue_after_commit(session, JobName.RUN_CHANGES)
        return run.id


def check_sheet(held: Claim) -> None:
    """Read the file of a claimed run. A repeat begins anew and finds the same."""
    with transaction() as session:
        keep(session, held)
        keeping.drop_items(session, held.id)
        content = keeping.read_file(session, held.id)
        session.execute(update(ChangeRun).where(ChangeRun.id == held.id).values(progress=0))
    try:
        if content is None:
            raise InvalidInput("The file is gone. Upload it again.")
        facts = _read_all(held, content, understand(content))
    except InvalidInput as error:
        with transaction() as session:
            keep(session, held)
            keeping.drop_items(session, held.id)
            _end(session, held, "refused", {"note": error.user_message})
        return
    with transaction() as session:
        keep(session, held)
        _settle_twice_said(session, held.id)
        keeping.recount(session, held.id)
        _end(session, held, "checked", facts)


def apply_sheet(run_id: int) -> bool:
    """Write what the dry run showed; True when it is done already, False while the worker does it. A line that says
    something else by then is skipped. Raises Conflict, NotFound."""
    with transaction() as session:
        run = keeping.find_run(session, run_id, to_change=True)
        if run is None or run.kind != "csv":
            raise NotFound("There is no such file.")
        if run.stage != "checked" or run.work_state != "done":
            raise Conflict("This file was applied already, or is not checked yet.")
        if not run.planned:
            raise Conflict("There is nothing to change in this file.")
        return begin(session, run, "apply")


def _read_all(held: Claim, content: bytes, sheet: Sheet) -> dict[str, Any]:
    currency = current_profile().currency
    read = same = 0
    for batch in _batches(lines(content, sheet)):
        with transaction() as session:
            keep(session, held)
            found = compare_lines(session, batch, list(sheet.places), currency)
            keeping.add_items(session, held.id, found.items)
            read, same = read + len(batch), same + found.same
            session.execute(update(ChangeRun).where(ChangeRun.id == held.id).values(progress=read))
    return {"lines": read, "same": same, "currency": currency}


def _batches(found: Iterator[Line]) -> Iterator[list[Line]]:
    while batch := list(islice(found, BATCH)):
        yield batch


def _end(session: Session, held: Claim, stage: str, facts: dict[str, Any]) -> None:
    keeping.drop_file(session, held.id)
    old = session.execute(select(ChangeRun.facts).where(ChangeRun.id == held.id)).scalar_one()
    total = facts.get("lines", 0)
    durable.finish(session, ChangeRun, held, stage=stage, facts={**old, **facts}, total=total, progress=total)


def _settle_twice_said(session: Session, run_id: int) -> None:
    """Two lines about the same thing: saying the same is once enough, saying something else makes the later wrong."""
    session.execute(text("ANALYZE change_items"))  # the rows came just now: the planner knows nothing of them yet
    session.execute(_SAME_TWICE, {"run": run_id})
    session.execute(_OTHERWISE, {"run": run_id})
    session.execute(_REST_OF_WRONG, {"run": run_id})


_FIRST = """
    SELECT id, first_value(id) OVER said AS first_id, first_value(after) OVER said AS first_after,
           first_value(line) OVER said AS first_line
      FROM change_items WHERE run_id = :run AND state = 'planned'
    WINDOW said AS (PARTITION BY product_id, subject_id, field ORDER BY line, id)"""
_SAME_TWICE = text(f"""
    DELETE FROM change_items i USING ({_FIRST}) f
     WHERE i.id = f.id AND f.id <> f.first_id AND i.after = f.first_after""")  # noqa: S608  (our own text)
_OTHERWISE = text(f"""
    UPDATE change_items i SET state = 'wrong', reason = 'Line ' || f.first_line || ' says something else about it.'
      FROM ({_FIRST}) f WHERE i.id = f.id AND f.id <> f.first_id""")  # noqa: S608
_REST_OF_WRONG = text("""
    DELETE FROM change_items i WHERE i.run_id = :run AND i.state = 'planned' AND EXISTS (
           SELECT 1 FROM change_items w WHERE w.run_id = :run AND w.line = i.line AND w.state = 'wrong')""")

