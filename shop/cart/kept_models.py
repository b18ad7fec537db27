"""What a shopper keeps for another day: wishes, and carts put aside under a name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.extensions import Model, UtcDateTime


class Wish(Model):
    """`is_chosen`: they chose this very variant; otherwise it stands for its product, and is chosen later."""

    __tablename__ = "wishes"
    __table_args__ = (UniqueConstraint("shopper_id", "variant_id"),)

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"), index=True)
    is_chosen: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str] = mapped_column(String(300), default="", server_default="")
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class SavedCart(Model):
    __tablename__ = "saved_carts"

    shopper_id: Mapped[int] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class SavedCartLine(Model):
    """`title` is what is said when the thing is not sold any more."""

    __tablename__ = "saved_cart_lines"

    saved_cart_id: Mapped[int] = mapped_column(ForeignKey("saved_carts.id", ondelete="CASCADE"), index=True)
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variants.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(400))
    quantity: Mapped[int] = mapped_column(Integer)
