"""The collections of the store: small, on every page, so read once for each version of the catalogue."""

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
class Shelves:
    """What a store's menus are made of."""

    collections: dict[str, ShownCollection]


_SELECT = "SELECT slug, title, description_html FROM collections WHERE is_shown ORDER BY position, id"

_held: dict[str, tuple[tuple[int, int], Shelves]] = {}


def current_shelves() -> Shelves:
    """Shown collections in the merchant's order. One SELECT after a change, none otherwise."""
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    versions = current_versions()
    version = (versions.catalog, versions.settings)
    held = _held.get(key)
    if held is not None and held[0] == version:
        return held[1]
    shelves = Shelves({slug: ShownCollection(slug, title, html) for slug, title, html in read(_SELECT)})
    _held[key] = (version, shelves)
    return shelves


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
