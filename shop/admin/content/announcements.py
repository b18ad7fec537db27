"""The announcement bar: one line above every page, in each language, between two hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.content.languages import Languages, chosen_language
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import every
from shop.admin.stale import marks_of, meet
from shop.content import announcing as domain
from shop.content.announcing import TONES
from shop.content.links import check_link
from shop.content.models import Announcement
from shop.content.speaking import with_texts
from shop.core import clock
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db
from shop.tenancy.profile import touch_settings

LABELS = {
    "text": "Text", "url": "Leads to", "tone": "Colours", "starts_at": "From", "ends_at": "Until",
    "is_on": "Switched on",
}  # fmt: skip


@bp.get("/content/announcements")
@staff_only()
def announcements() -> Response:
    now = clock.now()
    found = domain.list_announcements(db.session())
    return render(
        "admin/content_announcements.html",
        page_title="Announcements",
        part="announcements",
        found=[(row, _state(row, now)) for row in found],
        most=domain.MOST,
    )


@bp.get("/content/announcements/new")
@staff_only(May.CONTENT)
def new_announcement() -> Response:
    return _page(None, _shown(None, chosen_language()))


@bp.post("/content/announcements")
@staff_only(May.CONTENT)
def add_announcement() -> Response | BaseResponse:
    try:
        values = _read(request.form)
        with transaction() as session:
            row = domain.add_announcement(session, values)
    except InvalidInput as error:
        return _page(None, {**_shown(None, chosen_language()), **_typed(request.form)}, status=422, errors=error.fields)
    flash("The shop shows it within a second." if row.is_live else "It is saved, and not shown now.", "good")
    return redirect(url_for("admin.announcements"), 303)


@bp.get("/content/announcements/<int:announcement_id>")
@staff_only()
def announcement(announcement_id: int) -> Response:
    row = domain.get_announcement(db.session(), announcement_id)
    return _page(row, _shown(row, chosen_language()))


@bp.post("/content/announcements/<int:announcement_id>")
@staff_only(May.CONTENT)
def save_announcement(announcement_id: int) -> Response | BaseResponse:
    form, languages = request.form, chosen_language()
    typed = _typed(form)
    try:
        with transaction() as session:
            row = domain.get_announcement(session, announcement_id, lock=True)
            met = meet(_shown(row, languages), typed, form.get("marks", ""))
            if not met.changed:
                for name, value in _columns(row, met.values, languages).items():
                    setattr(row, name, value)
                domain.settle(session)
                touch_settings(session)
    except InvalidInput as error:
        row = domain.get_announcement(db.session(), announcement_id)
        return _page(row, {**_shown(row, languages), **typed}, status=422, errors=error.fields)
    if met.changed:
        return _page(row, met.values, status=409, changed=met.changed)
    flash("Saved. The shop shows it within a second." if row.is_live else "Saved. It is not shown now.", "good")
    return redirect(url_for("admin.announcement", announcement_id=announcement_id, lang=languages.asked), 303)


@bp.post("/content/announcements/<int:announcement_id>/delete")
@staff_only(May.CONTENT)
def delete_announcement(announcement_id: int) -> BaseResponse:
    domain.get_announcement(db.session(), announcement_id)

    def work() -> None:
        with transaction() as session:
            session.delete(domain.get_announcement(session, announcement_id, lock=True))
            domain.settle(session)
            touch_settings(session)

    return press(work, done="The announcement is deleted.", back=url_for("admin.announcements"))


def _state(row: Announcement, now: datetime) -> tuple[str, str]:
    """(word, tone of its badge)"""
    if row.is_live:
        return "Shown", "done"
    if not row.is_on:
        return "Off", "waiting"
    if row.ends_at is not None and row.ends_at <= now:
        return "Over", "waiting"
    if row.starts_at is not None and row.starts_at > now:
        return "Planned", "working"
    return "Waits: a newer one is shown", "waiting"


def _shown(row: Announcement | None, languages: Languages) -> dict[str, str]:
    if row is None:
        return {**dict.fromkeys(LABELS, ""), "tone": "plain", "is_on": "1"}
    if not languages.is_own:
        return {"text": str((row.translations.get(languages.now) or {}).get("text") or "")}
    return {
        "text": row.text,
        "url": row.url,
        "tone": row.tone,
        "starts_at": f"{row.starts_at:%Y-%m-%dT%H:%M}" if row.starts_at else "",
        "ends_at": f"{row.ends_at:%Y-%m-%dT%H:%M}" if row.ends_at else "",
        "is_on": "1" if row.is_on else "",
    }


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    values = {name: form[name][:1000] for name in LABELS if name in form}
    if "has_switch" in form:
        values["is_on"] = "1" if form.get("is_on") == "1" else ""
    return values


def _hour(form: Mapping[str, str], name: str) -> datetime | None:
    """As a browser's date-time field sends it, in UTC."""
    typed = form.get(name, "").strip()
    if not typed:
        return None
    try:
        found = datetime.strptime(typed[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput(fields={name: f"{LABELS[name]}: write a day and an hour, like 2027-11-26T08:00."}) from None
    if not 2000 <= found.year <= 2100:
        raise InvalidInput(fields={name: f"{LABELS[name]}: that year is too far away."})
    return found


def _read(form: Mapping[str, str]) -> dict[str, Any]:
    def url() -> str:
        typed = read.text(form, "url", "The address", 500, required=False)
        return check_link(typed, "url") if typed else ""

    text, link, tone, starts_at, ends_at = every(
        [
            lambda: read.text(form, "text", "The text", 300),
            url,
            lambda: read.choice(form, "tone", "Colours", TONES),
            lambda: _hour(form, "starts_at"),
            lambda: _hour(form, "ends_at"),
        ]
    )
    if starts_at and ends_at and ends_at <= starts_at:
        raise InvalidInput(fields={"ends_at": "It would end before it begins."})
    on = form.get("is_on") == "1"
    return {"text": text, "url": link, "tone": tone, "starts_at": starts_at, "ends_at": ends_at, "is_on": on}


def _columns(row: Announcement, values: Mapping[str, str], languages: Languages) -> dict[str, Any]:
    if languages.is_own:
        return _read(values)
    text = read.text(values, "text", "The text", 300, required=False)
    return {"translations": with_texts(row.translations, languages.now, {"text": text})}


def _page(
    row: Announcement | None,
    values: Mapping[str, str],
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    changed: Mapping[str, str] | None = None,
) -> Response:
    languages = chosen_language()
    return render(
        "admin/content_announcement.html",
        status=status,
        page_title="Announcement" if row else "New announcement",
        row=row,
        state=_state(row, clock.now()) if row else None,
        values=values,
        marks=marks_of(_shown(row, languages)),
        languages=languages,
        tones=list(TONES.items()),
        errors=errors or {},
        changed={LABELS[name]: text for name, text in (changed or {}).items()},
    )
