"""Every kind of letter with made-up facts: how it looks in each language, and a test to oneself."""

from __future__ import annotations

from flask import Response, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from shop.admin.answering import press
from shop.admin.blueprint import bp
from shop.admin.letter_frame import frame_of, render_safely
from shop.admin.letters import name_of
from shop.admin.permissions import May, staff_only
from shop.core.pages import render
from shop.core.secrets import new_token
from shop.core.transaction import transaction
from shop.email.rendering import LETTERS, LETTERS_FOR_BUYERS
from shop.email.requesting import request_letter
from shop.email.samples import sample_facts
from shop.errors import InvalidInput, NotFound
from shop.guards import LOCALES

LANGUAGES = {"en": "English", "fr": "Français"}


@bp.get("/letters/kinds")
@staff_only()
def letter_kinds() -> Response:
    groups = [
        ("To your buyers", [(key, name_of(key)) for key in LETTERS if key in LETTERS_FOR_BUYERS]),
        ("To you", [(key, name_of(key)) for key in LETTERS if key not in LETTERS_FOR_BUYERS]),
    ]
    return render("admin/letter_kinds.html", page_title="What letters look like", groups=groups)


@bp.get("/letters/kinds/<letter>")
@staff_only()
def letter_kind(letter: str) -> Response:
    _check(letter)
    locale = _locale(request.args.get("locale"))
    rendered, problem = render_safely(letter, sample_facts(letter, locale), locale)
    return render(
        "admin/letter_kind.html",
        page_title=name_of(letter),
        letter=letter,
        locale=locale,
        languages=LANGUAGES,
        rendered=rendered,
        problem=problem,
        once=new_token(9),
        frame_url=url_for("admin.letter_kind_frame", letter=letter, locale=locale),
    )


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


def _check(letter: str) -> None:
    if letter not in LETTERS:
        raise NotFound("There is no such letter.")


def _locale(asked: str | None) -> str:
    return asked if asked in LOCALES else LOCALES[0]
