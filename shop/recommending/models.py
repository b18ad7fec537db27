"""What somebody has looked at: of those who are signed in, and of carts that are there anyway."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.core import clock
from shop.extensions import Model, UtcDateTime


class ViewedProduct(Model):
    """Hangs on an account or on a cart, and goes with it."""

    __tablename__ = "viewed_products"
    __table_args__ = (
        UniqueConstraint("shopper_id", "product_id"),
        UniqueConstraint("cart_id", "product_id"),
        CheckConstraint("num_nonnulls(shopper_id, cart_id) = 1", name="of_one"),
    )

    shopper_id: Mapped[int | None] = mapped_column(ForeignKey("shoppers.id", ondelete="CASCADE"))
    cart_id: Mapped[int | None] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
