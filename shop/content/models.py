"""What the shop says besides its goods: pages, menus, the announcement bar, the home page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, SmallInteger, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.extensions import Model, UtcDateTime

_EMPTY = text("'{}'::jsonb")


class ContentPage(Model):
    """About, shipping, returns, privacy, terms. The columns hold the store's own language; `translations` the others:
    {locale: {"title", "html", "seo_title", "seo_description"}}, each optional."""

    __tablename__ = "content_pages"
    __table_args__ = (
        Index("ix_content_pages_legal", "legal", unique=True, postgresql_where=text("legal <> ''")),
    )

    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    html: Mapped[str] = mapped_column(Text)  # sanitised on the way in (content/html.py)
    position: Mapped[int] = mapped_column(Integer, default=0)
    in_footer: Mapped[bool] = mapped_column(Boolean, default=True)
    seo_title: Mapped[str] = mapped_column(String(200), default="", server_default="")
    seo_description: Mapped[str] = mapped_column(String(400), default="", server_default="")
    status: Mapped[str] = mapped_column(String(12), default="published", server_default="published")  # | draft
    legal: Mapped[str] = mapped_column(String(12), default="", server_default="")  # a key of content.pages.LEGAL, or ""
    translations: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=_EMPTY)
    #: still the words that came with the shop
    is_sample: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class ContentRedirect(Model):
    """An address that a page once had."""

    __tablename__ = "content_redirects"

    slug: Mapped[str] = mapped_column(String(80), unique=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("content_pages.id", ondelete="CASCADE"), index=True)


class MenuItem(Model):
    """One entry of a menu; one with a parent stands below it. No row for a menu: it makes itself."""

    __tablename__ = "menu_items"

    menu: Mapped[str] = mapped_column(String(8))  # header | footer
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("menu_items.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer, default=0)
    kind: Mapped[str] = mapped_column(String(12))  # collection | page | product | url
    target_id: Mapped[int | None] = mapped_column(BigInteger)
    url: Mapped[str] = mapped_column(String(500), default="")
    title: Mapped[str] = mapped_column(String(120), default="")  # empty: its target's own
    translations: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # {locale: {"title": str}}


class Announcement(Model):
    """One line above every page. `is_live` is what the storefront shows; a job turns it at its hours."""

    __tablename__ = "announcements"

    text: Mapped[str] = mapped_column(String(300))
    url: Mapped[str] = mapped_column(String(500), default="")
    tone: Mapped[str] = mapped_column(String(12), default="plain")
    translations: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # {locale: {"text": str}}
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_on: Mapped[bool] = mapped_column(Boolean, default=True)
    is_live: Mapped[bool] = mapped_column(Boolean, default=False)


class HomePage(Model):
    """The home page's sections, as published and as somebody is changing them (content/home.py). None: as it came."""

    __tablename__ = "home_page"

    singleton: Mapped[int] = mapped_column(SmallInteger, default=1, unique=True)
    draft: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    published: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
