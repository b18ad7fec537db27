"""Every letter is a row: what, to whom, about what, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.extensions import Model, UtcDateTime


class Letter(DurableWork, Model):
    """Unique on (letter, subject_key): sent at most once each. `subject_key` names the thing it is about:
    "order:17", "shipment:9", "checkout:4". A resend by staff adds a suffix ("order:17#2").
    """

    __tablename__ = "letters"
    __table_args__ = (
        UniqueConstraint("letter", "subject_key"),
        open_work_index("letters"),
        done_work_index("letters"),
        Index("ix_letters_created_at", "created_at"),
        Index("ix_letters_order", "order_id"),
        Index("ix_letters_to", "to_email"),
        Index("ix_letters_shared", "shared_id", "work_state", postgresql_where=text("shared_id IS NOT NULL")),
    )

    letter: Mapped[str] = mapped_column(String(40))
    subject_key: Mapped[str] = mapped_column(String(80))
    order_id: Mapped[int | None] = mapped_column()
    to_email: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(8), default="en")
    #: the facts the letter is rendered from, frozen when it was requested
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    #: facts it has in common with many others, kept once; its own come on top of them
    shared_id: Mapped[int | None] = mapped_column(ForeignKey("letter_shared_facts.id"))
    provider: Mapped[str] = mapped_column(String(12), default="")
    provider_message_id: Mapped[str] = mapped_column(String(255), default="")
    subject_line: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class SharedFacts(Model):
    """What many letters say alike: a newsletter in one language. Frozen once the first of them is asked for."""

    __tablename__ = "letter_shared_facts"

    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class LetterTexts(Model):
    """A merchant's own words for one kind of letter in one language (email/own_texts.py). Plain text with
    placeholders; a part that is missing or empty is ours."""

    __tablename__ = "letter_texts"
    __table_args__ = (UniqueConstraint("letter", "locale"),)

    letter: Mapped[str] = mapped_column(String(40))
    locale: Mapped[str] = mapped_column(String(8))
    #: {"subject": str, "heading": str, "intro": str, "outro": str}
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
