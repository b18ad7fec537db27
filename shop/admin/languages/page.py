"""Languages: products and collections with what is translated, the editor with the original beside, shared words.

?kind=product|collection, ?id=, ?lang=. Two people at one text: the second sees what changed and loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from shop.admin import reading_forms as read
from shop.admin.blueprint import bp
from shop.admin.permissions import May, staff_only
from shop.admin.settings_forms import every
from shop.admin.stale import marks_of, meet
from shop.catalog.documents import rebuild, rebuild_all
from shop.catalog.html import clean_html
from shop.catalog.models import CatalogWord, Collection, Product
from shop.catalog.translating import (
    FIELDS,
    MOST_CHARS,
    MOST_WORDS,
    originals,
    outdated,
    told,
    words_in_use,
    write_texts,
    write_words,
)
from shop.core.languages import LOCALES, NAMES
from shop.core.pages import render
from shop.core.transaction import transaction
from shop.errors import InvalidInput, NotFound
from shop.extensions import db
from shop.tenancy.languages import main_language, store_languages
from shop.tenancy.profile import touch_catalog

KINDS: dict[str, type[Product] | type[Collection]] = {"product": Product, "collection": Collection}
PER_PAGE = 50


def languages() -> list[tuple[str, str]]:
    """(code, name) of what is translated into: offered ones first, then what could be."""
    main = main_language()
    codes = [*store_languages()[1:], *(code for code in LOCALES if code not in store_languages())]
    return [(code, NAMES[code]) for code in codes if code != main]


@bp.get("/languages")
@staff_only()
def languages_page() -> Response:
    """?kind=, ?page=: what there is, and in which languages."""
    kind = request.args.get("kind", "product")
    model: Any = KINDS.get(kind, Product)
    page = min(max(request.args.get("page", 1, int), 1), 100_000)
    session = db.session()
    total = session.execute(select(func.count()).select_from(model)).scalar_one()
    rows = session.execute(
        select(model).order_by(model.title, model.id).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    ).scalars()
    known = languages()
    return render(
        "admin/languages.html",
        page_title="Languages",
        kind=kind if kind in KINDS else "product",
        known=known,
        offered=store_languages(),
        rows=[(row, {code: _state(row, code) for code, _ in known}) for row in rows],
        page=page,
        pages=max(1, -(-total // PER_PAGE)),
    )


@bp.get("/languages/text")
@staff_only()
def text_page() -> Response | BaseResponse:
    if not request.args.get("id"):
        return redirect(url_for("admin.languages_page"), 302)
    kind, row = _find(db.session(), request.args)
    code = _language(request.args)
    return _page(kind, row, code, told(row, code))


@bp.post("/languages/text")
@staff_only(May.CATALOG)
def save_text() -> Response | BaseResponse:
    kind, row = _find(db.session(), request.form)
    code = _language(request.form)
    names = FIELDS[type(row)]
    typed = {name: request.form.get(name, "").replace("\r\n", "\n") for name in names}
    try:
        texts = dict(zip(names, every([_reader(name, *names[name][:2]) for name in names]), strict=True))
    except InvalidInput as error:
        return _page(kind, row, code, typed, status=422, errors=error.fields)
    with transaction() as session:
        _, row = _find(session, request.form, to_change=True)
        met = meet(told(row, code), texts, request.form.get("marks", ""))
        if not met.changed:
            write_texts(row, code, texts)
            if isinstance(row, Product):
                rebuild(session, [row.id])
            touch_catalog(session)
    if met.changed:
        labels = {names[name][0]: text for name, text in met.changed.items()}
        return _page(kind, row, code, met.values, status=409, changed=labels)
    flash(f"Saved in {NAMES[code]}. The shop shows it within a second.", "good")
    return redirect(url_for("admin.text_page", kind=kind, id=row.id, lang=code), 303)


@bp.get("/languages/words")
@staff_only()
def words_page() -> Response:
    return _words(_language(request.args))


@bp.post("/languages/words")
@staff_only(May.CATALOG)
def save_words() -> Response | BaseResponse:
    """word-<n> and text-<n>: the n-th word and how it is said. Words nobody uses are passed over."""
    code = _language(request.form)
    used = set(_used(db.session()))
    words: dict[str, str] = {}
    for n in range(MOST_WORDS):
        word = request.form.get(f"word-{n}")
        if word in used:
            words[word] = read.text(request.form, f"text-{n}", word, MOST_CHARS, required=False)
    with transaction() as session:
        write_words(session, code, words)
        rebuild_all(session)
        touch_catalog(session)
    flash(f"Saved in {NAMES[code]}.", "good")
    return redirect(url_for("admin.words_page", lang=code), 303)


def _reader(name: str, label: str, most: int) -> Any:
    if name == "html":
        return lambda: clean_html(read.text(request.form, name, label, most, required=False, lines=True))
    return lambda: read.text(request.form, name, label, most, required=False)


def _state(row: Product | Collection, code: str) -> str:
    """none | part | all | old"""
    if outdated(row, code):
        return "old"
    own, mine = originals(row), told(row, code)
    wanted = [name for name, text in own.items() if text]
    said = sum(1 for name in wanted if mine[name])
    return "all" if said == len(wanted) else "part" if said else "none"


def _find(session: Session, values: Mapping[str, str], to_change: bool = False) -> tuple[str, Any]:
    kind, number = values.get("kind", ""), values.get("id", "")
    if kind not in KINDS or not (number.isascii() and number.isdigit() and len(number) < 18):
        raise NotFound("There is no such text.")
    model: Any = KINDS[kind]
    wanted = select(model).where(model.id == int(number)).execution_options(populate_existing=True)
    row = session.execute(wanted.with_for_update() if to_change else wanted).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such text.")
    return kind, row


def _language(values: Mapping[str, str]) -> str:
    known = [code for code, _ in languages()]
    asked = values.get("lang", "")
    return asked if asked in known else known[0]


def _used(session: Session) -> list[str]:
    rows = session.execute(select(Product.product_type, Product.options).where(Product.status == "active").distinct())
    return words_in_use(rows.all())[:MOST_WORDS]


def _words(code: str) -> Response:
    session = db.session()
    said = {row.word: row.translations for row in session.execute(select(CatalogWord.word, CatalogWord.translations))}
    return render(
        "admin/language_words.html",
        page_title="Words of the catalogue",
        known=languages(),
        code=code,
        words=[(word, (said.get(word) or {}).get(code, "")) for word in sorted(_used(session), key=str.casefold)],
    )


def _page(
    kind: str,
    row: Product | Collection,
    code: str,
    values: Mapping[str, str],
    *,
    status: int = 200,
    errors: dict[str, str] | None = None,
    changed: dict[str, str] | None = None,
) -> Response:
    return render(
        "admin/language_text.html",
        status=status,
        page_title=row.title,
        kind=kind,
        row=row,
        code=code,
        known=languages(),
        main=NAMES[main_language()],
        fields=[(name, label, most) for name, (label, most, _) in FIELDS[type(row)].items()],
        originals=originals(row),
        old=outdated(row, code),
        values=values,
        errors=errors or {},
        changed=changed,
        marks=request.form.get("marks") if status == 422 else marks_of(told(row, code)),
        offered=code in store_languages(),
    )
