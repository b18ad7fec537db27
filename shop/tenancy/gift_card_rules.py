"""What gift cards the shop sells: what a merchant chose, with what holds where nobody chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_AMOUNTS = 8
LARGEST_MINOR = 100_000_000


@dataclass(frozen=True)
class GiftCardRules:
    """Amounts in minor units of the store's currency. `months`: how long a card pays; 0: for ever. A buyer may type an
    amount of their own where `most_minor` is more than 0."""

    on: bool = False
    amounts: tuple[int, ...] = ()
    least_minor: int = 0
    most_minor: int = 0
    months: int = 0

    def allows(self, minor: int) -> bool:
        return minor in self.amounts or 0 < self.least_minor <= minor <= self.most_minor


def gift_card_rules(stored: Mapping[str, Any] | None) -> GiftCardRules:
    """From store_profile.gift_cards; what is missing or odd is left out. Not on while there is nothing to choose."""
    stored = stored or {}
    raw = stored.get("amounts")
    amounts = tuple(sorted({a for a in raw if _fits(a)}))[:MOST_AMOUNTS] if isinstance(raw, list) else ()
    least, most, months = (_whole(stored.get(name)) for name in ("least_minor", "most_minor", "months"))
    least, most = (least, most) if _fits(least) and _fits(most) and least <= most else (0, 0)
    return GiftCardRules(
        on=stored.get("on") is True and bool(amounts or most),
        amounts=amounts,
        least_minor=least,
        most_minor=most,
        months=months if 0 <= months <= 240 else 0,
    )


def _fits(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_MINOR


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
