"""Pages by time of change that miss nothing while rows change under them (contracts/prestashop.md §2).

The cursor is the last row's moment and id: "2026-11-20 10:15:00|12". An offset would skip a row whenever one before it
moved to the end; this asks for what stands behind the last row instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shop.channels.prestashop.client import Client
from shop.channels.prestashop.reading import TOO_LARGE
from shop.channels.prestashop.terms import FORM, Terms
from shop.channels.prestashop.wire import SERVICE
from shop.errors import Misunderstood

FAR = "2099-12-31 23:59:59"
_SORT = "[date_upd_ASC,id_ASC]"
_CURSOR = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\|(\d{1,12})")


def pull_rows(
    client: Client, resource: str, terms: Terms, since: datetime | None, cursor: str, size: int,
    filters: Mapping[str, str] | None = None,
) -> tuple[list[dict[str, Any]], str, bool]:  # fmt: skip
    """(rows, the next cursor, whether these were the last). One call or two; at the end twice as many, as a page that
    was cut short on its way looks like the last one: so what stands behind it is asked for once more.
    """

    def read(count: int, **more: str) -> list[dict[str, Any]]:
        asked = {**(filters or {}), **{f"filter[{name}]": value for name, value in more.items()}}
        try:
            return client.list_rows(resource, asked, sort=_SORT, limit=count, language=terms.language_id, dates=True)
        except Misunderstood as error:
            if "larger than" not in error.detail:
                raise
        # one of them is a bomb: told which they are, each part is read alone, and the one is left out by name
        bare = client.list_rows(resource, asked, sort=_SORT, limit=count, dates=True, display="[id,date_upd]")
        return _in_parts(client, resource, bare, terms)

    def read_after(cursor: str, count: int) -> list[dict[str, Any]]:
        place = _CURSOR.fullmatch(cursor)
        if place is None:
            return read(count, **({"date_upd": f"[{terms.since(since)},{FAR}]"} if since else {}))
        rows = read(count, date_upd=f"[{place[1]},{place[1]}]", id=f">[{place[2]}]")
        if len(rows) < count:
            rows += read(count - len(rows), date_upd=f"[{_next_second(place[1])},{FAR}]")
        return rows

    rows = read_after(cursor, size)
    following = _place_of(rows[-1]) if rows else cursor
    if len(rows) < size:
        more = read_after(following, size - len(rows))
        if not more:
            return rows, following, True
        rows, following = rows + more, _place_of(more[-1])
    if following == cursor or _CURSOR.fullmatch(following) is None:
        raise Misunderstood(service=SERVICE, detail=f"{resource}: the pages do not go on after {following[:60]}")
    return rows, following, False


def _place_of(row: Mapping[str, Any]) -> str:
    return f"{row.get('date_upd')}|{row.get('id')}"


def _in_parts(client: Client, resource: str, bare: list[dict[str, Any]], terms: Terms) -> list[dict[str, Any]]:
    """The rows whole, in the same order; one that is too large alone stays bare, with TOO_LARGE for a reason."""
    try:
        ids = [row.get("id") for row in bare]
        whole = {row.get("id"): row for row in client.by_ids(resource, ids, language=terms.language_id)}
        return [whole[row_id] for row_id in ids if row_id in whole]
    except Misunderstood as error:
        if "larger than" not in error.detail:
            raise
    if len(bare) == 1:
        return [{**bare[0], TOO_LARGE: "It is larger than anything that could be shown."}]
    middle = len(bare) // 2
    return _in_parts(client, resource, bare[:middle], terms) + _in_parts(client, resource, bare[middle:], terms)


def _next_second(text: str) -> str:
    try:
        return (datetime.strptime(text, FORM) + timedelta(seconds=1)).strftime(FORM)
    except (ValueError, OverflowError):  # "0000-00-00 00:00:00": never changed
        return "0000-00-00 00:00:01"
