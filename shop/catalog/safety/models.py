"""What the General Product Safety Regulation (EU) 2023/988 wants shown beside an offer (article 19)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from shop.extensions import Model, UtcDateTime


class SafetyFacts(Model):
    """Facts at one level; what is empty is taken from the next wider one: product, blank, and the store's own
    (store_profile.eu["safety"]). `subject_id`: our product's id, or Printify's blueprint id."""

    __tablename__ = "safety_facts"
    __table_args__ = (UniqueConstraint("scope", "subject_id"),)

    scope: Mapped[str] = mapped_column(String(8))  # blank | product
    subject_id: Mapped[int] = mapped_column(BigInteger)
    manufacturer: Mapped[str] = mapped_column(Text, default="", server_default="")
    manufacturer_address: Mapped[str] = mapped_column(Text, default="", server_default="")
    manufacturer_contact: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: the economic operator in the EU, where the manufacturer is not established there
    responsible: Mapped[str] = mapped_column(Text, default="", server_default="")
    responsible_address: Mapped[str] = mapped_column(Text, default="", server_default="")
    responsible_contact: Mapped[str] = mapped_column(Text, default="", server_default="")
    warnings: Mapped[str] = mapped_column(Text, default="", server_default="")  # plain text, lines
    identifier: Mapped[str] = mapped_column(Text, default="", server_default="")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.now())
