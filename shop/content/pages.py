"""Pages: added, changed, renamed and deleted. An address that a page once had leads to it. The caller commits."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.content.html import has_words
from shop.content.models import ContentPage, ContentRedirect
from shop.core import clock
from shop.errors import InvalidInput, NotFound
from shop.tenancy.profile import touch_settings

MOST_PAGES = 200
TRANSLATED = ("title", "html", "seo_title", "seo_description")
#: what the law asks of a shop → what it is called here
LEGAL: dict[str, str] = {
    "imprint": "Imprint",
    "terms": "Terms of sale",
    "privacy": "Privacy",
    "returns": "Returns and withdrawal",
    "shipping": "Shipping",
    "access": "Accessibility",
}
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def slug_of(text: str) -> str:
    """An address from a title: slug_of("Über uns!") -> "uber-uns"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-")


def check_slug(session: Session, slug: str, page_id: int | None) -> None:
    """Raises InvalidInput (field "slug") for one that is no address, or another page's."""
    if not _SLUG.fullmatch(slug) or len(slug) > 80:
        raise InvalidInput(fields={"slug": "Use small letters, digits and hyphens, like about-us."})
    taken = select(ContentPage.id).where(ContentPage.slug == slug, ContentPage.id != (page_id or 0))
    if session.execute(taken).first() is not None:
        raise InvalidInput(fields={"slug": f"Another page has the address {slug} already."})


def check_legal(session: Session, legal: str, page_id: int | None) -> None:
    """Raises InvalidInput (field "legal") when another page is this legal text already."""
    taken = select(ContentPage.title).where(ContentPage.legal == legal, ContentPage.id != (page_id or 0))
    if legal and (title := session.execute(taken).scalar()) is not None:
        raise InvalidInput(fields={"legal": f"“{title}” is the page for that already."})


def get_page(session: Session, page_id: int, *, lock: bool = False) -> ContentPage:
    wanted = select(ContentPage).where(ContentPage.id == page_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    page = session.execute(wanted).scalar_one_or_none()
    if page is None:
        raise NotFound("There is no such page.")
    return page


def add_page(session: Session, values: dict[str, object]) -> ContentPage:
    count, last = session.execute(select(func.count(), func.max(ContentPage.position)).select_from(ContentPage)).one()
    if count >= MOST_PAGES:
        raise InvalidInput(fields={"title": f"A shop has at most {MOST_PAGES} pages. Delete one first."})
    page = ContentPage(position=(last or 0) + 1, **values)
    session.add(page)
    session.flush()
    session.execute(delete(ContentRedirect).where(ContentRedirect.slug == page.slug))
    touch_settings(session)
    return page


def change_page(session: Session, page: ContentPage, values: dict[str, object]) -> bool:
    """Write what differs; a new address leaves a redirect at the old one. False when nothing differs."""
    changed = {name: value for name, value in values.items() if getattr(page, name) != value}
    if not changed:
        return False
    before = page.slug
    for name, value in changed.items():
        setattr(page, name, value)
    if "html" in changed:
        page.is_sample = False
    page.changed_at = clock.now()
    session.flush()
    if page.slug != before:
        session.execute(
            delete(ContentRedirect).where(or_(ContentRedirect.slug == page.slug, ContentRedirect.slug == before))
        )
        session.execute(insert(ContentRedirect).values(slug=before, page_id=page.id))
    touch_settings(session)
    return True


def delete_page(session: Session, page_id: int) -> str:
    """Its title. Its old addresses go with it; its places in menus are no longer shown."""
    page = get_page(session, page_id, lock=True)
    title = page.title
    session.delete(page)
    touch_settings(session)
    return title


def move_page(session: Session, page_id: int, step: int) -> None:
    """One place up (-1) or down (1)."""
    pages = list(
        session.execute(select(ContentPage).order_by(ContentPage.position, ContentPage.id).with_for_update()).scalars()
    )
    at = next((i for i, page in enumerate(pages) if page.id == page_id), None)
    if at is None:
        raise NotFound("There is no such page.")
    to = min(max(at + step, 0), len(pages) - 1)
    pages.insert(to, pages.pop(at))
    for position, page in enumerate(pages):
        if page.position != position:
            page.position = position
    touch_settings(session)


def is_written(page: ContentPage) -> bool:
    return has_words(page.html)
