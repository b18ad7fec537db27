"""What a connection's codes may do here, and what was told of each: never trusted for longer than it is fresh."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.core.secrets import EncryptedText
from shop.extensions import Model, UtcDateTime


class CodeChoice(Model):
    """What the merchant has switched on for a connection. No row: nothing."""

    __tablename__ = "channel_code_choices"
    __table_args__ = (UniqueConstraint("connection_id"),)

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    takes_discounts: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    takes_gift_cards: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")


class ChannelDiscount(Model):
    """A platform's discount code: what was told of it, and when. Its `discounts` row is a copy of that, for the cart's
    evaluation; it is active only while the last answer was "valid"."""

    __tablename__ = "channel_discounts"
    __table_args__ = (UniqueConstraint("discount_id"), UniqueConstraint("key"))

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), index=True)
    discount_id: Mapped[int] = mapped_column(ForeignKey("discounts.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))  # of discount_codes: "<connection>:<CODE>"
    code: Mapped[str] = mapped_column(String(60))  # as it is asked for
    external_id: Mapped[str] = mapped_column(String(160), default="", server_default="")
    verdict: Mapped[str] = mapped_column(String(12))
    why: Mapped[str] = mapped_column(Text, default="", server_default="")
    told: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChannelCard(Model):
    """A platform's gift card. Its `gift_cards` row (source "channel") has our book of it: what is free there is what
    the platform last told, less what checkouts have set aside and what is not taken off there yet.

    `settled` rises with each move that was made there: an answer read before it is not believed after it.
    """

    __tablename__ = "channel_gift_cards"
    __table_args__ = (UniqueConstraint("card_id"), UniqueConstraint("connection_id", "external_id"))

    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    card_id: Mapped[int] = mapped_column(ForeignKey("gift_cards.id"))
    external_id: Mapped[str] = mapped_column(String(160))
    #: to read its balance again; forgotten when it has not been used for long
    code: Mapped[str | None] = mapped_column(EncryptedText)
    told_minor: Mapped[int] = mapped_column(Integer)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class CardMove(DurableWork, Model):
    """Money that leaves a platform's gift card (debit: once for each use), or goes back to it (credit: once for each
    refund). The row is the work of telling the platform.

    outcome: waiting → made | refused (→ made, when staff try again) | void (a credit of what was never taken).
    """

    __tablename__ = "channel_card_moves"
    __table_args__ = (
        open_work_index("channel_card_moves"),
        done_work_index("channel_card_moves"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_channel_card_moves_card", "channel_card_id", "id"),
        Index("ix_channel_card_moves_use", "use_id"),
    )

    channel_card_id: Mapped[int] = mapped_column(ForeignKey("channel_gift_cards.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    use_id: Mapped[int] = mapped_column(ForeignKey("gift_card_uses.id"))
    kind: Mapped[str] = mapped_column(String(6))  # debit | credit
    #: "<order>/debit/<use>", "<order>/credit/<refund>": in the platform's note of it
    key: Mapped[str] = mapped_column(String(80), unique=True)
    amount_minor: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    #: the balance there that was read right before the last call: what a lost answer is judged by
    before_minor: Mapped[int | None] = mapped_column(Integer)
    external_id: Mapped[str] = mapped_column(String(160), default="", server_default="")  # of their transaction
    outcome: Mapped[str] = mapped_column(String(8), default="waiting", server_default="waiting")
    #: how often it was refused: each refusal and each success after one is booked once
    refusals: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
