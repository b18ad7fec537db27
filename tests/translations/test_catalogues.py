"""Every word a buyer can read is in every language: what is extracted from the source is what the catalogues hold."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from config import ROOT
from shop.core.languages import LOCALES

OTHERS = LOCALES[1:]
#: besides `_`, `gettext`, `ngettext`, `N_`: words.mark, speaking.say, and what amounts.py refuses with
KEYWORDS = {**DEFAULT_KEYWORDS, "mark": None, "say": None, "NotAnAmount": None}
PLACE = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_]+\}")
TAG = re.compile(r"</?[a-z]+[^>]*>")


@lru_cache(maxsize=1)
def source() -> Catalog:
    with (ROOT / "shop" / "translations" / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = Catalog()
    for folder in ("shop", "templates"):
        # the mapping names paths from the root of the repository
        for _file, _line, message, comments, context in extract_from_dir(
            ROOT / folder, [(p.removeprefix(folder + "/"), m) for p, m in methods if p.startswith(folder)],
            {p.removeprefix(folder + "/"): o for p, o in options.items()}, KEYWORDS,
        ):  # fmt: skip
            found.add(message, context=context, auto_comments=comments)
    return found


@lru_cache(maxsize=4)
def catalogue(locale: str) -> Catalog:
    with (ROOT / "shop" / "translations" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_the_source_is_read() -> None:
    assert len(source()) > 600


@pytest.mark.parametrize("locale", OTHERS)
def test_every_text_is_translated_and_none_is_left_over(locale: str) -> None:
    wanted = {key(m) for m in source() if m.id}
    have = {key(m) for m in catalogue(locale) if m.id}
    assert sorted(wanted - have) == [], "not in the catalogue: see docs/translating.md"
    assert sorted(have - wanted) == [], "said nowhere any more"
    assert sorted(catalogue(locale).obsolete) == []


@pytest.mark.parametrize("locale", OTHERS)
def test_nothing_is_empty_or_guessed(locale: str) -> None:
    found = [key(m) for m in catalogue(locale) if m.id and (m.fuzzy or not all(texts(m)))]
    assert found == []


@pytest.mark.parametrize("locale", OTHERS)
def test_values_and_tags_are_the_originals(locale: str) -> None:
    wrong = []
    for message in catalogue(locale):
        if not message.id:
            continue
        originals = (message.id,) if isinstance(message.id, str) else message.id
        for text in texts(message):
            for pattern in (PLACE, TAG):
                if Counter(pattern.findall(text)) not in [Counter(pattern.findall(o)) for o in originals]:
                    wrong.append((originals, text))
            if "%" in PLACE.sub("", text).replace("%%", "") and PLACE.search(originals[-1]):
                wrong.append((originals, text))
    assert wrong == []


@pytest.mark.parametrize("locale", OTHERS)
def test_plural_forms_are_as_many_as_the_language_has(locale: str) -> None:
    found = catalogue(locale)
    assert [key(m) for m in found if m.id and m.pluralizable and len(texts(m)) != found.num_plurals] == []


@pytest.mark.parametrize("locale", OTHERS)
def test_each_language_keeps_its_typography(locale: str) -> None:
    wrong = []
    for message in catalogue(locale):
        for text in texts(message) if message.id else ():
            plain = PLACE.sub("x", TAG.sub("", text))
            if locale == "fr" and re.search(
                r"(?<![\u202f\u00a0?!])[;!?](?=\s|$)|(?<![\u202f\u00a0 0-9h])[:](?=\s|$)|[' ][;!?:»]", plain
            ):
                wrong.append(text)
            if locale == "de" and re.search(r"[“‘](?=\w)|\"\w", plain):
                wrong.append(text)
            if locale == "es" and ((plain.count("?") != plain.count("¿")) or (plain.count("!") != plain.count("¡"))):
                wrong.append(text)
    assert wrong == []


# -- nothing is said around the catalogue

SPOKEN = ("storefront", "email", "errors", "macros")
LAYOUTS = ("base", "header", "footer", "choosing")
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
SAID_ALOUD = frozenset({"title", "alt", "placeholder", "aria-label", "label"})
#: the same in every language
ALIKE = frozenset({"UTC", "Stripe", "PDF"})


class Words(HTMLParser):
    """Letters outside of tags, and in the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        self.found += [v for k, v in attrs if k in SAID_ALOUD and v and re.search(r"[A-Za-z]{2}", v)]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found += [word for word in re.findall(r"[A-Za-z]{2,}", data) if word not in ALIKE]


def templates() -> list[Path]:
    folders = [p for name in SPOKEN for p in (ROOT / "templates" / name).rglob("*.*")]
    return sorted([*folders, *(ROOT / "templates" / "layouts" / f"{name}.html" for name in LAYOUTS)])


def test_templates_say_nothing_that_is_not_marked() -> None:
    said = {}
    for path in templates():
        plain = re.sub(
            r'^ required aria-invalid="true".*', "", JINJA.sub("", path.read_text()), flags=re.M
        )  # a macro's
        if path.suffix == ".txt":
            found = [w for w in re.findall(r"(?<![/\w])[A-Za-z]{2,}", plain) if w not in ALIKE]  # no paths
        else:
            words = Words()
            words.feed(plain)
            found = words.found
        if found:
            said[str(path.relative_to(ROOT))] = found
    assert said == {}


def test_no_text_hides_from_the_extraction() -> None:
    """Babel does not look into f-strings."""
    hidden = re.compile(r"""\bf(["']).*?\{(?:_|say|mark|N_|gettext)\((["'])(?!\1)(?P<text>[^"']*)""")
    have = {key(m) for m in catalogue(OTHERS[0]) if m.id}
    found = [
        (str(path.relative_to(ROOT)), match["text"])
        for path in (ROOT / "shop").rglob("*.py")
        for match in hidden.finditer(path.read_text())
        if match["text"] not in have
    ]
    assert found == []
