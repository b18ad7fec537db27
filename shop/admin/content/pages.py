"""Pages of the shop: list, editor, order, deletion. Each text in each language; two editors lose nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.content.languages import Languages, chosen_language
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import every
from shop.admin.stale import marks_of, meet
from shop.content import pages as domain
from shop.content.html import MOST_CHARS, clean_page, has_words
from shop.content.models import ContentPage
from shop.content.pages import LEGAL
from shop.content.speaking import with_texts
from shop.core.pages import render
from shop.core.signing import sign
from shop.core.transaction import transaction
from shop.errors import InvalidInput
from shop.extensions import db

STATUSES = {"published": "Published", "draft": "Draft"}
LABELS = {
    "title": "Title", "slug": "Address", "html": "Text", "seo_title": "Title for search engines",
    "seo_description": "Description for search engines", "status": "Status", "legal": "Legal text",
    "in_footer": "In the footer",
}  # fmt: skip


@bp.get("/content")
@staff_only()
def content() -> Response:
    session = db.session()
    length = func.length(ContentPage.html)
    rows = session.execute(
        select(ContentPage, length)
        .options(defer(ContentPage.html), defer(ContentPage.translations))
        .order_by(ContentPage.position, ContentPage.id)
        .limit(domain.MOST_PAGES)
    ).all()
    found = [(page, bool(size)) for page, size in rows]
    legal = {page.legal: page for page, _ in found if page.legal}
    return render(
        "admin/content_pages.html",
        page_title="Content",
        part="pages",
        pages=found,
        legal_names=LEGAL,
        missing=[(key, name) for key, name in LEGAL.items() if key not in legal],
        samples=[page for page, _ in found if page.is_sample],
        drafts=[page for page, _ in found if page.legal and page.status != "published"],
    )


@bp.get("/content/pages/new")
@staff_only(May.CONTENT)
def new_page() -> Response:
    """?legal=imprint begins that legal text."""
    legal = request.args.get("legal", "")
    values = _shown(None, chosen_language())
    if legal in LEGAL:
        values.update(title=LEGAL[legal], slug=domain.slug_of(LEGAL[legal]), legal=legal, in_footer="1")
    return _page(None, values)


@bp.post("/content/pages")
@staff_only(May.CONTENT)
def add_page() -> Response | BaseResponse:
    form = request.form
    try:
        with transaction() as session:
            values = _read(session, form, None)
            page = domain.add_page(session, values)
    except InvalidInput as error:
        return _page(None, {**_shown(None, chosen_language()), **_typed(form)}, status=422, errors=error.fields)
    flash(f"“{page.title}” is there." if page.status == "published" else f"The draft “{page.title}” is saved.", "good")
    return redirect(url_for("admin.edit_page", page_id=page.id), 303)


@bp.get("/content/pages/<int:page_id>")
@staff_only()
def edit_page(page_id: int) -> Response:
    page = domain.get_page(db.session(), page_id)
    return _page(page, _shown(page, chosen_language()))


@bp.post("/content/pages/<int:page_id>")
@staff_only(May.CONTENT)
def save_page(page_id: int) -> Response | BaseResponse:
    languages, form = chosen_language(), request.form
    typed = _typed(form)
    try:
        with transaction() as session:
            page = domain.get_page(session, page_id, lock=True)
            met = meet(_shown(page, languages), typed, form.get("marks", ""))
            if not met.changed:
                saved = domain.change_page(session, page, _columns(session, page, met.values, languages))
    except InvalidInput as error:
        page = domain.get_page(db.session(), page_id)
        shown = {**_shown(page, languages), **typed}
        return _page(page, shown, status=422, errors=error.fields, marks=form.get("marks", ""))
    if met.changed:
        return _page(page, met.values, status=409, changed=met.changed)
    flash("Saved. The shop shows it within a second." if saved else "Nothing was changed.", "good")
    return redirect(url_for("admin.edit_page", page_id=page_id, lang=languages.asked), 303)


@bp.post("/content/pages/<int:page_id>/delete")
@staff_only(May.CONTENT)
def delete_page(page_id: int) -> BaseResponse:
    def work() -> str:
        with transaction() as session:
            return f"“{domain.delete_page(session, page_id)}” is deleted."

    domain.get_page(db.session(), page_id)
    return press(work, done="", back=url_for("admin.content"))


@bp.post("/content/pages/<int:page_id>/move")
@staff_only(May.CONTENT)
def move_page(page_id: int) -> BaseResponse:
    step = -1 if request.form.get("to") == "up" else 1

    def work() -> None:
        with transaction() as session:
            domain.move_page(session, page_id, step)

    domain.get_page(db.session(), page_id)
    return press(work, done="Moved.", back=url_for("admin.content") + f"#page-{page_id}")


def _shown(page: ContentPage | None, languages: Languages) -> dict[str, str]:
    """The form's fields; in another language those that are translated, empty where ours are used."""
    if page is None:
        return {**dict.fromkeys(LABELS, ""), "status": "published", "in_footer": "1"}
    if not languages.is_own:
        told = page.translations.get(languages.now) or {}
        return {name: str(told.get(name) or "") for name in domain.TRANSLATED}
    values = {name: str(getattr(page, name) or "") for name in LABELS if name != "in_footer"}
    return {**values, "in_footer": "1" if page.in_footer else ""}


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    values = {name: form[name][: MOST_CHARS * 2] for name in LABELS if name in form}
    if "has_footer" in form:
        values["in_footer"] = "1" if form.get("in_footer") == "1" else ""
    return values


