"""Prices that were asked before (Directive 98/6/EC, article 6a). A trigger writes them (migration 0023)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.extensions import Model, UtcDateTime


class PastPrice(Model):
    """What a variant cost until `until`, when its price or its compare-at price in this currency was changed.

    Written by the trigger `keep_past_price` in the statement that changes the row, so no way of changing a price goes
    round it. The price of now stands on the variant; it holds since the latest `until`.
    """

    __tablename__ = "past_prices"
    __table_args__ = (
        Index("ix_past_prices_lowest", "variant_id", "currency", "until"),
        Index("ix_past_prices_until", "until"),
    )

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    currency: Mapped[str] = mapped_column(String(3))
    price_minor: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
