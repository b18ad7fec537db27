"""A page of theirs, or a batch of ours, becomes steps of a run: what would be done, on which side, and why.

In the caller's transaction, which holds the run. Nothing is written here but links of what is found to be the same,
open conflicts, parked records and the steps themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.channels.comparing import Compared, Direction, Rule, compare, fingerprint
from shop.channels.records import Unreadable
from shop.channels.syncing.book import Book, Fields, Ours, Terms
from shop.channels.syncing.conflicts import keep_conflicts, list_contested
from shop.channels.syncing.linking import link, links_by_ours, links_by_theirs, mark_seen, parts_of
from shop.channels.syncing.models import ChannelLink, SyncStep
from shop.channels.syncing.packing import pack
from shop.channels.syncing.parking import park, unpark
from shop.core import clock

MOST_SKIPS_TOLD = 500


@dataclass(frozen=True)
class Way:
    """How a run goes about its things: of one connection and one kind."""

    run_id: int
    book: Book
    terms: Terms
    direction: Direction
    rules: Mapping[str, Rule] = field(default_factory=dict)
    default: Rule = Rule.ASK
    creates_here: bool = True
    creates_there: bool = False

    @property
    def connection_id(self) -> int:
        return self.terms.connection_id


@dataclass
class Tally:
    """What planning found. `contested`: things of ours that had open conflicts."""

    processed: int = 0
    unchanged: int = 0
    asked: int = 0
    failed: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)
    contested: set[int] = field(default_factory=set)

    def fail(self, subject: str, why: str) -> None:
        self.failed += 1
        self.errors.append({"subject": subject[:300], "why": why[:500]})


def plan_records(session: Session, way: Way, found: Sequence[Any]) -> Tally:
    """What the things of a page of theirs mean. Unreadable ones are parked; of repeats the last counts."""
    tally, book = Tally(), way.book
    for bad in (one for one in found if isinstance(one, Unreadable)):
        tally.processed += 1
        tally.fail(bad.external_id, bad.why)
        park(session, way.connection_id, book.entity, bad.external_id, bad.why, bad.raw)
    records = {r.external_id: r for r in found if not isinstance(r, Unreadable)}
    tally.processed += len(records)
    links = links_by_theirs(session, way.connection_id, book.entity, records)
    links |= _link_same(session, way, [r for i, r in records.items() if i not in links], tally)
    ours = book.read(session, [row.our_id for row in links.values()])
    parts = parts_of(session, [row.id for row in links.values()])
    for external_id, row in links.items():
        record = records[external_id]
        if row.our_id in ours and _has_new_parts(record, parts[row.id]):
            book.join_parts(session, row, ours[row.our_id], record)
    parts = parts_of(session, [row.id for row in links.values()])
    settled = []
    tally.contested = list_contested(session, way.connection_id, book.entity, ours)
    for external_id, row in links.items():
        if row.our_id not in ours:
            _skip(session, way, tally, book.name_of(records[external_id]), external_id, "It was removed here.")
        elif plan_pair(session, way, row, ours[row.our_id], records[external_id], parts[row.id], tally):
            settled.append(external_id)
    unpark(session, way.connection_id, book.entity, settled)
    mark_seen(session, [row.id for row in links.values()], way.run_id)
    return tally


def _has_new_parts(record: Any, known: Mapping[str, int]) -> bool:
    return any(v.external_id not in known for v in getattr(record, "variants", ()))


def _link_same(session: Session, way: Way, records: Sequence[Any], tally: Tally) -> dict[str, ChannelLink]:
    """Those of theirs that are something of ours; the others become steps here, or are told why not."""
    if not records:
        return {}
    made = []
    for external_id, match in way.book.match(session, way.terms, records).items():
        record = next(r for r in records if r.external_id == external_id)
        name = way.book.name_of(record)
        if match.why:
            park(session, way.connection_id, way.book.entity, external_id, match.why, record.raw)
            tally.fail(name, match.why)
        elif match.our_id is not None:
            if link(session, way.connection_id, way.book.entity, match.our_id, external_id) is not None:
                made.append(external_id)
        else:
            _plan_new(session, way, record, name, tally)
    return links_by_theirs(session, way.connection_id, way.book.entity, made)


def _plan_new(session: Session, way: Way, record: Any, name: str, tally: Tally) -> None:
    why = way.book.why_not(record, way.terms)
    if not (way.direction.reads and way.creates_here):
        _skip(session, way, tally, name, record.external_id, "New there; this connection brings in no new ones.")
    elif why:
        park(session, way.connection_id, way.book.entity, record.external_id, why, record.raw)
        tally.fail(name, why)
    else:
        session.add(
            SyncStep(
                run_id=way.run_id,
                step="create",
                side="ours",
                subject=name[:300],
                why="New there",
                external_id=record.external_id,
                record=pack(record),
            )
        )


def plan_pair(
    session: Session,
    way: Way,
    row: ChannelLink,
    ours: Ours,
    record: Any | None,
    parts: Mapping[str, int],
    tally: Tally,
) -> bool:
    """Compare a linked pair; `record` None: it was not read now, and is as it was last seen. True: nothing to do."""
    told: Fields = dict(row.theirs) if record is None else way.book.fields_of(record, way.terms, parts, row)
    compared = compare(
        row.base or None,
        ours.fields,
        as_agreed(row, told),
        direction=way.direction,
        rules=way.rules,
        default=way.default,
        ours_at=ours.changed_at,
        theirs_at=way.book.time_of(record) if record is not None else row.theirs_at,
    )
    extra = way.book.apart(ours, record, parts)
    to_ours = {**compared.to_ours, **(extra.to_ours if way.direction.reads else {})}
    to_theirs = {**compared.to_theirs, **(extra.to_theirs if way.direction.writes else {})}
    keep_conflicts(
        session, way.connection_id, way.book.entity, row, ours.name, compared.clashes, ours.id in tally.contested
    )
    _note_agreed(row, ours, told, compared)
    if record is not None:
        row.theirs_at, row.theirs_hash = way.book.time_of(record), fingerprint(told)
    if to_ours or to_theirs:
        session.add(_change(way, row, ours, told, to_ours, to_theirs))
    if compared.clashes:
        tally.asked += 1
        names = ", ".join(clash.field for clash in compared.clashes[:5])
        session.add(_told(way, "ask", ours.name, row.external_id, f"Changed on both sides: {names}", ours.id))
    elif not (to_ours or to_theirs):
        tally.unchanged += 1
        if compared.kept or (extra.told and way.direction.reads):
            why = extra.told or f"Does not travel on this connection: {', '.join(compared.kept[:5])}"
            _skip(session, way, Tally(), ours.name, row.external_id, why)
        return not compared.kept
    return False


def as_agreed(row: ChannelLink, told: Mapping[str, Any]) -> Fields:
    """Theirs with what did not change since the agreement in the words of the agreement: a platform that keeps our
    text in its own way has not changed it."""
    return {
        name: row.base[name] if name in row.base and name in row.theirs and row.theirs[name] == value else value
        for name, value in told.items()
    }


def _note_agreed(row: ChannelLink, ours: Ours, told: Mapping[str, Any], compared: Compared) -> None:
    """Fields that are the same by now need no step: they are agreed."""
    moving = compared.to_ours.keys() | compared.to_theirs.keys() | {c.field for c in compared.clashes}
    same = {n: v for n, v in compared.base.items() if n not in moving and n not in compared.kept and n in told}
    base = {**row.base, **same}
    theirs = {**row.theirs, **{name: told[name] for name in same}}
    if base != row.base or theirs != row.theirs:
        row.base, row.theirs = base, theirs
    if not moving and ours.changed_at > row.updated_at:
        row.updated_at = clock.now()
    row.ours_hash = fingerprint(ours.fields) if not moving else row.ours_hash


def _change(
    way: Way, row: ChannelLink, ours: Ours, told: Mapping[str, Any], to_ours: Fields, to_theirs: Fields
) -> SyncStep:
    touched = to_ours.keys() | to_theirs.keys()
    side = "both" if to_ours and to_theirs else "ours" if to_ours else "theirs"
    parts = [f"here: {', '.join(sorted(to_ours)[:5])}"] if to_ours else []
    parts += [f"there: {', '.join(sorted(to_theirs)[:5])}"] if to_theirs else []
    return SyncStep(
        run_id=way.run_id,
        step="change",
        side=side,
        subject=ours.name,
        why="; ".join(parts),
        our_id=ours.id,
        external_id=row.external_id,
        to_ours=to_ours,
        to_theirs=to_theirs,
        base={
            "ours": {n: row.base[n] for n in touched if n in row.base},
            "theirs": {n: row.theirs[n] for n in touched if n in row.theirs},
        },
        replaced={
            "ours": {n: ours.fields[n] for n in touched if n in ours.fields},
            "theirs": {n: told[n] for n in touched if n in told},
        },
    )


def plan_ours(session: Session, way: Way, ids: Sequence[int]) -> Tally:
    """What things of ours that this run has not seen there have to tell: changes, and new ones."""
    tally = Tally(contested=list_contested(session, way.connection_id, way.book.entity, ids))
    links = links_by_ours(session, way.connection_id, way.book.entity, ids)
    ours = way.book.read(session, ids)
    parts = parts_of(session, [row.id for row in links.values()])
    for our_id in ids:
        row, thing = links.get(our_id), ours.get(our_id)
        if thing is None or (row is not None and row.seen_run_id == way.run_id):
            continue
        if row is not None:
            if row.base:
                plan_pair(session, way, row, thing, None, parts[row.id], tally)
        elif way.creates_there:
            tally.processed += 1
            session.add(_told(way, "create", thing.name, "", "New here", our_id, side="theirs"))
    return tally


def plan_gone(session: Session, way: Way, rows: Iterable[ChannelLink], names: Mapping[int, str]) -> int:
    """Linked things that all of their answer did not hold. Whether they are really gone is asked again before
    anything is written."""
    count = 0
    for row in rows:
        comes_from_there = row.facts.get("origin") == "theirs" and way.book.archives and way.direction.reads
        why = "It is not there any more" + ("" if comes_from_there else "; it stays here, and the link ends")
        name = names.get(row.our_id, row.external_id)
        side = "ours" if comes_from_there else ""
        session.add(_told(way, "archive", name, row.external_id, why, row.our_id, side=side))
        count += 1
    return count


def list_unseen(session: Session, way: Way, limit: int = 20_000) -> list[ChannelLink]:
    """Links that a whole reading did not meet."""
    rows = session.execute(
        select(ChannelLink)
        .where(
            ChannelLink.connection_id == way.connection_id,
            ChannelLink.entity == way.book.entity,
            ChannelLink.seen_run_id.is_distinct_from(way.run_id),
            ~ChannelLink.is_gone,
        )
        .limit(limit)
    )
    return list(rows.scalars())


def _told(
    way: Way, step: str, name: str, external_id: str, why: str, our_id: int | None = None, *, side: str = ""
) -> SyncStep:
    return SyncStep(
        run_id=way.run_id, step=step, side=side, subject=name[:300], why=why, our_id=our_id, external_id=external_id
    )


def _skip(session: Session, way: Way, tally: Tally, name: str, external_id: str, why: str) -> None:
    tally.unchanged += 1
    row = _told(way, "skip", name, external_id, why)
    row.state = "done"
    session.add(row)


def end_links(session: Session, connection_id: int, entity: str, external_ids: Sequence[str]) -> None:
    """They are not there any more; the link stays, in case they come back."""
    session.execute(
        update(ChannelLink)
        .where(
            ChannelLink.connection_id == connection_id,
            ChannelLink.entity == entity,
            ChannelLink.external_id.in_(list(external_ids)),
        )
        .values(is_gone=True)
        .execution_options(synchronize_session=False)
    )
