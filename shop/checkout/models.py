"""One attempt to pay for a cart: the prices as they were shown, and the payment page that asks for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.secrets import new_token
from shop.extensions import Model, UtcDateTime


class Checkout(Model):
    """status: creating → open → processing → completed | failed | expired. Moves forward only."""

    __tablename__ = "checkouts"
    __table_args__ = (
        Index("ix_checkouts_waiting", "status", "polled_at"),
        Index("ix_checkouts_cart", "cart_id", "cart_generation"),
    )

    #: our reference at the gateway (client_reference_id) and in the return address
    reference: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)
    cart_id: Mapped[int | None] = mapped_column(ForeignKey("carts.id", ondelete="SET NULL"))
    cart_generation: Mapped[int] = mapped_column(Integer, default=1)
    draft_order_id: Mapped[int | None] = mapped_column(ForeignKey("draft_orders.id"), index=True)  # in place of a cart
    #: hash of all that is charged; the same content reuses the open payment page
    content_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default="creating")
    session_id: Mapped[str | None] = mapped_column(String(255), unique=True)  # the gateway's
    session_url: Mapped[str | None] = mapped_column(Text)
    #: the draft of the order, frozen: see orders/draft.py
    draft: Mapped[dict[str, Any]] = mapped_column(JSONB)
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int] = mapped_column(Integer)
    gift_minor: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # of it, paid by gift cards
    email: Mapped[str | None] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(8), default="en")
    accepts_recovery: Mapped[bool] = mapped_column(Boolean, default=False)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    problem: Mapped[str] = mapped_column(Text, default="")
    recovery_url: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    polled_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())

    @property
    def is_covered(self) -> bool:
        """Gift cards pay all of it: there is no payment page."""
        return 0 < self.total_minor == self.gift_minor
