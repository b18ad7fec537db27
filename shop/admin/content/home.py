"""The home page, section by section: changed as a draft, looked at, then published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.content.languages import Languages, chosen_language
from shop.admin.content.section_form import pictures_in, read_fields, shown_fields
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.catalog.collections import current_shelves
from shop.content import home as domain
from shop.content.home import KINDS, Section
from shop.content.speaking import with_texts
from shop.core.pages import render
from shop.core.signing import sign
from shop.core.storage import public_url
from shop.core.transaction import release_connection, transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db


@bp.get("/content/home")
@staff_only()
def content_home() -> Response:
    home = domain.find_home(db.session())
    return render(
        "admin/content_home.html",
        page_title="Home page",
        part="home",
        sections=[(s, KINDS[s["kind"]], _summary(s)) for s in domain.draft_of(home) if s["kind"] in KINDS],
        has_draft=home is not None and home.draft is not None,
        published_at=home.published_at if home else None,
        kinds=KINDS.values(),
        preview_key=sign("preview", "home"),
    )


@bp.post("/content/home/sections")
@staff_only(May.CONTENT)
def add_section() -> BaseResponse:
    try:
        kind = read.choice(request.form, "kind", "Kind of section", KINDS)
        with transaction() as session:
            section = domain.add_section(session, kind)
    except InvalidInput as error:
        flash(" ".join(error.fields.values()), "bad")
        return redirect(url_for("admin.content_home"), 303)
    flash(f"“{KINDS[kind].name}” stands at the end of the draft.", "good")
    return redirect(url_for("admin.section", section_id=section["id"]), 303)


@bp.post("/content/home/publish")
@staff_only(May.CONTENT)
def publish_home() -> BaseResponse:
    def work() -> str:
        with transaction() as session:
            done = domain.publish(session)
        return "Published. The shop shows it within a second." if done else "There is no draft: all is published."

    return press(work, done="", back=url_for("admin.content_home"))


@bp.post("/content/home/discard")
@staff_only(May.CONTENT)
def discard_home() -> BaseResponse:
    def work() -> str:
        with transaction() as session:
            done = domain.discard(session)
        return "The draft is gone. The published page is as it was." if done else "There is no draft."

    return press(work, done="", back=url_for("admin.content_home"))


@bp.get("/content/home/sections/<section_id>")
@staff_only()
def section(section_id: str) -> Response:
    found = _find(section_id)
    return _page(found, shown_fields(found, chosen_language()))


@bp.post("/content/home/sections/<section_id>")
@staff_only(May.CONTENT)
def save_section(section_id: str) -> Response | BaseResponse:
    languages, form = chosen_language(), request.form
    found = _find(section_id)
    kind = KINDS[found["kind"]]
    typed = {f.name: form[f.name][:20_000] for f in kind.fields if f.name in form and f.kind != "picture"}
    try:
        read_fields(kind, {**shown_fields(found, languages), **typed}, languages)
        release_connection()
        pictures = pictures_in(kind, form, request.files) if languages.is_own else {}
        with transaction() as session:
            domain.lock_home(session)
            now = domain.section_in(domain.draft_of(domain.find_home(session)), section_id)
            met = meet(shown_fields(now, languages), typed, form.get("marks", ""))
            if not met.changed:
                _write(session, now, read_fields(kind, met.values, languages), pictures, languages)
    except InvalidInput as error:
        return _page(found, {**shown_fields(found, languages), **typed}, status=422, errors=error.fields)
    if met.changed:
        return _page(now, met.values, status=409, changed=met.changed)
    flash("Saved in the draft. Look at it, then publish.", "good")
    return redirect(url_for("admin.section", section_id=section_id, lang=languages.asked), 303)


@bp.post("/content/home/sections/<section_id>/move")
@staff_only(May.CONTENT)
def move_section(section_id: str) -> BaseResponse:
    step = -1 if request.form.get("to") == "up" else 1
    return _press(section_id, lambda session: domain.move_section(session, section_id, step), "Moved, in the draft.")


@bp.post("/content/home/sections/<section_id>/hide")
@staff_only(May.CONTENT)
def hide_section(section_id: str) -> BaseResponse:
    hidden = request.form.get("hidden") == "1"
    said = "Hidden, in the draft." if hidden else "Shown again, in the draft."
    return _press(section_id, lambda session: domain.change_section(session, section_id, hidden=hidden), said)


@bp.post("/content/home/sections/<section_id>/remove")
@staff_only(May.CONTENT)
def remove_section(section_id: str) -> BaseResponse:
    return _press(section_id, lambda session: domain.remove_section(session, section_id), "Removed from the draft.")


def _press(section_id: str, work: Any, said: str) -> BaseResponse:
    _find(section_id)

    def run() -> None:
        with transaction() as session:
            work(session)

    return press(run, done=said, back=url_for("admin.content_home"))


def _find(section_id: str) -> Section:
    found = domain.section_in(domain.draft_of(domain.find_home(db.session())), section_id)
    if found["kind"] not in KINDS:
        raise NotFound("There is no such section.")
    return found


def _write(session: Any, now: Section, texts: dict[str, str], pictures: dict[str, Any], languages: Languages) -> None:
    if not languages.is_own:
        domain.change_section(session, now["id"], texts=with_texts(now.get("texts") or {}, languages.now, texts))
        return
    kept = {f.name: now["fields"].get(f.name) for f in KINDS[now["kind"]].fields if f.kind == "picture"}
    fields = {name: value for name, value in {**texts, **kept, **pictures}.items() if value}
    if fields != now["fields"]:
        domain.change_section(session, now["id"], fields=fields)


def _summary(section: Section) -> str:
    """A few words that tell sections of one kind apart."""
    fields = section["fields"]
    return str(fields.get("title") or fields.get("collection") or fields.get("quote_1") or "")[:80]


def _page(
    found: Section,
    values: Mapping[str, str],
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    changed: Mapping[str, str] | None = None,
) -> Response:
    languages = chosen_language()
    kind = KINDS[found["kind"]]
    labels = {f.name: f.label for f in kind.fields}
    collections = [("", "Choose one"), *((c.slug, c.title) for c in current_shelves().collections.values())]
    return render(
        "admin/content_section.html",
        status=status,
        page_title=kind.name,
        section=found,
        kind=kind,
        fields=[f for f in kind.fields if languages.is_own or f.is_translated],
        values=values,
        marks=marks_of(shown_fields(found, languages)),
        languages=languages,
        collections=collections,
        errors=errors or {},
        changed={labels[name]: text for name, text in (changed or {}).items()},
        media_address=public_url,
        preview_key=sign("preview", "home"),
    )
