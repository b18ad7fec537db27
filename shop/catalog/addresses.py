"""The addresses of products and collections: changed without breaking old links.

An old address is kept as a row that names the thing itself, so it leads to wherever the thing is now and can never
lead in circles. What lives at an address now comes before what lived there once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.bulk import as_json
from shop.catalog.reading import read

PRODUCT, COLLECTION = "product", "collection"
_TABLES = {PRODUCT: "products", COLLECTION: "collections"}


def rename_products(session: Session, slugs: Mapping[int, str]) -> None:
    """Give products new addresses (by id), and keep the old ones leading there. The caller has looked that they are
    free (`taken_slugs`) and holds the catalogue's lock; a repeat changes nothing."""
    _rename(session, PRODUCT, slugs)


def keep_old_address(session: Session, kind: str, target_id: int, old: str, new: str) -> None:
    """Something moved from `old` to `new` in this transaction."""
    _remember(session, kind, [{"id": target_id, "old": old, "new": new}])


def taken_slugs(session: Session, kind: str, slugs: Sequence[str]) -> dict[str, int]:
    """slug → id of what lives there now."""
    query = f"SELECT slug, id FROM {_TABLES[kind]} WHERE slug = ANY(:slugs)"  # noqa: S608  (names of ours)
    return {row[0]: row[1] for row in session.execute(text(query), {"slugs": list(slugs)})}


def where_it_went(kind: str, slug: str) -> str | None:
    """The address today of what had this one before; None when nothing had it. One statement."""
    if len(slug) > 160 or "\0" in slug:
        return None
    table = _TABLES[kind]
    rows = read(
        f"SELECT t.slug FROM slug_redirects r JOIN {table} t ON t.id = r.target_id"  # noqa: S608  (names of ours)
        " WHERE r.kind = %(kind)s AND r.slug = %(slug)s",
        {"kind": kind, "slug": slug},
    )
    return rows[0][0] if rows else None


def forget_addresses(session: Session, kind: str, target_id: int) -> None:
    """The thing is deleted: its old addresses lead nowhere."""
    session.execute(
        text("DELETE FROM slug_redirects WHERE kind = :kind AND target_id = :id"), {"kind": kind, "id": target_id}
    )


def old_addresses(session: Session, kind: str, target_id: int) -> list[str]:
    rows = session.execute(
        text("SELECT slug FROM slug_redirects WHERE kind = :kind AND target_id = :id ORDER BY id DESC LIMIT 50"),
        {"kind": kind, "id": target_id},
    )
    return [row[0] for row in rows]


def _rename(session: Session, kind: str, slugs: Mapping[int, str]) -> None:
    table = _TABLES[kind]
    rows = session.execute(
        text(f"SELECT id, slug FROM {table} WHERE id = ANY(:ids)"),  # noqa: S608  (names of ours)
        {"ids": list(slugs)},
    )
    moved = [{"id": row.id, "old": row.slug, "new": slugs[row.id]} for row in rows if row.slug != slugs[row.id]]
    if not moved:
        return
    session.execute(
        text(f"""UPDATE {table} t SET slug = n.new
                   FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, new text)
                  WHERE t.id = n.id"""),  # noqa: S608
        {"rows": as_json(moved)},
    )
    _remember(session, kind, moved)


def _remember(session: Session, kind: str, moved: list[dict[str, object]]) -> None:
    values = {"kind": kind, "rows": as_json(moved)}
    session.execute(_FREE, values)
    session.execute(_KEEP, values)


_FREE = text("""
    DELETE FROM slug_redirects r
     USING json_to_recordset(CAST(:rows AS json)) AS n(new text)
     WHERE r.kind = :kind AND r.slug = n.new""")
_KEEP = text("""
    INSERT INTO slug_redirects (kind, slug, target_id)
    SELECT :kind, n.old, n.id FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, old text)
    ON CONFLICT (kind, slug) DO UPDATE SET target_id = excluded.target_id, created_at = now()""")
