"""What we ask a print provider to make, and the parcels that come of it."""

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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core.durable import DurableWork, done_work_index, open_work_index
from shop.extensions import Model, UtcDateTime


class FulfilmentOrder(DurableWork, Model):
    """status: requested → submitted → in_production → shipped → delivered | cancelled | parked.

    The row is the work of submitting it, then of sending it to production (`step`). An order has one, unless it was
    split or a part of it was ordered again: each further one is the next `generation`. `external_key` is our order
    number, from the second on with its generation ("K7QM-4T2X-2"): the provider refuses a second order with the same
    key.
    """

    __tablename__ = "fulfilment_orders"
    __table_args__ = (
        open_work_index("fulfilment_orders"),
        done_work_index("fulfilment_orders"),
        Index("ix_fulfilment_orders_polled", "status", "polled_at"),
        UniqueConstraint("order_id", "generation"),
        # a return is replaced once; what is ordered again instead of that stands beside it
        Index(
            "uq_fulfilment_orders_replacement",
            "return_id",
            unique=True,
            postgresql_where=text("return_id IS NOT NULL AND replaces_id IS NULL"),
        ),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    generation: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    external_key: Mapped[str] = mapped_column(String(64), unique=True)
    #: the cancelled one that this one is ordered instead of; once
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("fulfilment_orders.id"), unique=True)
    #: the return that this one replaces something of; it is made beyond what was ordered, and paid by the shop
    return_id: Mapped[int | None] = mapped_column(ForeignKey("returns.id"), index=True)
    provider: Mapped[str] = mapped_column(String(20), default="printify")
    status: Mapped[str] = mapped_column(String(16), default="requested")
    #: submit | produce | watch; hand: no worker takes it, the merchant makes it
    step: Mapped[str] = mapped_column(String(16), default="submit")
    external_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    provider_status: Mapped[str] = mapped_column(String(40), default="")  # as they say it
    ship_to: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    shipping_method: Mapped[str] = mapped_column(String(12), default="standard")
    cost_minor: Mapped[int] = mapped_column(Integer, default=0)  # what the provider charges us, all in
    is_held: Mapped[bool] = mapped_column(Boolean, default=False)  # stopped by staff or a dispute
    hold_reason: Mapped[str] = mapped_column(Text, default="")
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # cancelled, and nothing comes in its place
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    produced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    polled_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())

    lines: Mapped[list[FulfilmentLine]] = relationship(order_by="FulfilmentLine.id", viewonly=True)


class FulfilmentLine(Model):
    """How many of which order line this one makes, and what the provider calls it (None: not linked to a product).

    A trigger (migration 0006) holds that no more of a line is asked for than was ordered, what was cancelled aside.
    """

    __tablename__ = "fulfilment_lines"
    __table_args__ = (
        UniqueConstraint("fulfilment_order_id", "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    fulfilment_order_id: Mapped[int] = mapped_column(ForeignKey("fulfilment_orders.id", ondelete="CASCADE"))
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id"), index=True)
    quantity: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(520), default="")
    sku: Mapped[str] = mapped_column(String(120), default="")
    product_id: Mapped[str | None] = mapped_column(String(64))
    variant_id: Mapped[int | None] = mapped_column(BigInteger)


class Shipment(Model):
    """A parcel with tracking. Unique on the tracking number: late and repeated news merge."""

    __tablename__ = "shipments"
    __table_args__ = (
        UniqueConstraint("fulfilment_order_id", "number"),
        Index("ix_shipments_delivered_at", "delivered_at"),  # whom to ask for a review
        Index("ix_shipments_shipped_at", "shipped_at"),
    )

    fulfilment_order_id: Mapped[int] = mapped_column(ForeignKey("fulfilment_orders.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    carrier: Mapped[str] = mapped_column(String(40), default="")
    number: Mapped[str] = mapped_column(String(80))
    url: Mapped[str] = mapped_column(Text, default="")
    skus: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    shipped_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
