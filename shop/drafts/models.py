"""An order in the making. Prices come from the catalogue until it is sent or paid, as in a cart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core.secrets import new_token
from shop.extensions import Model, UtcDateTime


class DraftOrder(Model):
    """status: open → sent → paid; open or sent → deleted (and back). `sent`: its payment link is out, its prices are
    frozen; taking the link back makes it open again."""

    __tablename__ = "draft_orders"
    __table_args__ = (Index("ix_draft_orders_list", "status", "updated_at"),)

    token: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)  # the customer's payment link
    status: Mapped[str] = mapped_column(String(10), default="open")
    email: Mapped[str] = mapped_column(String(254), default="")
    customer_name: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    #: {"name","line1","line2","city","state","postal_code","country"}
    ship_to: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    shipping_method: Mapped[str] = mapped_column(String(12), default="standard")
    percent_off: Mapped[str] = mapped_column(String(10), default="")  # of every line without a price of its own: "0.1"
    reason: Mapped[str] = mapped_column(String(200), default="")
    codes: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list, server_default="{}")  # as a cart's
    gift_card_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    note: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str] = mapped_column(String(8), default="en")
    #: the draft of the order as the customer was shown it: see orders/draft.py
    frozen: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    total_minor: Mapped[int] = mapped_column(Integer, default=0)  # as last computed, for lists
    currency: Mapped[str] = mapped_column(String(3))
    items: Mapped[int] = mapped_column(Integer, default=0)
    times_sent: Mapped[int] = mapped_column(Integer, default=0)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    link_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    created_by: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())

    goods: Mapped[list[DraftItem]] = relationship(order_by="DraftItem.id", viewonly=True)


class DraftItem(Model):
    __tablename__ = "draft_items"
    __table_args__ = (
        UniqueConstraint("draft_id", "variant_id"),
        CheckConstraint("quantity BETWEEN 1 AND 999", name="quantity_bounded"),
    )

    draft_id: Mapped[int] = mapped_column(ForeignKey("draft_orders.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"), index=True)
    quantity: Mapped[int] = mapped_column(Integer)
    #: the catalogue's price when staff last saw it, to tell a change; never charged
    seen_minor: Mapped[int] = mapped_column(Integer)
    own_minor: Mapped[int | None] = mapped_column(Integer)  # a price made for this customer
    percent_off: Mapped[str] = mapped_column(String(10), default="")  # "0.1"; takes the place of the draft's
    reason: Mapped[str] = mapped_column(String(200), default="")
    handed_over: Mapped[bool] = mapped_column(Boolean, default=False)  # taken away at the counter: nothing is printed
