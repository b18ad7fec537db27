"""Pictures to be printed, and products that are to be made of them at the print provider."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Integer, String, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.durable import DurableWork, open_work_index
from shop.extensions import Model, UtcDateTime


class Design(Model):
    """A picture as it was uploaded, kept whole: the same bytes are one design."""

    __tablename__ = "designs"

    name: Mapped[str] = mapped_column(String(120))
    digest: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of the bytes
    file_key: Mapped[str] = mapped_column(String(80))
    preview_key: Mapped[str] = mapped_column(String(80), default="")  # small; empty: too large to be drawn here
    mime_type: Mapped[str] = mapped_column(String(20))
    bytes: Mapped[int] = mapped_column(Integer)
    width: Mapped[int] = mapped_column(Integer)  # pixels
    height: Mapped[int] = mapped_column(Integer)
    upload_id: Mapped[str | None] = mapped_column(String(64))  # Printify's; None until first used
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())


class NewProduct(DurableWork, Model):
    """A product being made at Printify. step: upload → create → read → publish → done; forward only."""

    __tablename__ = "new_products"
    __table_args__ = (open_work_index("new_products"),)

    #: begins the SKU of each variant: how a product is found again when the answer to its making was lost
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    design_id: Mapped[int] = mapped_column(ForeignKey("designs.id"), index=True)
    blueprint_id: Mapped[int] = mapped_column(Integer)
    provider_id: Mapped[int] = mapped_column(Integer)
    blank_title: Mapped[str] = mapped_column(String(300), default="")
    title: Mapped[str] = mapped_column(String(300))
    description_html: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(80)), default=list)
    variants: Mapped[list[Any]] = mapped_column(JSONB)  # [{"id": int, "price_minor": int}]
    #: [{"position": "front", "x": 0.5, "y": 0.5, "scale": 1.0, "angle": 0}]; contracts/printify.md §5.3 Geometry
    placements: Mapped[list[Any]] = mapped_column(JSONB)
    wants_publishing: Mapped[bool] = mapped_column(Boolean, default=True)
    step: Mapped[str] = mapped_column(String(10), default="upload")
    external_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="SET NULL"))
    requested_by: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
