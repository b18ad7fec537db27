"""A file is taken in: its columns are guessed, a person says which is which, a dry run tells what each line would do,
and only then it is done. Whatever stage a worker died in, it goes on after the last lines that were committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from shop.channels.files.columns import FIELDS, guess, hash_of, missing_of
from shop.channels.files.models import FileImport, FileLine, FileMapping
from shop.channels.files.outcomes import Given, Outcome
from shop.channels.files.reading import Line, open_table, read_lines
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.tenancy.profile import current_profile
from shop.workflows.check_sheet import take_in
from shop.workflows.import_customers import take_customers
from shop.workflows.import_orders import group_orders, take_orders
from shop.workflows.import_products import (
    KNOWN_COLUMNS,
    as_product_file,
    group_products,
    take_products,
    write_product_file,
)

BATCH = 400
LONGEST_GROUP = 2_500  # lines of one order or product
Take = Callable[..., list[Outcome]]
_TAKE: Mapping[str, Take] = {"customers": take_customers, "orders": take_orders, "products": take_products}
_GROUP: Mapping[str, Callable[[Sequence[Line]], list[list[Line]]]] = {
    "orders": group_orders, "products": group_products,
}  # fmt: skip


def take_in_file(entity: str, name: str, content: bytes, who: str) -> int:
    """Keep it, with its columns as they were named before for the same headings, else guessed. Returns its id. Raises
    InvalidInput for what is no table."""
    table = open_table(content, entity)
    with transaction() as session:
        known = session.execute(
            select(FileMapping.mapping).where(
                FileMapping.entity == entity, FileMapping.headings_hash == hash_of(table.headings)
            )
        ).scalar()
        row = FileImport(
            entity=entity,
            name=name[:120],
            who=who[:254],
            content=content,
            mapping=known if known is not None else guess(entity, table.headings),
            facts={
                "encoding": table.encoding, "delimiter": table.delimiter, "skips": table.skips,
                "headings": table.headings, "samples": table.samples, "remembered": known is not None,
            },
            total=max(1, content.count(b"\n")),
            work_state="done",
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def begin_check(import_id: int, mapping: Mapping[str, int]) -> None:
    """Remember which column is which, and ask for the dry run. Raises InvalidInput (field by name), Conflict."""
    with transaction() as session:
        row = find_import(session, import_id, to_change=True)
        if row.stage not in ("mapping", "checked", "refused") or row.work_state == "working":
            raise Conflict("This file is being read, or was taken in already.")
        width = len(row.facts["headings"])
        names = {field.name for field in FIELDS[row.entity]}
        kept = {name: at for name, at in mapping.items() if name in names and 0 <= at < width}
        missing = missing_of(row.entity, kept)
        if missing:
            raise InvalidInput(fields={"mapping": f"Say which column holds: {', '.join(missing)}."})
        row.mapping = kept
        remembered = session.execute(
            select(FileMapping).where(
                FileMapping.entity == row.entity, FileMapping.headings_hash == hash_of(row.facts["headings"])
            )
        ).scalar_one_or_none()
        if remembered is None:
            session.add(FileMapping(entity=row.entity, headings_hash=hash_of(row.facts["headings"]), mapping=kept))
        else:
            remembered.mapping, remembered.updated_at = kept, clock.now()
        _begin(session, row, "check")


def begin_apply(import_id: int) -> bool:
    """Do what the dry run told. False when it is under way or done already. Raises Conflict before the dry run."""
    with transaction() as session:
        row = find_import(session, import_id, to_change=True)
        if row.stage in ("apply", "applied"):
            return False
        if row.stage != "checked":
            raise Conflict("Look at the dry run first.")
        _begin(session, row, "apply")
    return True


def find_import(session: Session, import_id: int, *, to_change: bool = False) -> FileImport:
    """Raises NotFound."""
    asked = select(FileImport).where(FileImport.id == import_id)
    if to_change:
        asked = asked.with_for_update().execution_options(populate_existing=True)
    row = session.execute(asked).scalar_one_or_none() if import_id <= 2**62 else None
    if row is None:
        raise NotFound("There is no such file.")
    return row


def advance_import(held: Claim) -> None:
    """The stage that is due, to its end. A repeat goes on where the last one stopped."""
    with transaction() as session:
        durable.hold(session, FileImport, held)
        row = session.get_one(FileImport, held.id, populate_existing=True)
        content = session.execute(select(FileImport.content).where(FileImport.id == held.id)).scalar()
        entity, stage, facts, mapping, done = row.entity, row.stage, dict(row.facts), dict(row.mapping), row.progress
        given = Given(who=row.who, file=row.name, run_id=row.id, currency=current_profile().currency)
    try:
        if content is None:
            raise InvalidInput("The file is gone. Upload it again.")
        lines = read_lines(content, facts["encoding"], facts["delimiter"], facts["skips"], mapping)
        changes: list[list[str]] = []
        for batch in _batches(entity, lines):
            if stage == "apply" and batch[-1].number <= done:
                continue
            with transaction() as session:
                durable.hold(session, FileImport, held)
                durable.renew(session, FileImport, [held], 120)
                outcomes = _TAKE[entity](session, batch, given, write=stage == "apply")
                _count(session, held.id, outcomes, batch[-1].number)
                if entity == "products" and stage == "check" and len(changes) < 50_000:
                    changes += as_product_file(session, batch)
        if changes:
            file = write_product_file(changes, [name for name in KNOWN_COLUMNS if name in mapping])
            facts["change_run"] = take_in(f"{given.file} (what is here)"[:80], file, given.who)
    except InvalidInput as error:
        facts["note"] = error.user_message
        _end(held, "refused", facts)
        return
    _end(held, "checked" if stage == "check" else "applied", facts)


def _begin(session: Session, row: FileImport, stage: str) -> None:
    session.execute(delete(FileLine).where(FileLine.import_id == row.id))
    row.stage, row.progress = stage, 0
    row.created = row.changed = row.same = row.wrong = 0
    row.work_state, row.due_at, row.attempts, row.error_text = "due", clock.now(), 0, None
    enqueue_after_commit(session, JobName.DRAIN_FILE_IMPORTS)


def _batches(entity: str, lines: Iterator[Line]) -> Iterator[list[Line]]:
    """So many lines at a time; an order or a product is never parted. Memory holds one batch."""
    group = _GROUP.get(entity)
    rest: list[Line] = []
    while True:
        more = list(islice(lines, BATCH))
        rest += more
        if not rest:
            return
        if group is None or not more:
            yield rest
            rest = []
            continue
        last = group(rest)[-1]
        if len(last) > LONGEST_GROUP:
            raise InvalidInput(f"Line {last[0].number}: one thing has more than {LONGEST_GROUP} lines.")
        if len(last) < len(rest):
            yield rest[: -len(last)]
            rest = last


def _count(session: Session, import_id: int, outcomes: Sequence[Outcome], upto: int) -> None:
    rows = [
        {
            "import_id": import_id, "line": one.line, "verdict": one.verdict, "field": one.field[:40],
            "subject": one.subject[:200].replace("\x00", ""), "why": one.why[:1000],
        }
        for one in outcomes
    ]  # fmt: skip
    if rows:
        session.execute(insert(FileLine), rows)
    tally: dict[str, Any] = {"progress": upto}
    for column, verdict in (("created", "create"), ("changed", "change"), ("same", "same"), ("wrong", "wrong")):
        tally[column] = getattr(FileImport, column) + sum(one.verdict == verdict for one in outcomes)
    session.execute(
        update(FileImport)
        .where(FileImport.id == import_id)
        .values(**tally)
        .execution_options(synchronize_session=False)
    )


def _end(held: Claim, stage: str, facts: dict[str, Any]) -> None:
    values: dict[str, Any] = {"stage": stage, "facts": facts}
    if stage == "applied":
        values["content"] = None
    with transaction() as session:
        durable.hold(session, FileImport, held)
        durable.finish(session, FileImport, held, **values)
