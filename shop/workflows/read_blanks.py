"""What can be printed on, and by whom: asked of Printify once a day, kept in the cache of raw payloads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from shop.catalog.models import PrintifyCache
from shop.catalog.staging import store_payload
from shop.core import clock
from shop.core.transaction import release_connection, transaction
from shop.designing.blanks import Blank, Printable, read_blanks, read_printable
from shop.extensions import db
from shop.fulfilment.printify.client import printify_client

DAY_SECONDS = 86400
Rows = list[dict[str, Any]]


def list_blanks() -> list[Blank]:
    """Every blank by title. Raises OutsideError when Printify cannot be asked and was never."""
    return read_blanks(_kept("blanks", "all", lambda: printify_client().list_blueprints(), _short_blanks))


def list_providers(blueprint_id: int) -> list[tuple[int, str]]:
    """(id, title) of those who print this blank."""
    rows = _kept("blank_providers", str(blueprint_id), lambda: printify_client().list_providers(blueprint_id))
    return [(row["id"], str(row.get("title") or row["id"])[:120]) for row in rows if type(row.get("id")) is int]


def read_printable_blank(blueprint_id: int, provider_id: int) -> Printable:
    """What this provider prints of it."""
    key = f"{blueprint_id}/{provider_id}"
    rows = _kept("blank_variants", key, lambda: printify_client().list_blank_variants(blueprint_id, provider_id))
    return read_printable(rows)


def _kept(kind: str, key: str, ask: Callable[[], Rows], shorten: Callable[[Rows], Rows] = lambda rows: rows) -> Rows:
    found = db.session.execute(
        select(PrintifyCache.payload).where(
            PrintifyCache.kind == kind,
            PrintifyCache.external_id == key,
            PrintifyCache.fetched_at > clock.now() - timedelta(seconds=DAY_SECONDS),
        )
    ).scalar()
    if isinstance(found, list):
        return found
    release_connection()
    rows = shorten(ask())
    with transaction() as session:
        store_payload(session, kind, key, rows, clock.now(), DAY_SECONDS)
    return rows


def _short_blanks(rows: Rows) -> Rows:
    """Their list carries long descriptions of a thousand blanks: names are enough to choose by."""
    return [{name: row.get(name) for name in ("id", "title", "brand", "model")} for row in rows]
