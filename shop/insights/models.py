"""What the shop knows of its own trade: visits, counted without cookies and without knowing anybody."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Integer
from sqlalchemy.orm import Mapped, mapped_column

from shop.extensions import Model


class VisitDay(Model):
    """One UTC day. `visitors`: different people, as far as one can tell without following anybody."""

    __tablename__ = "visit_days"

    on: Mapped[date] = mapped_column(Date, unique=True)
    visitors: Mapped[int] = mapped_column(Integer, default=0)
    views: Mapped[int] = mapped_column(Integer, default=0)
