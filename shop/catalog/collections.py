"""The collections of the store: small, on every page, so read once for each version of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, g

from shop.catalog.reading import read
from shop.core.scope import current_store
from shop.tenancy.profile import current_versions, on_forget


@dataclass(frozen=True, slots=True)
class ShownCollection:
    slug: str
    title: str
    description_html: str

    @property
    def url(self) -> str:
        return f"/collections/{self.slug}"


@dataclass(frozen=True, slots=True)
class Shelves:
    """What a store's menus are made of."""

    collections: dict[str, ShownCollection]
    #: {word of the catalogue: the same in this language}
    words: dict[str, str] = field(default_factory=dict)

    def say(self, word: str) -> str:
        return self.words.get(word, word)


_SELECT = """
SELECT slug, title, description_html, translations, position, id FROM collections WHERE is_shown
UNION ALL SELECT NULL, word, '', translations, 0, id FROM catalog_words ORDER BY position, id"""

_held: dict[str, tuple[tuple[int, int], Shelves]] = {}


def current_shelves() -> Shelves:
    """Shown collections in the merchant's order, and the catalogue's words, in the language of the request. One SELECT
    for each language after a change, none otherwise."""
    locale = str(g.get("locale") or "")
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}|{locale}"
    versions = current_versions()
    version = (versions.catalog, versions.settings)
    held = _held.get(key)
    if held is not None and held[0] == version:
        return held[1]
    shelves = Shelves({})
    for slug, title, html, translations, *_order in read(_SELECT):
        mine: Mapping[str, Any] = translations.get(locale) or {}
        if slug is None:
            if isinstance(mine, str):
                shelves.words[title] = mine
        else:
            shelves.collections[slug] = ShownCollection(slug, mine.get("title") or title, mine.get("html") or html)
    _held[key] = (version, shelves)
    return shelves


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
