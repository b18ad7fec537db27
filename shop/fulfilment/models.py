"""What we ask a print provider to make, and the parcels that come of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, open_work_index
from shop.extensions import Model, UtcDateTime


class FulfilmentOrder(DurableWork, Model):
    """status: requested → submitted → in_production → shipped → delivered | cancelled | parked.

    The row is the work of submitting it, then of sending it to production (`step`). `external_key` is our order
    number (plus a suffix for a replacement): the provider refuses a second order with the same key.
    """

    __tablename__ = "fulfilment_orders"
    __table_args__ = (
        open_work_index("fulfilment_orders"),
        Index("ix_fulfilment_orders_polled", "status", "polled_at"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    external_key: Mapped[str] = mapped_column(String(64), unique=True)
    provider: Mapped[str] = mapped_column(String(20), default="printify")
    status: Mapped[str] = mapped_column(String(16), default="requested")
    step: Mapped[str] = mapped_column(String(16), default="submit")  # submit | produce | watch
    external_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    provider_status: Mapped[str] = mapped_column(String(40), default="")  # as they say it
    #: [{"order_line_id": int, "product_id": str, "variant_id": int, "sku": str, "quantity": int}]
    items: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    ship_to: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    shipping_method: Mapped[str] = mapped_column(String(12), default="standard")
    cost_minor: Mapped[int] = mapped_column(Integer, default=0)  # what the provider charges us, all in
    is_held: Mapped[bool] = mapped_column(Boolean, default=False)  # stopped by staff or a dispute
    hold_reason: Mapped[str] = mapped_column(Text, default="")
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    produced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    polled_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class Shipment(Model):
    """A parcel with tracking. Unique on the tracking number: late and repeated news merge."""

    __tablename__ = "shipments"
    __table_args__ = (UniqueConstraint("fulfilment_order_id", "number"),)

    fulfilment_order_id: Mapped[int] = mapped_column(ForeignKey("fulfilment_orders.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    carrier: Mapped[str] = mapped_column(String(40), default="")
    number: Mapped[str] = mapped_column(String(80))
    url: Mapped[str] = mapped_column(Text, default="")
    skus: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    shipped_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
