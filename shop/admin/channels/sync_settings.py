"""How each kind of thing of a connection is kept in step: direction, schedule, who is right, what may be made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.channels.parts import connection_page, find_connection
from shop.admin.channels.words_of_sync import DIRECTIONS, ENTITIES, FIELDS, RULED, RULES
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import every
from shop.admin.stale import marks_of, meet
from shop.channels import registry
from shop.channels.connector import AcceptsOrders, ReportsOrders, TakesStock
from shop.channels.models import Connection
from shop.channels.syncing.books import ENTITIES as COMPARED
from shop.channels.syncing.books import book_of
from shop.channels.syncing.models import SyncSetting
from shop.channels.syncing.settings import find_setting
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Conflict, InvalidInput, NotFound
from shop.extensions import db
from shop.workflows.sync_channel import request_sync

EVERY = (("5", "5 minutes"), ("15", "15 minutes"), ("60", "hour"), ("360", "6 hours"), ("1440", "day"))
AS_ABOVE = "above"  # a field without a rule of its own
#: switches of one kind of thing: option → words, help, what holds when nobody chose
SWITCHES: dict[str, tuple[tuple[str, str, str, bool], ...]] = {
    "products": (
        ("create_here", "Bring in what is new there", "As drafts: nothing is on sale before you say so.", True),
        ("create_there", "List there what is new here", "", False),
    ),
    "customers": (
        ("create_here", "Bring in customers that are new there", "", True),
        ("create_there", "Tell it of customers that are new here", "", False),
    ),
    "orders": (
        (
            "place_authorised",
            "Place orders whose payment is only authorised",
            "Else they wait until they are paid.",
            False,
        ),
        ("letters", "Write to their buyers from here, too", "The platform writes to them already.", False),
        ("invoices", "Issue our invoices for them", "", False),
    ),
    "stock": (),
}


@dataclass(frozen=True)
class Section:
    """One kind of thing on the page. `directions`: those the platform allows; fewer than two: none is chosen."""

    entity: str
    title: str
    text: str
    setting: SyncSetting
    values: dict[str, str]
    marks: str
    directions: dict[str, str]
    ruled: tuple[tuple[str, str], ...]
    switches: tuple[tuple[str, str, str, bool], ...]
    is_compared: bool
    errors: Mapping[str, str]
    changed: dict[str, str] | None


@bp.get("/channels/<int:connection_id>/sync")
@staff_only()
def sync_settings(connection_id: int) -> Response:
    return _page(find_connection(db.session(), connection_id))


@bp.post("/channels/<int:connection_id>/sync/<entity>")
@staff_only(May.CATALOG)
def save_sync_setting(connection_id: int, entity: str) -> Response | BaseResponse:
    """When somebody else saved meanwhile, nothing is written and both are shown."""
    found = find_connection(db.session(), connection_id)
    if entity not in offered(found.channel):
        raise NotFound("This platform has no such thing to keep in step.")
    marks, form = request.form.get("marks", ""), request.form
    try:
        read_in = _read(found.channel, entity, form)
        with transaction() as session:
            row = find_setting(session, connection_id, entity, to_change=True)
            met = meet(fill(row, entity), _typed(row, entity, form), marks)
            if met.changed:
                raise Conflict
            _write(row, read_in)
    except InvalidInput as error:
        return _page(found, entity, errors=error.fields, status=422)
    except Conflict:
        return _page(
            find_connection(db.session(), connection_id), entity, changed=met.changed, values=met.values, status=422
        )
    flash(f"{ENTITIES[entity]}: saved.", "good")
    return redirect(url_for("admin.sync_settings", connection_id=connection_id, _anchor=entity), 303)


@bp.post("/channels/<int:connection_id>/sync/<entity>/run")
@staff_only(May.CATALOG)
def run_sync_now(connection_id: int, entity: str) -> BaseResponse:
    """Form field `how`: plan (look first, read everything) | now."""
    found = find_connection(db.session(), connection_id)
    back = url_for("admin.sync_settings", connection_id=connection_id, _anchor=entity)
    if entity not in COMPARED or not book_of(entity).can_read(found.channel):
        raise NotFound("This platform has no such thing to keep in step.")
    if found.status != "active":
        return press(_not_connected, done="", back=back)
    is_plan = request.form.get("how") == "plan"
    with transaction() as session:
        run_id = request_sync(
            session, connection_id, entity, mode="full" if is_plan else "incremental", cause="button",
            who=current_user.email, must_review=is_plan,
        )  # fmt: skip
    return redirect(url_for("admin.sync_run", sync_run_id=run_id), 303)


def _not_connected() -> None:
    raise Conflict("It is not connected at the moment, so nothing can be read there.")


def offered(channel: str) -> list[str]:
    """Kinds of things that this platform can be kept in step with."""
    found = [entity for entity in COMPARED if book_of(entity).can_read(channel)]
    if registry.can(channel, ReportsOrders):
        found.append("orders")
    if registry.can(channel, TakesStock):
        found.append("stock")
    return found


def fill(row: SyncSetting, entity: str) -> dict[str, str]:
    first = "review" if row.last_full_at is None else "alone"  # the first plan is looked at
    values = {
        "is_on": "1" if row.is_on else "", "direction": row.direction, "every_minutes": str(row.every_minutes),
        "default_rule": row.default_rule, "apply": str(row.options.get("apply", first)),
    }  # fmt: skip
    values |= {f"rule_{name}": row.rules.get(name, AS_ABOVE) for name in RULED.get(entity, ())}
    return values | {
        f"may_{name}": "1" if row.options.get(name, default) else "" for name, _, _, default in SWITCHES.get(entity, ())
    }


def _typed(row: SyncSetting, entity: str, form: Mapping[str, str]) -> dict[str, str]:
    names = fill(row, entity)
    boxes = {name for name in names if name.startswith("may_") or name == "is_on"}
    return {
        name: ("1" if form.get(name) else "") if name in boxes else form.get(name, value)[:40].replace("\0", "")
        for name, value in names.items()
    }


def _read(channel: str, entity: str, form: Mapping[str, str]) -> dict[str, Any]:
    ways, rules = directions_of(channel, entity), tuple(RULES)
    is_compared = entity in COMPARED
    parts: list[Callable[[], tuple[str, Any]]] = [
        lambda: ("every_minutes", int(read.choice(form, "every_minutes", "How often", tuple(k for k, _ in EVERY)))),
    ]
    if len(ways) > 1:
        parts.append(lambda: ("direction", read.choice(form, "direction", "Direction", ways)))
    if is_compared:
        parts.append(lambda: ("default_rule", read.choice(form, "default_rule", "Both changed", rules)))
        parts.append(lambda: ("apply", read.choice(form, "apply", "Plans", ("review", "alone"))))
        parts.append(lambda: ("rules", _rules(entity, form)))
    found: dict[str, Any] = dict(every(parts))
    found["is_on"] = bool(form.get("is_on"))
    found["may"] = {name: bool(form.get(f"may_{name}")) for name, _, _, _ in SWITCHES[entity]}
    return found


def _rules(entity: str, form: Mapping[str, str]) -> dict[str, str]:
    chosen = {}
    for name in RULED.get(entity, ()):
        if form.get(f"rule_{name}", AS_ABOVE) != AS_ABOVE:
            chosen[name] = read.choice(form, f"rule_{name}", FIELDS[name], tuple(RULES))
    return chosen


def _write(row: SyncSetting, found: Mapping[str, Any]) -> None:
    was_on = row.is_on
    row.is_on, row.every_minutes = found["is_on"], found["every_minutes"]
    row.direction = found.get("direction", row.direction)
    row.default_rule, row.rules = found.get("default_rule", row.default_rule), found.get("rules", row.rules)
    options = {**row.options, **found["may"]}
    if "apply" in found:
        options["apply"] = found["apply"]
    row.options = options
    soon = clock.now() if not was_on else (row.next_at or clock.now())
    row.next_at = min(soon, clock.now() + timedelta(minutes=row.every_minutes)) if row.is_on else None


def directions_of(channel: str, entity: str) -> dict[str, str]:
    if entity in COMPARED:
        return DIRECTIONS if book_of(entity).can_write(channel) else {"import": DIRECTIONS["import"]}
    if entity == "orders" and registry.can(channel, AcceptsOrders):
        return {
            "import": "take orders placed there",
            "both": "take orders placed there, and send ours there",
            "export": "send ours there",
        }
    return {}


def _page(
    found: Connection,
    entity: str = "",
    *,
    errors: Mapping[str, str] | None = None,
    changed: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    rows = _rows(db.session(), found.id)
    sections = []
    for kind in offered(found.channel):
        row = rows.get(kind) or SyncSetting(
            connection_id=found.id, entity=kind, direction="import", is_on=False, every_minutes=15, default_rule="ask",
            rules={}, options={},
        )  # fmt: skip
        is_it = kind == entity
        filled = fill(row, kind)
        shown = values if is_it and values else _typed(row, kind, request.form) if is_it and errors else filled
        sections.append(
            Section(
                kind, ENTITIES[kind], _TEXTS[kind], row, shown,
                request.form.get("marks", "") if is_it and errors else marks_of(filled),
                directions_of(found.channel, kind), tuple((n, FIELDS[n]) for n in RULED.get(kind, ())), SWITCHES[kind],
                kind in COMPARED, (errors or {}) if is_it else {}, changed if is_it else None,
            )
        )  # fmt: skip
    return connection_page(
        "admin/connection_sync.html", found, sections=sections, every=EVERY, capitals=_capitals, rules=RULES,
        status=status, errors=errors or {},
    )  # fmt: skip


_TEXTS = {
    "products": "Titles, texts, tags, prices and what is on sale. Each field is compared with what both sides last "
    "agreed on, so an edit on either side travels and none is lost.",
    "customers": "Names, telephone numbers and tags. Consent to letters stays where it was given.",
    "orders": "Orders placed there are printed and sent from here, and their parcels told there.",
    "stock": "How many of each are left is told there within a minute.",
}


def _capitals(options: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(key, words.capitalize()) for key, words in options.items()]


def _rows(session: Session, connection_id: int) -> dict[str, SyncSetting]:
    rows = session.execute(select(SyncSetting).where(SyncSetting.connection_id == connection_id)).scalars()
    return {row.entity: row for row in rows}
