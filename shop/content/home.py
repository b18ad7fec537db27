"""The home page as a list of sections: changed as a draft, looked at, then published whole. The caller commits.

A section is {"id": "s3", "kind": "hero", "hidden": false, "fields": {name: text}, "texts": {locale: {name: text}}}.
`fields` holds the store's own language; an empty field is worked out (home's first words, the "about" page).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.content.models import HomePage
from shop.core import clock
from shop.errors import InvalidInput, NotFound
from shop.tenancy.profile import touch_settings

MOST_SECTIONS = 30
Section = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """`kind`: line, text (several lines), html, link, choice, collection, picture, number."""

    name: str
    label: str
    kind: str = "line"
    most: int = 120
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def is_translated(self) -> bool:
        return self.kind in ("line", "text", "html")


@dataclass(frozen=True)
class Kind:
    key: str
    name: str
    lede: str
    fields: tuple[Field, ...]


_TITLE = Field("title", "Title", hint="Empty: our words, in the visitor’s language")
_COUNT = Field("count", "How many", "number", hint="2 to 12")
_GROUNDS = (("paper", "Paper"), ("accent", "Your colour"), ("night", "Contrast"))
_SIDES = (("right", "Picture on the right"), ("left", "Picture on the left"))
_PROMISE = tuple(
    field
    for n in (1, 2, 3)
    for field in (Field(f"title_{n}", f"Promise {n}", most=60), Field(f"text_{n}", f"Promise {n}, in short", most=120))
)
_QUOTES = tuple(
    field
    for n in (1, 2, 3, 4, 5, 6)
    for field in (
        Field(f"quote_{n}", f"Voice {n}", "text", 400),
        Field(f"name_{n}", f"Voice {n}: who says so", most=80),
    )
)

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("hero", "Opening", "One strong field with one action", (
            Field("title", "Title", most=120, hint="Empty: the shop’s tagline"),
            Field("text", "Text", "text", 400),
            Field("action", "Button", most=40),
            Field("link", "Button leads to", "link", 500, "Like /collections/botanical"),
            Field("picture", "Picture", "picture"),
            Field("picture_alt", "What the picture shows", most=200, hint="For those who cannot see it"),
            Field("ground", "Ground", "choice", options=_GROUNDS),
        )),
        Kind("promises", "Promises", "Three short reasons to buy here", _PROMISE),
        Kind("collections", "Collections", "Your collections as pictures", (_TITLE, _COUNT)),
        Kind("collection_row", "One collection", "A row of goods from one collection", (
            _TITLE, Field("collection", "Collection", "collection"), _COUNT,
        )),
        Kind("new_arrivals", "New arrivals", "What came last", (_TITLE, _COUNT)),
        Kind("best_sellers", "Best sellers", "What is bought most", (_TITLE, _COUNT)),
        Kind("story", "Story", "A text with a picture", (
            Field("title", "Title", most=120, hint="Empty: the “about” page"),
            Field("html", "Text", "html", 6000, "Empty: the beginning of the “about” page"),
            Field("picture", "Picture", "picture"),
            Field("picture_alt", "What the picture shows", most=200, hint="For those who cannot see it"),
            Field("side", "Side", "choice", options=_SIDES),
        )),
        Kind("testimonials", "Voices", "What buyers say", (_TITLE, *_QUOTES)),
    )
}  # fmt: skip

#: the home page of a shop where nobody has changed it
FIRST = tuple(
    {"id": f"s{n}", "kind": kind, "hidden": False, "fields": {}, "texts": {}}
    for n, kind in enumerate(("hero", "promises", "collections", "new_arrivals", "story", "best_sellers"), 1)
)


def first_sections() -> list[Section]:
    return copy.deepcopy(list(FIRST))


def find_home(session: Session) -> HomePage | None:
    return session.execute(select(HomePage).limit(1)).scalar_one_or_none()


def draft_of(home: HomePage | None) -> list[Section]:
    """What is being changed: the draft, else what is published, else the first one. A copy."""
    if home is None:
        return first_sections()
    found = home.draft if home.draft is not None else home.published
    return copy.deepcopy(found) if found is not None else first_sections()


def lock_home(session: Session) -> HomePage:
    """The row, made when there is none, locked until the commit."""
    session.execute(insert(HomePage).values(singleton=1).on_conflict_do_nothing(index_elements=["singleton"]))
    return session.execute(
        select(HomePage).limit(1).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()


def section_in(sections: list[Section], section_id: str) -> Section:
    found = next((s for s in sections if s["id"] == section_id), None)
    if found is None:
        raise NotFound("There is no such section. Somebody may have removed it.")
    return found


def add_section(session: Session, kind: str) -> Section:
    home = lock_home(session)
    sections = draft_of(home)
    if len(sections) >= MOST_SECTIONS:
        raise InvalidInput(fields={"kind": f"A home page has at most {MOST_SECTIONS} sections."})
    taken = {s["id"] for s in sections} | {s["id"] for s in home.published or []}
    number = next(n for n in range(1, 1000) if f"s{n}" not in taken)
    section = {"id": f"s{number}", "kind": kind, "hidden": False, "fields": {}, "texts": {}}
    home.draft = [*sections, section]
    return section


def change_section(session: Session, section_id: str, **values: Any) -> Section:
    """Write `hidden`, `fields` or `texts` of one section of the draft."""
    home = lock_home(session)
    sections = draft_of(home)
    section = section_in(sections, section_id)
    section.update(values)
    home.draft = sections
    return section


def move_section(session: Session, section_id: str, step: int) -> None:
    home = lock_home(session)
    sections = draft_of(home)
    at = sections.index(section_in(sections, section_id))
    sections.insert(min(max(at + step, 0), len(sections) - 1), sections.pop(at))
    home.draft = sections


def remove_section(session: Session, section_id: str) -> Section:
    home = lock_home(session)
    sections = draft_of(home)
    gone = section_in(sections, section_id)
    home.draft = [s for s in sections if s is not gone]
    return gone


def publish(session: Session) -> bool:
    """The draft becomes the home page. False when there is none."""
    home = lock_home(session)
    if home.draft is None:
        return False
    home.published, home.draft, home.published_at = home.draft, None, clock.now()
    touch_settings(session)
    return True


def discard(session: Session) -> bool:
    """Forget the draft. False when there is none."""
    home = lock_home(session)
    if home.draft is None:
        return False
    home.draft = None
    return True
