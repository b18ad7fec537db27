"""What the shop knows of its own trade: visits, counted without cookies and without knowing anybody."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Integer, SmallInteger, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from shop.extensions import Model, UtcDateTime


class VisitDay(Model):
    """One UTC day. `visitors`: different people, as far as one can tell without following anybody."""

    __tablename__ = "visit_days"

    on: Mapped[date] = mapped_column(Date, unique=True)
    visitors: Mapped[int] = mapped_column(Integer, default=0)
    views: Mapped[int] = mapped_column(Integer, default=0)


class ThresholdNotice(Model):
    """The shop was told, once, that its sales to other EU countries reached `percent` of the threshold this year."""

    __tablename__ = "threshold_notices"
    __table_args__ = (UniqueConstraint("year", "percent"),)

    year: Mapped[int] = mapped_column(SmallInteger)
    percent: Mapped[int] = mapped_column(SmallInteger)  # 80 | 100
    sum_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
