"""The audit log: who changed what, from what to what, when and from where. Nobody can edit it.

While somebody acts (staff in the panel, a key at the API, a person at the command line), a listener collects what the
session's objects looked like before and after, and writes one entry per thing in the same transaction. So a change
and its entry stand or fall together. Changes made by statements instead of objects are told by `note_change`; one that
nobody told about still leaves an entry that names the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from flask import g, has_app_context, has_request_context, request
from sqlalchemy import ClauseElement, event, insert, inspect
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from shop.accounts.audit_models import AuditEntry
from shop.accounts.audit_subjects import Thing, name_things, thing_of
from shop.accounts.audit_words import (
    MACHINE_COLUMNS,
    MACHINE_TABLES,
    clean_fields,
    is_about_customers,
    is_empty,
    is_subject_about_customers,
    secret_columns,
)
from shop.accounts.audit_words import clean_pair as clean
from shop.accounts.browsers import name_browser
from shop.core import clock

MOST_CHANGES = 2000  # rows remembered in one transaction; the others are counted
MOST_ENTRIES = 200
MOST_FIELDS_OF_A_THING = 60


@dataclass(frozen=True)
class Actor:
    """`who`: an e-mail address of staff, "API key …", "command line"."""

    who: str
    staff_id: int | None = None
    what: str = ""
    address: str = ""
    browser: str = ""
    request_id: str = ""


@dataclass
class Change:
    """One row: `thing` is what it belongs to, `label` how it is called there ("" for the thing itself)."""

    thing: Thing
    before: dict[str, Any]
    after: dict[str, Any]
    label: str = ""
    what: str = ""


@dataclass
class Notes:
    changes: list[Change] = field(default_factory=list)
    uncounted: int = 0
    tables: set[str] = field(default_factory=set)  # touched by statements that nobody has told about yet
    told: bool = False
    marks: dict[int, int] = field(default_factory=dict)  # SAVEPOINT → how many changes there were


_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)
_KEY = "audit"


def current_actor() -> Actor | None:
    """Who acts now; None for machines and visitors, whose changes are not written down here."""
    actor = _acting.get()
    if actor is not None or not has_app_context():
        return actor
    found: Actor | None = g.get("audit_actor")
    return found


@contextmanager
def act_as(who: str, *, staff_id: int | None = None, what: str = "") -> Iterator[None]:
    """Changes inside the block are `who`'s: act_as("command line", what="users password").

    Where and with what are taken from the request, if there is one; `what` also, when it is empty.
    """
    token = _acting.set(_actor(who, staff_id, what))
    try:
        yield
    finally:
        _acting.reset(token)


def act_for_this_request(who: str, *, staff_id: int | None = None, what: str = "") -> None:
    """The same until the request ends; for what stands before a view (the panel's door, the API's)."""
    g.audit_actor = _actor(who, staff_id, what)


def note_change(session: Session, what: str, subject: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Tell of a change made by statements, in the transaction that makes it. Nothing happens when nobody acts.

    `what`: a few words ("raise prices"), "" takes the endpoint's; `subject`: "product 12", "order K7QM-4T2X", "prices".
    Fields that are equal are left out; secrets and personal data are hidden by their names (audit_words.py).
    """
    if current_actor() is None:
        return
    was, now = clean_fields(before, after, personal=is_subject_about_customers(subject))
    notes = _notes(session)
    notes.told = True
    notes.changes.append(Change(Thing("", 0, subject), was, now, what=what[:80]))


# -- collecting


@event.listens_for(Session, "after_flush")
def _collect(session: Session, _: object) -> None:
    """History and ids are both there now: what was sent is known, and not forgotten yet."""
    if current_actor() is None:
        return
    for rows, kind in ((session.new, "new"), (session.dirty, "dirty"), (session.deleted, "deleted")):
        for row in rows:
            _remember(session, row, kind)


def _remember(session: Session, row: Any, kind: str) -> None:
    state = inspect(row)
    table = state.mapper.local_table
    if table.name in MACHINE_TABLES:
        return
    secrets, personal = secret_columns(table), is_about_customers(table)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for column in state.mapper.column_attrs:
        name = column.key
        if name in MACHINE_COLUMNS or (kind == "dirty" and not state.attrs[name].history.has_changes()):
            continue
        if kind == "dirty":
            history = state.attrs[name].history
            was, now = (history.deleted or [None])[0], (history.added or [None])[0]
            if not isinstance(now, ClauseElement) and was == now:
                continue
        else:
            was = now = state.dict.get(name)
            if is_empty(was):
                continue
        was, now = clean(name, was, now, secret=name in secrets, personal=personal)
        if kind != "new":
            before[name] = was
        if kind != "deleted":
            after[name] = now
    if not before and not after:
        return
    notes = _notes(session)
    if len(notes.changes) >= MOST_CHANGES:
        notes.uncounted += 1
        return
    thing, label = thing_of(row, table)
    notes.changes.append(Change(thing, before, after, label))


