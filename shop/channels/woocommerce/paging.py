"""Reading a long list that changes meanwhile: by time of change, from the last one seen, never by page number. Pure.

A page number would skip: who is changed while we read moves to the end, and everybody behind it moves up. So each page
asks for what changed after the last one we saw; those of the very same second that were seen are named as excluded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson

FORM = "%Y-%m-%dT%H:%M:%S"
MOST_EXCLUDED = 200  # ids in one address; of a longer second, the pages overlap instead
OVERLAP = 10


@dataclass(frozen=True)
class Place:
    """How far a list has been read. `after`: everything up to this second (exclusive bound) was; "": from the start."""

    after: str = ""
    seen: tuple[int, ...] = ()
    offset: int = 0


def read_place(cursor: str, since: datetime | None) -> Place:
    """Where to go on. A cursor that cannot be read begins again: what comes twice does no harm."""
    if cursor:
        try:
            held = orjson.loads(cursor)
            return Place(str(held["after"]), tuple(int(i) for i in held["seen"]), int(held["offset"]))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            pass
    # their bound is exclusive, and knows whole seconds
    return Place(_before(since.astimezone(UTC).strftime(FORM)) if since else "")


def write_place(place: Place) -> str:
    return orjson.dumps({"after": place.after, "seen": place.seen, "offset": place.offset}).decode()


def query_of(place: Place, order_by: str = "modified") -> dict[str, Any]:
    """`order_by` "date": an old shop that cannot sort by change; then pages overlap."""
    asked: dict[str, Any] = {"orderby": order_by, "order": "asc"}
    if place.after:
        asked |= {"modified_after": place.after, "dates_are_gmt": "true"}
    if place.seen:
        asked["exclude"] = ",".join(map(str, place.seen))
    if place.offset:
        asked["offset"] = place.offset
    return asked


def move_on(place: Place, rows: Sequence[tuple[int, str]], total: int | None, per_page: int) -> Place | None:
    """The next place after these rows (id, time of change), or None at the end. `total`: how many matched the query."""
    left = (total - place.offset - len(rows)) if total is not None else int(len(rows) >= per_page)
    if left <= 0 or not rows:
        return None
    last = rows[-1][1]
    here = tuple(row for row, changed in rows if changed == last)
    if not last or any(later < earlier for (_, earlier), (_, later) in pairwise(rows)):
        return replace(place, offset=place.offset + max(len(rows) - OVERLAP, 1))
    if place.after != _before(last):
        return Place(_before(last), here)
    if len(place.seen) + len(here) <= MOST_EXCLUDED:
        return Place(place.after, place.seen + here)
    return replace(place, offset=place.offset + max(len(rows) - OVERLAP, 1))


def _before(second: str) -> str:
    try:
        return (datetime.strptime(second, FORM) - timedelta(seconds=1)).strftime(FORM)
    except ValueError:
        return second
