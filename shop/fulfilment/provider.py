"""What a print provider tells us about one order, in our words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ParcelNews:
    carrier: str
    number: str
    url: str
    delivered_at: datetime | None
    skus: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProviderOrder:
    """`status` is ours: submitted | in_production | partly_shipped | shipped | delivered | cancelled | trouble."""

    external_id: str
    external_key: str
    status: str
    provider_status: str
    cost_minor: int
    parcels: tuple[ParcelNews, ...]
    may_be_produced: bool  # still waits for us to say "produce"
    trouble: str = ""
