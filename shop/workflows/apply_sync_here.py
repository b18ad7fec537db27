"""The steps of a run on our side, in batches; where a batch fails, one by one, so that one bad thing fails alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shop.channels.syncing.book import Ours
from shop.channels.syncing.linking import agree, link_many, links_by_ours, links_by_theirs
from shop.channels.syncing.models import ChannelLink, SyncRun, SyncStep
from shop.channels.syncing.packing import unpack_customer, unpack_product
from shop.channels.syncing.parking import park, unpark
from shop.channels.syncing.plan_pairs import Way
from shop.channels.syncing.product_book import link_parts
from shop.channels.syncing.step_ends import finish_steps, leave_step
from shop.core import clock, durable, log
from shop.core.durable import Claim, LostLease
from shop.core.transaction import transaction
from shop.errors import ShopError

logger = log.get_logger("channels")


def do_here(held: Claim, way: Way, steps: list[SyncStep], work: Callable[[Session, Way, list[SyncStep]], None]) -> None:
    if not steps:
        return
    try:
        with transaction() as session:
            durable.hold(session, SyncRun, held)
            work(session, way, steps)
    except LostLease:
        raise
    except (ShopError, SQLAlchemyError, ValueError, ArithmeticError) as error:
        if len(steps) == 1:
            fail_step(held, way, steps[0], error)
            return
        logger.info("batch taken apart", run=held.id, why=str(error)[:300])
        for step in steps:
            do_here(held, way, [step], work)


def create_here(session: Session, way: Way, steps: list[SyncStep]) -> None:
    known = links_by_theirs(session, way.connection_id, way.book.entity, [s.external_id for s in steps])
    new = list({s.external_id: s for s in steps if s.external_id not in known}.values())
    records = {s.id: _unpack(way, s) for s in new}
    ids = way.book.create(session, way.terms, [records[s.id] for s in new])
    ours = way.book.read(session, ids)
    now = clock.now()
    made = link_many(
        session,
        [
            {"connection_id": way.connection_id, "entity": way.book.entity, "our_id": our_id,
             "external_id": step.external_id, "seen_run_id": way.run_id, "facts": {"origin": "theirs"},
             "updated_at": now}
            for our_id, step in zip(ids, new, strict=True)
        ],
    )  # fmt: skip
    rows = links_by_theirs(session, way.connection_id, way.book.entity, made)
    pairs: list[dict[str, Any]] = []
    for our_id, step in zip(ids, new, strict=True):
        row, record = rows[step.external_id], records[step.id]
        parts = dict(_parts_made(ours[our_id], record))
        pairs += [
            {"connection_id": way.connection_id, "entity": "variant", "external_id": theirs, "our_id": part,
             "parent_id": row.id} for theirs, part in parts.items()
        ]  # fmt: skip
        told = way.book.fields_of(record, way.terms, parts, None)
        shared = told.keys() & ours[our_id].fields.keys()
        row.base = {name: ours[our_id].fields[name] for name in shared}
        row.theirs = {name: told[name] for name in shared}
        row.theirs_at = way.book.time_of(record)
    link_many(session, pairs)
    session.flush()
    finish_steps(
        session, way.run_id, [(step.id, our_id, {}) for our_id, step in zip(ids, new, strict=True)], created=len(new)
    )
    finish_steps(
        session, way.run_id, [(s.id, known[s.external_id].our_id, {}) for s in steps if s.external_id in known]
    )
    finish_steps(session, way.run_id, [(s.id, None, {}) for s in steps if s.external_id not in known and s not in new])
    unpark(session, way.connection_id, way.book.entity, [s.external_id for s in steps])


def _parts_made(ours: Ours, record: Any) -> list[tuple[str, int]]:
    """Variants were made in the order of theirs, numbered -1, -2, …"""
    by_number = {-v.external_id: v.id for v in getattr(ours.thing, "variants", ())}
    return [
        (v.external_id, by_number[n])
        for n, v in enumerate(getattr(record, "variants", ()), 1)
        if n in by_number and v.external_id
    ]


def _unpack(way: Way, step: SyncStep) -> Any:
    unpack = unpack_product if way.book.entity == "product" else unpack_customer
    return unpack(step.record or {})


def change_here(session: Session, way: Way, steps: list[SyncStep]) -> None:
    ours = way.book.read(session, [s.our_id for s in steps if s.our_id])
    links = links_by_ours(session, way.connection_id, way.book.entity, list(ours))
    writes: dict[int, dict[str, Any]] = {}
    done = []
    for step in steps:
        thing = ours.get(step.our_id or 0)
        if thing is None:
            leave_step(session, step, "failed", "It is not here any more.")
            continue
        todo, stale = left_to_do(step.to_ours, thing.fields, step.replaced.get("ours", {}))
        if stale:
            leave_step(session, step, "stale", f"Changed here meanwhile: {', '.join(stale[:5])}")
            continue
        writes.setdefault(thing.id, {}).update(todo)
        row = links.get(thing.id)
        if row is not None:
            agree_after(row, step, step.to_ours, step.replaced.get("theirs", {}))
        done.append((step.id, thing.id, None))
    way.book.write(session, [(i, fields) for i, fields in writes.items() if fields])
    link_new_parts(session, way, steps, links)
    touch_links(session, [links[i].id for i in writes if i in links])
    finish_steps(session, way.run_id, done, changed=sum(1 for fields in writes.values() if fields))


def left_to_do(
    wanted: Mapping[str, Any], now: Mapping[str, Any], before: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What is still to be written, and what is neither as it was nor as it should be."""
    todo = {n: v for n, v in wanted.items() if n == "variants" or now.get(n) != v}
    stale = [n for n in todo if n != "variants" and n in before and now.get(n) != before[n]]
    return todo, stale


