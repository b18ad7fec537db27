"""Letters: the log, what each looks like, and sending again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.rendering import LETTERS
from shop.extensions import db
from tests.admin import making
from tests.admin.conftest import Staff


def test_the_log_is_searched_and_filtered(staff: Staff) -> None:
    with transaction() as session:
        making.letter(session, to_email="ada@example.com")
        making.letter(session, "parked", to_email="grace@example.com", kind="shipped")
        making.letter(session, "due", to_email="mary@example.com")
    for query, found in (
        ("", {"ada", "grace", "mary"}), ("q=gra", {"grace"}), ("tab=parked", {"grace"}), ("tab=waiting", {"mary"}),
        ("letter=shipped", {"grace"}), ("q=%25", set()), ("letter=nonsense&tab=x", {"ada", "grace", "mary"}),
    ):  # fmt: skip
        page = staff.get(f"/admin/letters?{query}").text
        assert {n for n in ("ada", "grace", "mary") if f"{n}@example.com" in page} == found, query


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_is_shown_in_each_language(staff: Staff, letter: str) -> None:
    for locale in ("en", "fr"):
        page = staff.get(f"/admin/letters/kinds/{letter}?locale={locale}")
        assert page.status_code == 200
        assert "cannot be written" not in page.text
        frame = staff.get(f"/admin/letters/kinds/{letter}/frame?locale={locale}")
        assert frame.status_code == 200


def test_the_frame_has_a_policy_of_its_own(staff: Staff) -> None:
    frame = staff.get("/admin/letters/kinds/shipped/frame")
    policy = frame.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "unsafe-inline" not in staff.get("/admin/letters/kinds/shipped").headers["Content-Security-Policy"]


def test_a_letter_with_facts_of_old_is_still_a_page(staff: Staff) -> None:
    with transaction() as session:
        row = making.letter(session, facts={})
    page = staff.get(f"/admin/letters/{row.id}")
    assert page.status_code == 200
    assert "It cannot be shown" in page.text
    assert staff.get(f"/admin/letters/{row.id}/frame").status_code == 404


def test_a_copy_is_sent_once_while_it_is_on_its_way(staff: Staff) -> None:
    with transaction() as session:
        row = making.letter(session)
    assert "A copy goes to" in staff.press(f"/admin/letters/{row.id}/send-copy")
    assert "on its way already" in staff.press(f"/admin/letters/{row.id}/send-copy")
    keys = db.session.execute(select(Letter.subject_key).order_by(Letter.id)).scalars().all()
    assert keys == [row.subject_key, f"{row.subject_key}#2"]


def test_a_test_goes_to_oneself_once_a_form(staff: Staff) -> None:
    for _ in range(2):
        staff.press("/admin/letters/kinds/shipped/test", {"once": "abcdefgh", "locale": "fr"})
    (row,) = db.session.execute(select(Letter)).scalars().all()
    assert (row.to_email, row.locale, row.letter) == ("admin@example.com", "fr", "shipped")
    assert "Open the page again" in staff.press("/admin/letters/kinds/shipped/test", {"once": ""})


def test_unknown_letters_are_404(staff: Staff) -> None:
    for path in ("/admin/letters/kinds/nonsense", "/admin/letters/99999999999999999999", "/admin/letters/5"):
        assert staff.get(path).status_code == 404
