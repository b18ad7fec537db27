"""Printify's raw payloads into `printify_cache`, page by page; nothing of the shop changes here.

What is cached but not applied yet (`pending_ids`) is derived by comparing hashes, so a worker that dies between
staging and applying loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.bulk import as_json, copy_rows, lock_catalog
from shop.catalog.reading_printify import MOST_PAYLOAD_BYTES, Unreadable, external_id_of, payload_hash

DAY_SECONDS = 86400
PRODUCT, SHIPPING, BLUEPRINT = "product", "shipping", "blueprint"

_KNOWN = text("""
    SELECT external_id, payload_hash FROM printify_cache WHERE kind = 'product' AND external_id = ANY(:ids)""")
_SEEN = text("""
    UPDATE printify_cache SET fetched_at = :at
     WHERE kind = 'product' AND external_id = ANY(:ids) AND fetched_at < :at""")
_REPLACE = text("""
    UPDATE printify_cache c
       SET payload = n.payload, payload_hash = n.payload_hash, fetched_at = :at, ttl_seconds = :ttl
      FROM json_to_recordset(CAST(:rows AS json)) AS n(external_id text, payload_hash text, payload jsonb)
     WHERE c.kind = 'product' AND c.external_id = n.external_id""")
_UPSERT = text("""
    INSERT INTO printify_cache (kind, external_id, payload, payload_hash, fetched_at, ttl_seconds)
    VALUES (:kind, :external_id, CAST(:payload AS jsonb), :hash, :at, :ttl)
    ON CONFLICT (kind, external_id) DO UPDATE SET payload = excluded.payload, payload_hash = excluded.payload_hash,
           fetched_at = excluded.fetched_at, ttl_seconds = excluded.ttl_seconds""")
_PENDING = text("""
    SELECT c.id, c.external_id, p.id AS product_id
      FROM printify_cache c LEFT JOIN products p ON p.external_id = c.external_id
     WHERE c.kind = 'product' AND c.fetched_at >= :since
       AND (p.id IS NULL OR p.source_hash <> c.payload_hash) ORDER BY c.id""")


@dataclass
class Staged:
    """What one page brought. `fresh`: (payload, hash, known before?) of what is new or changed. `skipped`:
    [{"external_id", "title", "reason"}]."""

    fresh: list[tuple[Any, str, bool]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)


def stage_products(session: Session, payloads: Sequence[Any], at: datetime, ttl_seconds: int) -> Staged:
    """Store what is new or changed, and mark all of it as seen at `at`. A repeat changes nothing."""
    staged = Staged()
    hashes: dict[str, str] = {}
    by_id: dict[str, Any] = {}
    for payload in payloads:
        try:
            if not isinstance(payload, dict):
                raise Unreadable("it is not an object")
            external_id = external_id_of(payload)
            hashes[external_id] = payload_hash(payload)
            by_id[external_id] = payload
        except (Unreadable, TypeError, ValueError) as error:
            staged.skipped.append(skip_entry(payload, str(error)))
    staged.seen = list(by_id)
    lock_catalog(session)
    known = {row[0]: row[1] for row in session.execute(_KNOWN, {"ids": staged.seen})}
    same = [i for i in staged.seen if known.get(i) == hashes[i]]
    new: list[tuple[str, str, bytes]] = []
    changed: list[tuple[str, str, bytes]] = []
    for external_id in staged.seen:
        if known.get(external_id) == hashes[external_id]:
            continue
        raw = storable(by_id[external_id])
        if len(raw) > MOST_PAYLOAD_BYTES:
            staged.skipped.append(skip_entry(by_id[external_id], "its data is larger than 4 MB"))
        else:
            (changed if external_id in known else new).append((external_id, hashes[external_id], raw))
            staged.fresh.append((by_id[external_id], hashes[external_id], external_id in known))
    if same:
        session.execute(_SEEN, {"at": at, "ids": same})
    columns = ("kind", "external_id", "payload_hash", "payload", "fetched_at", "ttl_seconds")
    copy_rows(session, "printify_cache", columns, ((PRODUCT, i, h, raw, at, ttl_seconds) for i, h, raw in new))
    if changed:
        rows = [{"external_id": i, "payload_hash": h, "payload": orjson.Fragment(raw)} for i, h, raw in changed]
        session.execute(_REPLACE, {"rows": as_json(rows), "at": at, "ttl": ttl_seconds})
    staged.new, staged.changed, staged.unchanged = len(new), len(changed), len(same)
    return staged


def pending_ids(session: Session, since: datetime) -> list[tuple[str, int | None]]:
    """(external id, our product id if known) of everything seen since then whose facts are not applied yet."""
    return [(row.external_id, row.product_id) for row in session.execute(_PENDING, {"since": since})]


def read_staged(session: Session, external_ids: Sequence[str]) -> list[tuple[Any, str]]:
    """(payload, hash) of cached products, in the order they were cached."""
    rows = session.execute(
        text("""SELECT payload::text, payload_hash FROM printify_cache
                 WHERE kind = 'product' AND external_id = ANY(:ids) ORDER BY id"""),
        {"ids": list(external_ids)},
    )
    return [(orjson.loads(row[0]), row[1]) for row in rows]


def store_payload(session: Session, kind: str, external_id: str, payload: Any, at: datetime, ttl: int) -> bool:
    """Cache another kind of payload (shipping, blueprint). True when it differs from what was cached."""
    raw = storable(payload)
    digest = payload_hash({"description": raw.decode()})
    row = session.execute(
        text("SELECT payload_hash FROM printify_cache WHERE kind = :kind AND external_id = :id"),
        {"kind": kind, "id": external_id},
    ).first()
    values = {"kind": kind, "external_id": external_id, "payload": raw.decode(), "hash": digest, "at": at, "ttl": ttl}
    session.execute(_UPSERT, values)
    return row is None or row[0] != digest


def read_payloads(session: Session, kind: str, external_ids: Iterable[str]) -> dict[str, Any]:
    """Cached payloads of a kind by outside id; unknown ones are left out."""
    rows = session.execute(
        text("SELECT external_id, payload FROM printify_cache WHERE kind = :kind AND external_id = ANY(:ids)"),
        {"kind": kind, "ids": list(external_ids)},
    )
    return {row[0]: row[1] for row in rows}


def skip_entry(payload: Any, reason: str) -> dict[str, str]:
    """One line of the plan about a product that was left as it is."""
    told = payload if isinstance(payload, dict) else {}
    return {
        "external_id": str(told.get("id", ""))[:64],
        "title": str(told.get("title", ""))[:120].replace("\0", ""),
        "reason": reason[:300],
    }


def storable(payload: Any) -> bytes:
    """Compact JSON that PostgreSQL takes: JSONB has no NUL character."""
    raw = orjson.dumps(payload)
    return orjson.dumps(_without_nul(payload)) if b"\\u0000" in raw else raw


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(part) for part in value]
    if isinstance(value, dict):
        return {key.replace("\0", ""): _without_nul(part) for key, part in value.items()}
    return value
