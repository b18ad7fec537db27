"""What the storefront shows of it all: read in one statement after a change, none otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app

from shop.catalog.reading import read
from shop.content.speaking import text_in
from shop.core.scope import current_store
from shop.tenancy.profile import current_versions, on_forget


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page in one language."""

    slug: str
    title: str
    html: str
    in_footer: bool
    legal: str
    seo_title: str
    seo_description: str

    @property
    def url(self) -> str:
        return f"/pages/{self.slug}"


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A menu's item in one language, with what stands below it."""

    title: str
    url: str
    items: tuple[ShownItem, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownAnnouncement:
    text: str
    url: str
    tone: str


@dataclass(slots=True)
class Content:
    """Rows as they are stored; the methods put them into a language."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)
    announced: dict[str, Any] | None = None
    home: list[dict[str, Any]] | None = None
    _pages: dict[str, dict[str, ShownPage]] = field(default_factory=dict)

    def pages(self, locale: str) -> dict[str, ShownPage]:
        """Published pages by slug, in the merchant's order."""
        found = self._pages.get(locale)
        if found is None:
            found = self._pages[locale] = {row["slug"]: page_in(locale, row) for row in self.rows}
        return found

    def menu(self, name: str, locale: str) -> tuple[ShownItem, ...] | None:
        """None: nobody made this menu, it makes itself. Items whose target is gone are left out."""
        mine = [row for row in self.items if row["menu"] == name]
        if not mine:
            return None
        by_slug = self.pages(locale)
        shown = {row["id"]: found for row in mine if (found := _item_in(locale, row, by_slug)) is not None}
        return tuple(
            ShownItem(
                shown[row["id"]].title,
                shown[row["id"]].url,
                tuple(shown[below["id"]] for below in mine if below["parent_id"] == row["id"] and below["id"] in shown),
            )
            for row in mine
            if row["parent_id"] is None and row["id"] in shown
        )

    def announcement(self, locale: str) -> ShownAnnouncement | None:
        row = self.announced
        if row is None:
            return None
        return ShownAnnouncement(text_in(locale, "text", row["text"], row["translations"]), row["url"], row["tone"])


def page_in(locale: str, row: Mapping[str, Any]) -> ShownPage:
    """A row of content_pages (as JSON, or the object's attributes) in one language."""
    names = ("title", "html", "seo_title", "seo_description")
    told = {n: text_in(locale, n, row[n], row["translations"]) for n in names}
    return ShownPage(slug=row["slug"], in_footer=row["in_footer"], legal=row["legal"], **told)


def _item_in(locale: str, row: Mapping[str, Any], pages: Mapping[str, ShownPage]) -> ShownItem | None:
    kind, slug = row["kind"], row["target_slug"]
    own = row["title"] or row["target_title"] or ""
    if kind == "url":
        return ShownItem(text_in(locale, "title", own or row["url"], row["translations"]), row["url"])
    if not slug:
        return None
    if kind == "page" and not row["title"] and slug in pages:
        own = pages[slug].title
    places = {"collection": "collections", "page": "pages", "product": "products"}
    return ShownItem(text_in(locale, "title", own, row["translations"]), f"/{places[kind]}/{slug}")


_SELECT = """
SELECT 'page', to_jsonb(p), p.position, p.id FROM content_pages p WHERE p.status = 'published'
UNION ALL
SELECT 'redirect', jsonb_build_object('slug', r.slug, 'to', p.slug), 0, r.id
  FROM content_redirects r JOIN content_pages p ON p.id = r.page_id AND p.status = 'published'
UNION ALL
SELECT 'item', to_jsonb(m) || jsonb_build_object(
    'target_slug', coalesce(c.slug, p.slug, g.slug), 'target_title', coalesce(c.title, p.title, g.title)),
    m.position, m.id
  FROM menu_items m
  LEFT JOIN collections c ON m.kind = 'collection' AND c.id = m.target_id AND c.is_shown
  LEFT JOIN content_pages p ON m.kind = 'page' AND p.id = m.target_id AND p.status = 'published'
  LEFT JOIN products g ON m.kind = 'product' AND g.id = m.target_id AND g.status = 'active'
UNION ALL
SELECT 'announcement', to_jsonb(a), 0, a.id FROM announcements a WHERE a.is_live
UNION ALL
SELECT 'home', h.published, 0, h.id FROM home_page h WHERE h.published IS NOT NULL
ORDER BY 3, 4"""

_held: dict[str, tuple[tuple[int, int], Content]] = {}


def current_content() -> Content:
    """What is published. Kept in the process for as long as the catalogue and the settings stand."""
    key = f"{current_store()}@{current_app.config['DATABASE_KEY']}"
    versions = current_versions()
    version = (versions.catalog, versions.settings)
    held = _held.get(key)
    if held is not None and held[0] == version:
        return held[1]
    found = Content()
    for kind, row, _position, _id in read(_SELECT):
        if kind == "page":
            found.rows.append(row)
        elif kind == "redirect":
            found.redirects[row["slug"]] = row["to"]
        elif kind == "item":
            found.items.append(row)
        elif kind == "announcement":
            found.announced = row
        else:
            found.home = row
    _held[key] = (version, found)
    return found


@on_forget
def forget() -> None:
    """Drop what this process remembers."""
    _held.clear()
