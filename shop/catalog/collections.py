"""Collections and the texts of the store: small, on every page, so read once for each version of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

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
class ShownPage:
    slug: str
    title: str
    html: str
    in_footer: bool

    @property
    def url(self) -> str:
        return f"/pages/{self.slug}"


@dataclass(frozen=True, slots=True)
class Shelves:
    """What a store's menus are made of."""

    collections: dict[str, ShownCollection]
    pages: dict[str, ShownPage]


_SELECT = """
SELECT 'collection', slug, title, description_html, true, position, id FROM collections WHERE is_shown
UNION ALL
SELECT 'page', slug, title, html, in_footer, position, id FROM content_pages
ORDER BY 6, 7"""

_held: dict[str, tuple[tuple[int, int], Shelves]] = {}


def current_shelves() -> Shelves:
    """Shown collections and content pages in the merchant's order. One SELECT after a change, none otherwise."""
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    versions = current_versions()
    version = (versions.catalog, versions.settings)
    held = _held.get(key)
    if held is not None and held[0] == version:
        return held[1]
    collections: dict[str, ShownCollection] = {}
    pages: dict[str, ShownPage] = {}
    for kind, slug, title, html, in_footer, _position, _id in read(_SELECT):
        if kind == "collection":
            collections[slug] = ShownCollection(slug, title, html)
        else:
            pages[slug] = ShownPage(slug, title, html, in_footer)
    shelves = Shelves(collections, pages)
    _held[key] = (version, shelves)
    return shelves


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
