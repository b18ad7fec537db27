"""What a shop counts in: its currency, its tax, its clock without a zone, its scales (§2). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from shop.core.money import exponent

_MICRO = Decimal("0.000001")
_GRAMS = {
    "kg": Decimal(1000), "g": Decimal(1), "gr": Decimal(1), "lb": Decimal("453.59237"), "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"), "t": Decimal(1_000_000),
}  # fmt: skip
FORM = "%Y-%m-%d %H:%M:%S"
MOST = Decimal(10) ** 12  # no price is larger; and no exponent makes a number of a million digits

#: names of `configurations` that are read together
SETTINGS = (
    "PS_SHOP_NAME", "PS_TIMEZONE", "PS_CURRENCY_DEFAULT", "PS_LANG_DEFAULT", "PS_WEIGHT_UNIT", "PS_ORDER_OUT_OF_STOCK",
    "PS_OS_CANCELED", "PS_OS_REFUND", "PS_OS_ERROR", "PS_OS_SHIPPING", "PS_CARRIER_DEFAULT", "PS_HOME_CATEGORY",
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """One shop's. `rate`: the tax on what it sells, 0.19; prices there are net, and gross with it for us."""

    settings: Mapping[str, str] = field(default_factory=dict)
    currency: str = "EUR"
    rate: Decimal = Decimal(0)
    includes_tax: bool = False
    base_url: str = ""

    def setting(self, name: str, default: str = "") -> str:
        return self.settings.get(name) or default

    @property
    def zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.setting("PS_TIMEZONE", "UTC"))
        except (KeyError, ValueError, OSError):  # a zone that we do not know
            return ZoneInfo("UTC")

    @property
    def language_id(self) -> str:
        return self.setting("PS_LANG_DEFAULT", "1")

    @property
    def oversells(self) -> bool:
        """What a stock row's "as the shop does" (2) means."""
        return self.setting("PS_ORDER_OUT_OF_STOCK") == "1"

    # -- money

    def gross_minor(self, net: Decimal) -> int:
        """A net price of theirs as we sell it; rounded once: Decimal("20.92") at 19 % -> 2489."""
        return minor(net * (1 + self.rate), self.currency)

    def net(self, gross_minor: int) -> Decimal:
        """Back, in their six decimals: gross_minor(net(x)) == x for every x (half a millionth is less than half a
        minor unit of any currency)."""
        return (Decimal(gross_minor).scaleb(-exponent(self.currency)) / (1 + self.rate)).quantize(_MICRO, ROUND_HALF_UP)

    # -- weight

    def grams(self, weight: Decimal) -> int:
        return int((weight * self._unit).quantize(Decimal(1), ROUND_HALF_UP))

    def weight(self, grams: int) -> Decimal:
        return (Decimal(grams) / self._unit).quantize(_MICRO, ROUND_HALF_UP)

    @property
    def _unit(self) -> Decimal:
        return _GRAMS.get(self.setting("PS_WEIGHT_UNIT", "kg").lower(), Decimal(1000))

    # -- time

    def utc(self, text: object) -> datetime | None:
        """A moment of theirs. In the hour that comes twice it is the first one: rather read again than missed."""
        try:
            return datetime.strptime(str(text), FORM).replace(tzinfo=self.zone).astimezone(UTC)
        except (ValueError, OverflowError):  # "0000-00-00 00:00:00" is how they write "never"
            return None

    def since(self, moment: datetime) -> str:
        """The least their clock showed at or after `moment`: it goes back an hour once a year."""
        zone, quarter = self.zone, moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
        coming = [moment, *(quarter + timedelta(minutes=15 * step) for step in range(1, 13))]
        # clocks change on a quarter
        shown = [found.astimezone(zone).replace(tzinfo=None) for found in coming]
        return min(shown).strftime(FORM)


def read_terms(rows: list[dict[str, Any]], currency: str, rate: str, base_url: str) -> Terms:
    """From rows of `configurations`. Raises ValueError for a rate that is none."""
    settings = {str(row.get("name")): str(row.get("value") or "") for row in rows}
    percent = number(rate.strip().replace(",", ".").removesuffix("%") or "0")
    if not 0 <= percent <= 100:
        raise ValueError(f"a tax rate of {rate[:20]}")
    return Terms(settings, currency, percent / 100, includes_tax=percent > 0, base_url=base_url)


def number(value: object) -> Decimal:
    """A decimal text of theirs; "" is 0. Raises ValueError for anything else."""
    text = str(value if value is not None else "").strip()
    if not text:
        return Decimal(0)
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is no number") from None
    if not found.is_finite() or abs(found) > MOST:
        raise ValueError(f"{text[:40]!r} is no amount")
    return found


def minor(value: Decimal, currency: str) -> int:
    return int(value.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def flag(value: object) -> bool:
    return str(value or "0").strip() == "1"