def agree_after(row: ChannelLink, step: SyncStep, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """An undo goes back to the agreement before; everything else is the new agreement."""
    if "undo" in step.base:
        _agree_as_before(row, step.base["undo"])
        return
    names = [n for n in ours if n != "variants"]
    agree(row, {n: ours[n] for n in names}, {n: theirs[n] for n in names if n in theirs})


def _agree_as_before(row: ChannelLink, before: Mapping[str, Any]) -> None:
    touched = before["fields"]
    row.base = {**{n: v for n, v in row.base.items() if n not in touched}, **before["ours"]}
    row.theirs = {**{n: v for n, v in row.theirs.items() if n not in touched}, **before["theirs"]}
    row.updated_at = clock.now()


def link_new_parts(session: Session, way: Way, steps: Sequence[SyncStep], links: Mapping[int, ChannelLink]) -> None:
    """Variants that were added here a moment ago, by SKU."""
    for step in steps:
        row = links.get(step.our_id or 0)
        if row is None or "variants" not in step.to_ours:
            continue
        found = session.execute(
            text("""
                SELECT v.sku, v.id FROM variants v WHERE v.product_id = :id AND v.sku <> ''
                   AND NOT EXISTS (SELECT 1 FROM channel_links l WHERE l.parent_id = :link AND l.our_id = v.id)"""),
            {"id": step.our_id, "link": row.id},
        )
        ours = {row[0]: row[1] for row in found}
        pairs = [(v["external_id"], ours[v["sku"]]) for v in step.to_ours["variants"] if v["sku"] in ours]
        link_parts(session, way.connection_id, row.id, pairs)


def touch_links(session: Session, link_ids: Sequence[int]) -> None:
    """Our own write is no news to tell: it is older than the agreement."""
    if link_ids:
        session.flush()
        session.execute(
            update(ChannelLink)
            .where(ChannelLink.id.in_(list(link_ids)))
            .values(updated_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def fail_step(held: Claim, way: Way, step: SyncStep, error: Exception) -> None:
    """This one fails, the others go on. What came from there is parked with its story, and asked for again."""
    why = error.user_message if isinstance(error, ShopError) else f"It could not be saved: {type(error).__name__}."
    if not isinstance(error, ShopError):
        logger.warning("step failed", run=held.id, step=step.id, exc_info=error)
    with transaction() as session:
        durable.hold(session, SyncRun, held)
        leave_step(session, step, "failed", why)
        if step.side == "ours" and step.external_id:
            park(session, way.connection_id, way.book.entity, step.external_id, why, step.record)
