"""What a visitor means to buy. Prices are never stored here for charging: they come from the variant at every step."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shop.cart.kept_models import SavedCart, SavedCartLine, Wish
from shop.core.secrets import new_token
from shop.extensions import Model, UtcDateTime

__all__ = ["Cart", "CartLine", "SavedCart", "SavedCartLine", "Wish"]


class Cart(Model):
    __tablename__ = "carts"

    token: Mapped[str] = mapped_column(String(64), unique=True, default=new_token)  # in the visitor's cookie
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="SET NULL"))
    #: the one cart of an account; it answers only to browsers where its shopper is signed in
    shopper_id: Mapped[int | None] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"), unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    country: Mapped[str] = mapped_column(String(2), default="")  # where to; "" means the store's own
    shipping_method: Mapped[str] = mapped_column(String(12), default="standard")
    currency: Mapped[str] = mapped_column(String(3), default="", server_default="")  # "" means the store's own
    note: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str] = mapped_column(String(8), default="en")
    #: raised when a cart has become an order: the same cookie starts the next cart
    generation: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    codes: Mapped[list[str]] = mapped_column(ARRAY(String(40)), default=list, server_default="{}")  # folded keys
    #: gift cards that were typed in, in that order; the codes themselves are not kept
    gift_card_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now(), index=True)


class CartLine(Model):
    __tablename__ = "cart_lines"
    __table_args__ = (
        UniqueConstraint("cart_id", "variant_id"),
        CheckConstraint("quantity BETWEEN 1 AND 99", name="quantity_bounded"),
    )

    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    quantity: Mapped[int] = mapped_column(Integer)
    #: the price the visitor last saw, to tell a change; never charged
    seen_price_minor: Mapped[int] = mapped_column(Integer)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
