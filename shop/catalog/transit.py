"""How long until a parcel is at the door. Printify tells its handling time only (contracts/printify.md §5.2), so the
way is the store's own estimate: the `days` of its shipping table, for the country. The one place where this is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

USUAL_HANDLING = (2, 5)  # business days, where the provider says nothing
#: faster methods take about half the way
SHARE_OF_WAY = {"economy": 1.2, "standard": 1.0, "priority": 0.6, "express": 0.4}


def table_row(table: Sequence[Mapping[str, Any]], country: str) -> Mapping[str, Any] | None:
    """The store's row for this country: its own, else the one for everywhere ("*")."""
    own = next((row for row in table if country in row.get("countries", [])), None)
    return own or next((row for row in table if "*" in row.get("countries", [])), None)


def delivery_days(
    handling: Sequence[int] | None, table: Sequence[Mapping[str, Any]], country: str, method: str = "standard"
) -> tuple[int, int]:
    """(fewest, most) business days from order to door; (0, 0) when the way is not known."""
    row = table_row(table, country)
    way = list(row.get("days") or []) if row else []
    if len(way) != 2 or not way[1]:
        return 0, 0
    low, high = handling if handling and handling[1] else USUAL_HANDLING
    share = SHARE_OF_WAY.get(method, 1.0)
    return low + max(1, round(way[0] * share)), high + max(1, round(way[1] * share))
