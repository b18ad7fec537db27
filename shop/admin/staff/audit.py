"""The audit log: filtered by person, thing and date; paged by where the last entry stood, so it stays fast."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from shop.accounts.audit_models import AuditEntry
from shop.accounts.models import StaffMember
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.extensions import db
from shop.orders.numbers import read_number

PER_PAGE = 50
OTHERS = ("API key", "command line")
MOST_PEOPLE = 200


@bp.get("/staff/audit")
@staff_only(May.STAFF)
def audit() -> Response:
    """Newest first. Filters that make no sense (a date that is none, a cursor made up) are left out."""
    session = db.session()
    asked = {name: request.args.get(name, "").replace("\0", "").strip()[:120] for name in ("person", "subject")}
    days = {name: _day(request.args.get(name)) for name in ("from", "to")}
    found = _search(session, asked, days, _place(request.args.get("after")))
    is_more = len(found) > PER_PAGE
    entries = found[:PER_PAGE]
    kept = {**asked, **{name: day.isoformat() for name, day in days.items() if day}}
    return render(
        "admin/audit.html",
        fragment="results",
        page_title="Audit log",
        entries=entries,
        fields_of=fields_of,
        asked=asked,
        days=days,
        people=_people(session),
        is_filtered=any(asked.values()) or any(days.values()),
        is_later_page=bool(request.args.get("after")),
        first_url=_link(kept),
        older_url=_link({**kept, "after": _mark(entries[-1])}) if is_more else None,
    )


def fields_of(entry: AuditEntry) -> list[tuple[str, Any, Any]]:
    """[(field in words, before, after)], each None where there was nothing."""
    names = dict.fromkeys([*entry.after, *entry.before])
    return [(n.replace("_", " "), entry.before.get(n), entry.after.get(n)) for n in names]


def _search(
    session: Session, asked: dict[str, str], days: dict[str, date | None], place: tuple[datetime, int] | None
) -> list[AuditEntry]:
    query: Select[Any] = select(AuditEntry)
    person, subject = asked["person"], asked["subject"]
    if person:
        query = query.where(AuditEntry.who.startswith(person, autoescape=True))
    if subject:
        number = read_number(subject)
        query = query.where(
            AuditEntry.subject == f"order {number}"
            if number
            else AuditEntry.subject.startswith(subject, autoescape=True)
        )
    if days["from"]:
        query = query.where(AuditEntry.at >= datetime.combine(days["from"], time.min, UTC))
    if days["to"]:
        query = query.where(AuditEntry.at < datetime.combine(days["to"], time.min, UTC) + timedelta(days=1))
    if place:
        query = query.where(tuple_(AuditEntry.at, AuditEntry.id) < place)
    ordered = query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(PER_PAGE + 1)
    return list(session.execute(ordered).scalars())


def _people(session: Session) -> list[str]:
    staff = session.execute(select(func.lower(StaffMember.email)).order_by(StaffMember.email).limit(MOST_PEOPLE))
    return [*staff.scalars(), *OTHERS]


def _day(raw: str | None) -> date | None:
    try:
        found = date.fromisoformat((raw or "")[:10])
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2999 else None


def _mark(entry: AuditEntry) -> str:
    return f"{entry.at.astimezone(UTC).isoformat()}~{entry.id}"


def _place(raw: str | None) -> tuple[datetime, int] | None:
    moment, _, row_id = (raw or "")[:60].partition("~")
    if not (row_id.isascii() and row_id.isdigit() and len(row_id) < 19):
        return None
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (found, int(row_id)) if found.tzinfo and 2000 <= found.year <= 2999 else None


def _link(values: dict[str, str]) -> str:
    return url_for("admin.audit", **{name: value for name, value in values.items() if value})  # type: ignore[arg-type]
