"""Whom letters are written to beyond their orders: what they agreed to, what they wait for, what is sent to many."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, WorkState, open_work_index
from shop.extensions import Model, UtcDateTime


class Subscriber(Model):
    """An address and what it wants. `newsletter`: none → asked → on → off; asked means the letter with the link is out.
    What is in `refused` (names of kinds) is not written; `stopped` says why nothing at all is: bounced, complained."""

    __tablename__ = "subscribers"
    __table_args__ = (
        Index("ix_subscribers_on", "id", postgresql_where=text("newsletter = 'on' AND stopped = ''")),
        Index("ix_subscribers_state", "newsletter", "id"),
    )

    email: Mapped[str] = mapped_column(String(254), unique=True)  # lower case
    locale: Mapped[str] = mapped_column(String(8), default="en", server_default="en")
    newsletter: Mapped[str] = mapped_column(String(8), default="none", server_default="none")
    refused: Mapped[list[str]] = mapped_column(ARRAY(String(12)), default=list, server_default=text("'{}'"))
    stopped: Mapped[str] = mapped_column(String(12), default="", server_default="")
    source: Mapped[str] = mapped_column(String(20), default="", server_default="")  # of the newest consent
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class LetterConsent(Model):
    """The proof: what was asked, confirmed or withdrawn, when, and the words that were shown. Rows are never edited."""

    __tablename__ = "letter_consents"
    __table_args__ = (
        Index("ix_letter_consents_campaign", "campaign_id", postgresql_where=text("campaign_id IS NOT NULL")),
    )

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    kind: Mapped[str] = mapped_column(String(12))
    what: Mapped[str] = mapped_column(String(10))  # asked | confirmed | withdrawn | imported
    source: Mapped[str] = mapped_column(String(20))  # footer | page | letter | account | checkout | panel | import
    words: Mapped[str] = mapped_column(Text, default="", server_default="")  # as they were read, in their language
    who: Mapped[str] = mapped_column(String(80), default="", server_default="")  # staff, where it was not themselves
    campaign_id: Mapped[int | None] = mapped_column(BigInteger)  # the letter whose link was followed


class ProductWatch(DurableWork, Model):
    """Somebody waits for a variant: until it can be bought again, or costs less than `price_minor`. status: asked →
    waiting → told, or ended. Work is due while the row may have to be told."""

    __tablename__ = "product_watches"
    __table_args__ = (
        open_work_index("product_watches"),
        Index(
            "uq_product_watches_one",
            "kind",
            "email",
            "variant_id",
            unique=True,
            postgresql_where=text("status IN ('asked','waiting')"),
        ),
        Index("ix_product_watches_waiting", "variant_id", postgresql_where=text("status = 'waiting'")),
    )

    kind: Mapped[str] = mapped_column(String(12))  # stock | price
    email: Mapped[str] = mapped_column(String(254), index=True)
    locale: Mapped[str] = mapped_column(String(8), default="en", server_default="en")
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    price_minor: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # when it was asked
    currency: Mapped[str] = mapped_column(String(3), default="", server_default="")  # of the price that was seen
    status: Mapped[str] = mapped_column(String(8), default="asked", server_default="asked")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    work_state: Mapped[str] = mapped_column(String(12), default=WorkState.DONE, server_default="done")


class Campaign(DurableWork, Model):
    """A newsletter. status: draft → scheduled → sending ↔ paused → sent | cancelled. While it is sent the row is the
    work: each step writes letters for the next addresses behind `reached_id`."""

    __tablename__ = "campaigns"
    __table_args__ = (open_work_index("campaigns"),)

    title: Mapped[str] = mapped_column(String(120))
    #: {locale: {"subject": str, "body_html": str}}; what is missing in a language is taken from the store's own
    texts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    product_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    status: Mapped[str] = mapped_column(String(10), default="draft", server_default="draft")
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reached_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    written: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # letters asked for
    #: {locale: id of the facts that all its letters share}
    shared: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    work_state: Mapped[str] = mapped_column(String(12), default=WorkState.DONE, server_default="done")


class CartReminder(DurableWork, Model):
    """A cart that was left at the payment page by somebody we may write to. One row for each cart and person; its steps
    are due one after the other. status: waiting → bought | stopped | ended; `why` says what stopped it."""

    __tablename__ = "cart_reminders"
    __table_args__ = (
        open_work_index("cart_reminders"),
        UniqueConstraint("checkout_id"),
        Index("ix_cart_reminders_cart", "cart_id", "cart_generation"),
        Index("ix_cart_reminders_ended", "ended_at"),
    )

    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkouts.id", ondelete="CASCADE"))
    cart_id: Mapped[int | None] = mapped_column(ForeignKey("carts.id", ondelete="SET NULL"))
    cart_generation: Mapped[int] = mapped_column(Integer)
    restored_cart_id: Mapped[int | None] = mapped_column(BigInteger)  # where the link put the goods
    email: Mapped[str] = mapped_column(String(254), index=True)
    locale: Mapped[str] = mapped_column(String(8), default="en", server_default="en")
    left_at: Mapped[datetime] = mapped_column(UtcDateTime)
    step: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # the next one
    letters: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # asked for so far
    status: Mapped[str] = mapped_column(String(8), default="waiting", server_default="waiting")
    why: Mapped[str] = mapped_column(String(20), default="", server_default="")
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    #: it was bought after a letter had gone out: a cart won back
    is_recovered: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    amount_minor: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    currency: Mapped[str] = mapped_column(String(3), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
