"""Every kind of letter with made-up facts: how it looks in each language, its words, and a test to oneself."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user
from markupsafe import escape
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import one_at_a_time, press
from shop.admin.blueprint import bp
from shop.admin.letter_frame import frame_of, framed, render_safely
from shop.admin.letter_texts.form import LINES, drop_texts, find_texts, ours, read_texts, save_texts, shown
from shop.admin.letters import name_of
from shop.admin.permissions import May, staff_only
from shop.admin.stale import marks_of, meet
from shop.core.languages import LOCALES, NAMES
from shop.core.pages import render
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.email.own_texts import PARTS, may_be_reworded, placeholders_of
from shop.email.rendering import (
    LETTERS,
    LETTERS_FOR_BUYERS,
    LETTERS_FOR_MERCHANT,
    LETTERS_FOR_SHOPPERS,
    LETTERS_FOR_STAFF,
    LETTERS_FOR_SUBSCRIBERS,
)
from shop.email.requesting import request_letter
from shop.email.samples import sample_facts
from shop.errors import InvalidInput, NotAllowed, NotFound
from shop.extensions import db
from shop.tenancy.profile import current_versions


@bp.get("/letters/kinds")
@staff_only()
def letter_kinds() -> Response:
    groups = [
        ("To your buyers", [(key, name_of(key)) for key in LETTERS if key in LETTERS_FOR_BUYERS]),
        ("About your buyers’ accounts", [(key, name_of(key)) for key in LETTERS_FOR_SHOPPERS]),
        ("To those who asked for them", [(key, name_of(key)) for key in LETTERS_FOR_SUBSCRIBERS]),
        ("To you", [(key, name_of(key)) for key in LETTERS_FOR_MERCHANT + LETTERS_FOR_STAFF]),
    ]
    return render("admin/letter_kinds.html", page_title="What letters look like", groups=groups)


@bp.get("/letters/kinds/<letter>")
@staff_only()
def letter_kind(letter: str) -> Response:
    _check(letter)
    return _page(letter, _locale(request.args.get("locale")))


def _page(
    letter: str,
    locale: str,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    changed: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    our = ours(letter, locale)
    row = find_texts(db.session(), letter, locale)
    values = shown(row, our)
    rendered, problem = render_safely(letter, sample_facts(letter, locale), locale)
    return render(
        "admin/letter_kind.html",
        status=status,
        page_title=name_of(letter),
        letter=letter,
        locale=locale,
        languages=NAMES,
        rendered=rendered,
        problem=problem,
        once=new_token(9),
        frame_url=url_for("admin.letter_kind_frame", letter=letter, locale=locale),
        parts=PARTS,
        lines=LINES,
        values={**values, **(typed or {})},
        marks=marks_of(values),
        errors=errors or {},
        changed={PARTS[name][0]: text for name, text in (changed or {}).items()},
        placeholders=placeholders_of(letter),
        is_own=row is not None,
        may_reword=may_be_reworded(letter),
    )


@bp.post("/letters/kinds/<letter>")
@staff_only(May.CONTENT)
def save_letter_texts(letter: str) -> Response | BaseResponse:
    """Save the words of one letter in one language. What is left empty, or says what ours say, is ours."""
    _check_words(letter)
    locale = _locale(request.form.get("locale"))
    back = url_for("admin.letter_kind", letter=letter, locale=locale)
    typed = {part: request.form[part][:4000] for part in PARTS if part in request.form}
    our = ours(letter, locale)
    try:
        texts = {**shown(find_texts(db.session(), letter, locale), our), **read_texts(typed, letter)}
    except InvalidInput as error:
        return _page(letter, locale, typed=typed, errors=error.fields, status=422)
    with one_at_a_time("letter texts", letter, locale), transaction() as session:
        met = meet(shown(find_texts(session, letter, locale, lock=True), our), texts, request.form.get("marks", ""))
        saved = False if met.changed else save_texts(session, letter, locale, texts, our)
    if met.changed:
        return _page(letter, locale, typed=met.values, changed=met.changed, status=409)
    if saved:
        current_versions(fresh=True)
    flash("Saved. Every letter from now on says so." if saved else "Nothing was changed.", "good")
    return redirect(back, 303)


@bp.post("/letters/kinds/<letter>/ours")
@staff_only(May.CONTENT)
def reset_letter_texts(letter: str) -> BaseResponse:
    """Forget the merchant's words for one letter in one language."""
    _check_words(letter)
    locale = _locale(request.form.get("locale"))

    def work() -> str:
        with transaction() as session:
            dropped = drop_texts(session, letter, locale)
        current_versions(fresh=True)
        return "The letter is back to our words." if dropped else "It is in our words already."

    return press(work, done="", back=url_for("admin.letter_kind", letter=letter, locale=locale))


@bp.post("/letters/kinds/<letter>/preview")
@staff_only(May.CONTENT)
def preview_letter_texts(letter: str) -> Response:
    """The letter with words that are not saved, for the frame beside the form."""
    _check_words(letter)
    locale = _locale(request.form.get("locale"))
    facts = sample_facts(letter, locale)
    try:
        texts = read_texts(request.form, letter)
    except InvalidInput as error:
        return framed(f"<p>{escape(' '.join(error.fields.values()))}</p>", 422)
    return frame_of(letter, facts, locale, texts)


@bp.get("/letters/kinds/<letter>/frame")
@staff_only()
def letter_kind_frame(letter: str) -> Response:
    _check(letter)
    locale = _locale(request.args.get("locale"))
    return frame_of(letter, sample_facts(letter, locale), locale)


@bp.post("/letters/kinds/<letter>/test")
@staff_only(May.SUPPORT)
def send_test(letter: str) -> BaseResponse:
    """The sample to oneself. `once` was made with the form, so a second press is the same letter."""
    _check(letter)
    locale = _locale(request.form.get("locale"))

    def work() -> str:
        once = request.form.get("once", "")
        if not 6 <= len(once) <= 24 or not once.isascii():
            raise InvalidInput(fields={"once": "Open the page again, then send the test."})
        with transaction() as session:
            new = request_letter(
                session,
                letter=letter,
                subject_key=f"test:{current_user.id}:{once}"[:80],
                to_email=current_user.email,
                facts=sample_facts(letter, locale),
                locale=locale,
            )
        return f"A test goes to {current_user.email}." if new else "That test is on its way already."

    return press(work, done="", back=url_for("admin.letter_kind", letter=letter, locale=locale))


def _check_words(letter: str) -> None:
    _check(letter)
    if not may_be_reworded(letter):
        raise NotAllowed("Letters about a staff account stay in our words.")


def _check(letter: str) -> None:
    if letter not in LETTERS:
        raise NotFound("There is no such letter.")


def _locale(asked: str | None) -> str:
    return asked if asked in LOCALES else LOCALES[0]
