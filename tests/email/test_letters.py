"""Every letter, in every language, from the sample facts: complete, translated, and what mail readers can bear."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import css_inline
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel, force_locale
from jinja2 import UndefinedError

from config import ROOT
from shop.core.languages import LOCALES
from shop.email.rendering import LETTERS, LETTERS_FOR_BUYERS, _environment
from shop.email.samples import sample_facts


def po_of(locale: str) -> Path:
    return ROOT / "shop" / "translations" / locale / "LC_MESSAGES" / "messages.po"


BRAND = {
    "name": "Fern & Fable",
    "logo_url": None,
    "accent": "#23553f",
    "accent_ink": "#ffffff",
    "url": "https://shop.example.com",
    "support_email": "hello@example.com",
    "legal_name": "Fern & Fable Studio",
    "address": "12 Mill Lane, Portland",
}


@pytest.fixture(scope="module", autouse=True)
def languages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The catalogues compiled aside, whatever set-up has or has not compiled."""
    folder: Path = tmp_path_factory.mktemp("translations")
    for locale in LOCALES[1:]:
        target = folder / locale / "LC_MESSAGES"
        target.mkdir(parents=True)
        with po_of(locale).open("rb") as source, (target / "messages.mo").open("wb") as compiled:
            write_mo(compiled, read_po(source, locale=locale))
    app = Flask("letters")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(folder)
    Babel(app)
    with app.test_request_context():
        yield


def write(letter: str, locale: str = "en", facts: dict[str, Any] | None = None, **brand: Any) -> tuple[str, str, str]:
    """(subject, text, html) as the renderer makes them."""
    context = {**(facts or sample_facts(letter, locale)), "brand": {**BRAND, **brand}, "locale": locale}
    with force_locale(locale):
        subject, text, html = (
            _environment().get_template(f"{letter}/{part}").render(context)
            for part in ("subject.txt", "body.txt", "body.html")
        )
    return subject.strip(), text, css_inline.CSSInliner(keep_style_tags=True).inline(html)


class Reader(HTMLParser):
    """What a mail reader would see of the HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.hidden = tag in ("style", "title", "head")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        words = data.strip(" \n\u2007\u034f")
        if not self.hidden and words:
            self.words.append(words)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("letter", LETTERS)
def test_letter_is_complete_in_every_language(letter: str, locale: str) -> None:
    subject, text, html = write(letter, locale)
    assert 5 < len(subject) < 100
    assert "\n" not in subject
    assert "&amp;" not in text
    assert not re.search(r"\n{4,}", text), "a hole in the plain text"
    assert max(len(line) for line in text.splitlines() if "http" not in line) < 400
    assert "Fern & Fable Studio" in text and "12 Mill Lane" in text
    assert "Fern &amp; Fable Studio" in html
    page = Reader(html)
    assert page.of("html")[0]["lang"] == locale
    assert len(page.of("h1")) == 1
    assert not page.of("script") and not page.of("link") and not page.of("form")
    assert all(("alt" in picture and picture.get("width")) or picture.get("height") for picture in page.of("img"))
    assert all(table.get("role") == "presentation" for table in page.of("table"))
    assert len(html) < 100_000, "longer letters are clipped by Gmail"
    assert "@media (prefers-color-scheme: dark)" in html


@pytest.mark.parametrize("letter", LETTERS)
def test_the_button_stands_before_the_goods_and_its_address_is_in_the_text(letter: str) -> None:
    _, text, html = write(letter)
    page = Reader(html)
    buttons = [link for link in page.of("a") if "button" in (link.get("class") or "")]
    if letter == "contact_received":
        assert not buttons
        return
    assert len(buttons) == 1
    address = str(buttons[0]["href"])
    assert address.removeprefix("mailto:") in text
    if 'class="good-title"' in html:
        assert html.index('class="button"') < html.index('class="good-title"')


@pytest.mark.parametrize("locale", LOCALES[1:])
@pytest.mark.parametrize("letter", LETTERS)
def test_no_letter_has_english_left_in_another_language(letter: str, locale: str) -> None:
    english, other = (Reader(write(letter, code)[2]).words for code in ("en", locale))
    # Names, addresses, numbers and what the merchant's machine says are the same in both.
    same = set(english) & set(other)
    facts = _texts(sample_facts(letter, locale)) | _texts(BRAND)
    joined = " ".join(facts)
    with po_of(locale).open("rb") as source:
        alike = {message.id for message in read_po(source, locale=locale) if message.id == message.string}
    left = [
        words
        for words in same - alike
        if words not in joined and re.search("[a-z]{3}", words) and "shop.example" not in words
    ]
    assert left == []


@pytest.mark.parametrize("letter", LETTERS)
def test_hostile_facts_stay_text(letter: str) -> None:
    evil = "<script>alert(1)</script>\r\nBcc: all@example.com"
    subject, _, html = write(letter, facts=_replaced(sample_facts(letter), evil))
    assert "<script" not in html
    assert "Bcc: all" not in subject or "<" in subject  # the renderer folds line ends into blanks


@pytest.mark.parametrize("letter", LETTERS_FOR_BUYERS)
def test_a_letter_needs_no_picture_logo_or_name(letter: str) -> None:
    facts = _replaced(sample_facts(letter), "", only=("image_url", "customer_name", "variant_title", "number_of"))
    _, text, html = write(letter, facts=facts, address="", support_email="")
    assert "data:image" not in html
    assert "None" not in text and "None" not in html
    assert "Thank you, ." not in text


def test_a_logo_is_shown_with_the_name_as_its_text() -> None:
    _, _, html = write("order_confirmation", logo_url="https://shop.example.com/media/logo.png")
    logo = next(picture for picture in Reader(html).of("img") if "logo" in str(picture["src"]))
    assert logo["alt"] == "Fern & Fable"


def test_parcel_items_may_be_plain_sentences() -> None:
    facts = sample_facts("shipped")
    facts["parcel"]["items"] = ["2 × Fern Study tee (Moss / M)"]
    _, text, html = write("shipped", facts=facts)
    assert "* 2 × Fern Study tee" in text
    assert "2 × Fern Study tee" in html


def test_a_parcel_without_tracking_leads_to_the_order() -> None:
    facts = sample_facts("shipped")
    facts["parcel"] |= {"carrier": "", "number": "", "url": facts["order"]["url"], "partial": False}
    _, text, html = write("shipped", facts=facts)
    assert "Tracking number" not in text + html
    assert "View your order" in html
    assert "Track your parcel" not in html


def test_a_missing_fact_is_an_error_and_not_a_hole() -> None:
    facts = copy.deepcopy(sample_facts("order_confirmation"))
    del facts["order"]["number"]
    with pytest.raises(UndefinedError):
        write("order_confirmation", facts=facts)


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(_texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(_texts, value)) if value else set()
    return {str(value)}


def _replaced(value: Any, text: str, only: tuple[str, ...] = (), key: str = "") -> Any:
    """A copy with every text (or those under the named keys) replaced; addresses of pages stay addresses."""
    if isinstance(value, dict):
        return {name: _replaced(one, text, only, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, text, only, key) for one in value]
    if not isinstance(value, str) or (only and key not in only) or (not only and key.endswith("url")):
        return value
    return text