@event.listens_for(Session, "do_orm_execute")
def _see_statement(state: ORMExecuteState) -> None:
    """A statement that changes rows of people's things: whoever sent it should tell with `note_change`."""
    if not (state.is_update or state.is_delete or state.is_insert) or current_actor() is None:
        return
    table = getattr(state.statement, "table", None)
    name = str(getattr(table, "name", ""))
    values = {getattr(c, "name", str(c)) for c in (getattr(state.statement, "_values", None) or {})}
    if name and name not in MACHINE_TABLES and not (values and values <= MACHINE_COLUMNS):
        _notes(state.session).tables.add(name)


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested and _KEY in session.info:
        session.info[_KEY].marks[id(transaction)] = len(session.info[_KEY].changes)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What a rollback took back was never changed; one to a SAVEPOINT takes back what came after it."""
    notes: Notes | None = session.info.get(_KEY)
    if notes is None:
        return
    if transaction.nested:
        del notes.changes[notes.marks.pop(id(transaction), 0) :]
    else:
        session.info.pop(_KEY, None)


# -- writing


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    actor = current_actor()
    if actor is None or session.in_nested_transaction():
        return
    session.flush()
    notes: Notes | None = session.info.pop(_KEY, None)
    if notes is None:
        return
    entries = _entries(session, notes)
    if not entries and notes.tables and not notes.told:
        entries = [(_subject_of_request(), "", {}, {"changed": ", ".join(sorted(notes.tables))})]
    if notes.uncounted or len(entries) > MOST_ENTRIES:
        more = notes.uncounted + max(0, len(entries) - MOST_ENTRIES)
        entries = [*entries[:MOST_ENTRIES], ("several things", "", {}, {"more of them": more})]
    if entries:
        session.execute(insert(AuditEntry.__table__), [_row(actor, *entry) for entry in entries])  # type: ignore[arg-type]


def _entries(session: Session, notes: Notes) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """(subject, what, before, after): one for each thing; the first "before" and the last "after" of a field count."""
    names = name_things(session, {change.thing for change in notes.changes})
    merged: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}
    for change in notes.changes:
        before, after = merged.setdefault((names[change.thing], change.what), ({}, {}))
        lead = f"{change.label}: " if change.label else ""
        for name in {**change.before, **change.after}:
            key = lead + name
            known = key in before or key in after
            if not known and len({**before, **after}) >= MOST_FIELDS_OF_A_THING:
                after["…"] = "and more"
                continue
            if name in change.before and not known:
                before[key] = change.before[name]
            if name in change.after:
                after[key] = change.after[name]
            else:
                after.pop(key, None)
    return [
        (subject, what, before, after) for (subject, what), (before, after) in merged.items() if what or before != after
    ]


def _row(actor: Actor, subject: str, what: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": clock.now(),
        "who": actor.who[:254],
        "staff_id": actor.staff_id,
        "what": (what or actor.what or "change")[:80],
        "subject": subject[:120],
        "before": before,
        "after": after,
        "address": actor.address[:45],
        "browser": actor.browser[:60],
        "request_id": actor.request_id[:40],
    }


def _notes(session: Session) -> Notes:
    found: Notes = session.info.setdefault(_KEY, Notes())
    return found


def _actor(who: str, staff_id: int | None, what: str) -> Actor:
    if not has_request_context():
        return Actor(who, staff_id, what)
    endpoint = (request.endpoint or "").rpartition(".")[2].replace("_", " ")
    return Actor(
        who=who,
        staff_id=staff_id,
        what=what or endpoint,
        address=request.remote_addr or "",
        browser=name_browser(request.user_agent.string),
        request_id=str(g.get("request_id", "")),
    )


def _subject_of_request() -> str:
    """What the address names, for a change that told nothing: "order K7QM-4T2X" for /admin/orders/K7QM-4T2X/hold."""
    if not has_request_context() or not request.view_args:
        return "the shop"
    name, value = next(iter(request.view_args.items()))
    if name == "number":
        return f"order {value}"
    return f"{name.removesuffix('_id').replace('_', ' ')} {value}"
