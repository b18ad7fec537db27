"""Discounts, the codes that ask for them, and who used which for what order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger

from shop.core import clock
from shop.extensions import Model, UtcDateTime


class Discount(Model):
    """`uses` counts reservations and redemptions together; it moves only by conditional UPDATE (reserving.py)."""

    __tablename__ = "discounts"
    __table_args__ = (
        CheckConstraint("uses >= 0 AND (max_uses IS NULL OR max_uses >= 1)", name="uses_bounded"),
        Index("ix_discounts_active", "id", postgresql_where=text("is_active")),
    )

    title: Mapped[str] = mapped_column(String(80))  # what buyers read beside the amount
    kind: Mapped[str] = mapped_column(String(16))  # percentage | fixed | free_shipping | buy_x_get_y | tiered
    by_code: Mapped[bool] = mapped_column(Boolean, default=True)  # otherwise automatic
    basis_points: Mapped[int] = mapped_column(Integer, default=0)  # percentage, and what Y is reduced by: 10 % = 1000
    amount_minor: Mapped[int] = mapped_column(Integer, default=0)  # fixed: once an order
    buy_quantity: Mapped[int] = mapped_column(Integer, default=0)
    get_quantity: Mapped[int] = mapped_column(Integer, default=0)
    tiers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)  # [{"from_minor", "basis_points"}]
    scope: Mapped[str] = mapped_column(String(12), default="all")  # all | collections | products
    scope_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default="{}")
    min_minor: Mapped[int] = mapped_column(Integer, default=0)  # of the goods it is for
    min_quantity: Mapped[int] = mapped_column(Integer, default=0)
    first_order_only: Mapped[bool] = mapped_column(Boolean, default=False)
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    per_customer: Mapped[int | None] = mapped_column(Integer)
    max_uses: Mapped[int | None] = mapped_column(Integer)
    uses: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    combines: Mapped[bool] = mapped_column(Boolean, default=False)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    #: a copy of what another platform told of a code of its own (channels/codes); None: ours
    connection_id: Mapped[int | None] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now(), onupdate=clock.now)


class DiscountCode(Model):
    __tablename__ = "discount_codes"

    discount_id: Mapped[int] = mapped_column(ForeignKey("discounts.id", ondelete="CASCADE"), index=True)
    code: Mapped[str] = mapped_column(String(40))  # as it is printed
    key: Mapped[str] = mapped_column(String(40), unique=True)  # as it is compared: codes.fold_code
    max_uses: Mapped[int | None] = mapped_column(Integer)  # 1: single use; None: the discount's limit alone
    uses: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class Redemption(Model):
    """state: reserved → redeemed | released. One for each discount of a checkout; kept for the used-by list."""

    __tablename__ = "redemptions"
    __table_args__ = (
        UniqueConstraint("checkout_id", "discount_id"),
        UniqueConstraint("order_id", "discount_id"),
        Index("ix_redemptions_discount", "discount_id", "state", "id"),
    )

    discount_id: Mapped[int] = mapped_column(ForeignKey("discounts.id"))
    code_id: Mapped[int | None] = mapped_column(ForeignKey("discount_codes.id", ondelete="SET NULL"), index=True)
    checkout_id: Mapped[int | None] = mapped_column(ForeignKey("checkouts.id", ondelete="SET NULL"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    state: Mapped[str] = mapped_column(String(10), default="reserved")
    amount_minor: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