def _texts(form: Mapping[str, str], *, required: bool) -> dict[str, str]:
    def html() -> str:
        typed = form.get("html", "")
        if len(typed) > MOST_CHARS:
            raise InvalidInput(fields={"html": f"The text is too long: at most {MOST_CHARS} characters."})
        return clean_page(typed)

    found = every(
        [
            lambda: read.text(form, "title", "The title", 200, required=required),
            html,
            lambda: read.text(form, "seo_title", "The title for search engines", 200, required=False),
            lambda: read.text(form, "seo_description", "The description", 400, required=False),
        ]
    )
    return dict(zip(domain.TRANSLATED, found, strict=True))


def _read(session: Session, form: Mapping[str, str], page_id: int | None) -> dict[str, Any]:
    """Every column, in the store's own language. Raises InvalidInput with every wrong field."""

    def slug() -> str:
        typed = read.text(form, "slug", "The address", 80, required=False)
        typed = typed or domain.slug_of(form.get("title", "")[:200])
        domain.check_slug(session, typed, page_id)
        return typed

    def legal() -> str:
        chosen = read.choice({"legal": form.get("legal", "")}, "legal", "Legal text", ("", *LEGAL))
        domain.check_legal(session, chosen, page_id)
        return chosen

    texts, address, status, kind = every(
        [
            lambda: _texts(form, required=True),
            slug,
            lambda: read.choice(form, "status", "Status", STATUSES),
            legal,
        ]
    )
    in_footer = form.get("in_footer") == "1"
    return {**texts, "slug": address, "status": status, "legal": kind, "in_footer": in_footer}


def _columns(session: Session, page: ContentPage, values: Mapping[str, str], languages: Languages) -> dict[str, Any]:
    if languages.is_own:
        return _read(session, values, page.id)
    texts = _texts(values, required=False)
    texts["html"] = texts["html"] if has_words(texts["html"]) else ""
    return {"translations": with_texts(page.translations, languages.now, texts)}


def _page(
    page: ContentPage | None,
    values: Mapping[str, str],
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    changed: Mapping[str, str] | None = None,
    marks: str | None = None,
) -> Response:
    languages = chosen_language()
    shown = _shown(page, languages)
    return render(
        "admin/content_page.html",
        status=status,
        page_title=page.title if page else "New page",
        page=page,
        values=values,
        errors=errors or {},
        changed={LABELS[name]: text for name, text in (changed or {}).items()},
        marks=marks if marks is not None else marks_of(shown),
        languages=languages,
        statuses=list(STATUSES.items()),
        legal_options=[("", "No"), *LEGAL.items()],
        preview_key=sign("preview", f"page {page.id}") if page else "",
        most_chars=MOST_CHARS,
    )
