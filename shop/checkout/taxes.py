"""Tax from the store's table: inside the prices (Europe) or added (US). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from shop.core.money import included_share, share_of


@dataclass(frozen=True)
class Tax:
    """`minor` is told when `included`, added otherwise. `per_line` has the share of each line."""

    minor: int
    included: bool
    label: str
    per_line: tuple[int, ...]
    rate: Decimal | None = None
    name: str = ""


def tax_of(
    line_totals: Sequence[int],
    shipping_minor: int,
    country: str,
    table: Sequence[dict[str, Any]],
    *,
    included: bool,
    least: int = 1,
) -> Tax:
    """Rows: {"country": "DE", "rate": "0.19", "on_shipping": true, "name": "VAT"}. Rounded half up per line.

    `least`: what is added is a whole number of these (core/money.step), as the amounts are that it is added to."""
    row = next((r for r in table if r.get("country") == country), None)
    rate = _rate(row)
    if row is None or rate is None:
        return Tax(0, included, "", tuple(0 for _ in line_totals))

    def share(minor: int, rate: Decimal) -> int:
        return included_share(minor, rate) if included else share_of(minor // least, rate) * least

    per_line = tuple(share(total, rate) for total in line_totals)
    on_shipping = share(shipping_minor, rate) if row.get("on_shipping", True) else 0
    percent = f"{(rate * 100).normalize():f}"
    name = str(row.get("name") or "Tax")
    label = f"Includes {percent}% {name}" if included else f"{name} ({percent}%)"
    return Tax(sum(per_line) + on_shipping, included, label, per_line, rate, name)


def _rate(row: dict[str, Any] | None) -> Decimal | None:
    try:
        rate = Decimal(str((row or {}).get("rate", "")))
    except InvalidOperation:
        return None
    return rate if 0 < rate < 1 else None
