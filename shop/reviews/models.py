"""What buyers say of what they bought. Each review hangs on an order that brought the product to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.extensions import Model, UtcDateTime

#: what the search looks through, in the terms of the index
WORDS = "to_tsvector('simple'::regconfig, (((title::text || ' '::text) || body) || ' '::text) || name::text)"


class Review(Model):
    """status: waiting → shown | hidden, and back to waiting whenever its writer changes it.

    `revision` rises with each change by the writer: staff decide about what they have read, not about what came after.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        Unique("order_id", "product_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_in_stars"),
        Index("ix_reviews_of_product", "product_id", "status", "created_at"),
        Index("ix_reviews_status", "status", "changed_at"),
        Index("ix_reviews_changed_at", "changed_at"),
        Index("ix_reviews_words", text(WORDS), postgresql_using="gin"),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    variant_title: Mapped[str] = mapped_column(String(200), default="")  # what was bought: "Heather Grey / M"
    rating: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(String(120), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    name: Mapped[str] = mapped_column(String(60), default="")  # as its writer wants to be called; empty: a buyer
    locale: Mapped[str] = mapped_column(String(8), default="en")
    #: [{"alt": "", "width": int, "height": int, "colour": "#hex", "renditions": {"webp": [[width, key], …]}}]
    pictures: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    has_pictures: Mapped[bool] = mapped_column(Boolean, default=False)
    status: Mapped[str] = mapped_column(String(8), default="waiting")  # waiting | shown | hidden
    hidden_why: Mapped[str] = mapped_column(String(20), default="")  # one of moderating.REASONS
    reply: Mapped[str] = mapped_column(Text, default="")
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)  # by its writer
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReviewAsk(Model):
    """An order whose time to be asked has come: its buyer was written to, or was passed over for good."""

    __tablename__ = "review_asks"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), unique=True)
    outcome: Mapped[str] = mapped_column(String(10))  # asked | passed
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
