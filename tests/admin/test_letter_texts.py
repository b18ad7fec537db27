"""A merchant's own words in letters: fixed placeholders, escaped, per language, and never in the way of a letter."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.core.languages import LOCALES
from shop.core.transaction import transaction
from shop.email.models import LetterTexts
from shop.email.own_texts import PARTS, check_text, may_be_reworded, own_words, placeholders_of
from shop.email.rendering import LETTERS, our_words, render_letter
from shop.email.samples import sample_facts
from shop.extensions import db
from shop.tenancy import profile
from shop.tenancy.profile import touch_settings
from tests.admin.conftest import Staff

HOME = "/admin/letters/kinds/order_confirmation"


def marks(page: str) -> str:
    found = re.search(r'name="marks" value="([^"]*)"', page)
    assert found
    return unescape(found[1])


def save(staff: Staff, url: str = HOME, locale: str = "en", **texts: str) -> Any:
    seen = marks(staff.get(f"{url}?locale={locale}").text)
    return staff.post(url, {"locale": locale, "marks": seen, **texts})


def letter(locale: str = "en", kind: str = "order_confirmation") -> Any:
    profile.forget()
    return render_letter(kind, sample_facts(kind, locale), locale)


def test_own_words_stand_in_subject_html_and_text(staff: Staff) -> None:
    answer = save(
        staff,
        subject="Hooray, {order_number}!",
        heading="Hello {first_name}",
        intro="One\nTwo",
        outro="Yours, {shop_name}",
    )
    assert answer.status_code == 303
    made = letter()
    assert made.subject == "Hooray, K7QM-4T2X!"
    for wanted in ("Hello Ada", "Yours, Fern"):
        assert wanted in made.html
        assert wanted in made.text
    assert "One<br>\nTwo" in made.html
    assert "One\nTwo" in made.text
    assert "Fern Study tee" in made.html  # what is not words stays


def test_only_what_differs_from_ours_is_kept(staff: Staff) -> None:
    ours = our_words("order_confirmation", sample_facts("order_confirmation"))
    assert save(staff, **{**ours, "heading": "Mine"}).status_code == 303
    assert db.session.execute(select(LetterTexts.texts)).scalar_one() == {"heading": "Mine"}
    db.session.remove()
    assert save(staff, **ours).status_code == 303
    assert db.session.execute(select(LetterTexts)).first() is None


def test_each_language_has_its_own_words(staff: Staff) -> None:
    save(staff, heading="English words")
    assert "English words" not in letter("fr").html
    save(staff, locale="fr", heading="Des mots à nous")
    assert "Des mots à nous" in letter("fr").html
    assert "English words" in letter("en").html


def test_a_change_reaches_letters_within_a_second(staff: Staff) -> None:
    before = profile.current_versions(fresh=True).settings
    save(staff, heading="Soon")
    assert profile.current_versions(fresh=True).settings == before + 1


@pytest.mark.parametrize("kind", [kind for kind in LETTERS if may_be_reworded(kind)])
@pytest.mark.parametrize("locale", LOCALES)
def test_every_letter_can_be_edited_from_our_own_words(app: Flask, kind: str, locale: str) -> None:
    ours = our_words(kind, sample_facts(kind, locale), locale)
    assert ours["subject"] and ours["heading"] and ours["intro"]
    for part, text in ours.items():
        check_text(kind, part, text)
    before = render_letter(kind, sample_facts(kind, locale), locale)
    after = render_letter(kind, sample_facts(kind, locale), locale, ours)
    assert after.subject == before.subject
    assert "{" not in re.sub(r"<style.*?</style>", "", after.html, flags=re.S)


def test_our_words_name_the_order_by_its_placeholder(app: Flask) -> None:
    assert our_words("shipped", sample_facts("shipped"))["subject"] == "Your order {order_number} is on its way"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi {card_number}", "does not know {card_number}"),
        ("{{ config.SECRET_KEY }}", "brace lacks"),
        ("{% for x in y %}", "does not know {% for x in y %}"),
        ("Hi {first_name", "brace lacks"),
        ("Hi {first_name.__class__}", "does not know"),
        ("x" * 3000, "too long"),
    ],
)
def test_an_unknown_placeholder_is_refused_by_its_name(staff: Staff, text: str, said: str) -> None:
    answer = save(staff, heading="kept in the form", intro=text)
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert "kept in the form" in answer.text
    assert db.session.execute(select(LetterTexts)).first() is None


def test_html_in_words_and_in_facts_is_escaped(staff: Staff) -> None:
    save(staff, heading="<script>alert(1)</script>{first_name}")
    facts = sample_facts("order_confirmation")
    facts["order"]["customer_name"] = "<img/src=x>"
    profile.forget()
    html = render_letter("order_confirmation", facts).html
    assert "<script>" not in html
    assert "<img/src" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img/src=x&gt;" in html


def test_a_value_that_looks_like_a_placeholder_is_only_text(app: Flask) -> None:
    facts = sample_facts("order_confirmation")
    facts["order"]["customer_name"] = "{order_number}"
    assert own_words("order_confirmation", facts, {"heading": "Hi {customer_name}"}) == {"heading": "Hi {order_number}"}


def test_a_subject_stays_one_line(app: Flask) -> None:
    facts = sample_facts("order_confirmation")
    facts["order"]["customer_name"] = "Ada\r\nBcc: x@example.org"
    made = render_letter("order_confirmation", facts, "en", {"subject": "For {customer_name}"})
    assert made.subject == "For Ada Bcc: x@example.org"


def test_a_part_with_nothing_to_put_in_is_ours(app: Flask) -> None:
    facts = sample_facts("order_confirmation")
    facts["order"]["customer_name"] = ""
    made = render_letter("order_confirmation", facts, "en", {"heading": "Dear {first_name}", "outro": "Bye"})
    assert "Dear" not in made.html
    assert "Thank you." in made.html
    assert "Bye" in made.html


@pytest.mark.parametrize("texts", [{"heading": "{gone}"}, {"heading": "{"}, {"heading": 7}, {"nonsense": "x"}, []])
def test_broken_words_in_the_database_stop_no_letter(app: Flask, texts: Any) -> None:
    with transaction() as session:
        session.add(LetterTexts(letter="order_confirmation", locale="en", texts=texts))
        touch_settings(session)
    assert "Thank you, Ada Byron." in letter().html


def test_the_second_of_two_sees_what_changed_and_loses_nothing(staff: Staff) -> None:
    seen = marks(staff.get(HOME).text)
    save(staff, heading="First")
    answer = staff.post(HOME, {"locale": "en", "marks": seen, "heading": "Second", "outro": "Also mine"})
    assert answer.status_code == 409
    assert "First" in answer.text
    assert "Second" in answer.text
    assert "Also mine" in answer.text
    assert staff.post(HOME, {"marks": marks(answer.text), "heading": "Second", "outro": "Also mine"}).status_code == 303
    assert "Second" in letter().html


def test_the_preview_shows_words_that_are_not_saved(staff: Staff) -> None:
    staff.get(HOME)
    answer = staff.post(f"{HOME}/preview", {"heading": "Not yet <b>{first_name}</b>"})
    assert "Not yet &lt;b&gt;Ada&lt;/b&gt;" in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert "Not yet" not in letter().html
    assert staff.post(f"{HOME}/preview", {"heading": "{<b>}"}).status_code == 422
    assert "<b>" not in staff.post(f"{HOME}/preview", {"heading": "{<b>}"}).text


def test_back_to_our_words(staff: Staff) -> None:
    save(staff, heading="Mine")
    assert "back to our words" in staff.press(f"{HOME}/ours", {"locale": "en"})
    assert "in our words already" in staff.press(f"{HOME}/ours", {"locale": "en"})
    assert "Thank you, Ada Byron." in letter().html


def test_a_test_letter_carries_the_saved_words(staff: Staff) -> None:
    save(staff, heading="Mine")
    assert staff.post(f"{HOME}/test", {"once": "abcdefgh", "locale": "en"}).status_code == 303


def test_support_may_look_but_not_write(staff_as: Callable[[str], Staff]) -> None:
    someone = staff_as("support")
    assert 'formtarget="preview"' not in someone.get(HOME).text
    assert someone.post(HOME, {"heading": "x"}).status_code == 403


def test_a_warning_to_staff_stays_in_our_words(staff: Staff) -> None:
    url = "/admin/letters/kinds/staff_security"
    assert 'name="intro"' not in staff.get(url).text
    assert staff.post(url, {"heading": "All is well"}).status_code == 403
    made = render_letter("staff_security", sample_facts("staff_security"), "en", {"heading": "All is well"})
    assert "All is well" not in made.html


def test_every_placeholder_has_a_meaning_and_a_value_in_the_sample(app: Flask) -> None:
    for kind in filter(may_be_reworded, LETTERS):
        for p in placeholders_of(kind):
            assert p.means
            facts = {**sample_facts(kind), "brand": {"name": "n", "support_email": "s"}}
            assert own_words(kind, facts, {"intro": "{" + p.name + "}"}).get("intro"), (kind, p.name)
    assert set(PARTS) == {"subject", "heading", "intro", "outro"}
