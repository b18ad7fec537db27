"""How the shop takes things back: what a merchant chose, with what holds where nobody chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHORTEST_WINDOW, LONGEST_WINDOW = 14, 365


@dataclass(frozen=True)
class ReturnRules:
    """`window_days`: to withdraw, from delivery. `claim_days`: how long after delivery the print provider takes a
    claim. `all_personalised`: what holds for products that say nothing themselves."""

    address: str = ""
    buyer_pays: bool = True
    window_days: int = SHORTEST_WINDOW
    claim_days: int = 30
    all_personalised: bool = False

    @property
    def address_lines(self) -> list[str]:
        return [line for line in self.address.splitlines() if line.strip()]


def return_rules_of(stored: Mapping[str, Any] | None) -> ReturnRules:
    """From store_profile.returning; what is missing or odd is as it comes."""
    stored, usual = stored or {}, ReturnRules()

    def number(name: str, low: int, high: int) -> int:
        value = stored.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            return int(getattr(usual, name))
        return min(max(value, low), high)

    def flag(name: str) -> bool:
        value = stored.get(name)
        return value if isinstance(value, bool) else bool(getattr(usual, name))

    address = stored.get("address")
    return ReturnRules(
        address=address if isinstance(address, str) else "",
        buyer_pays=flag("buyer_pays"),
        window_days=number("window_days", SHORTEST_WINDOW, LONGEST_WINDOW),
        claim_days=number("claim_days", 1, 365),
        all_personalised=flag("all_personalised"),
    )


def is_personalised(flag: object, rules: ReturnRules) -> bool:
    """`flag`: what the product says itself; None: nothing."""
    return flag if isinstance(flag, bool) else rules.all_personalised
