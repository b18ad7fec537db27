"""Values into rows: one statement a field, however many products, and everything that follows from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.addresses import rename_products
from shop.catalog.bulk import as_json
from shop.catalog.editing import publish
from shop.catalog.runs.fields import FIELDS
from shop.catalog.runs.looking import Now

#: no payload has this hash: the next refresh writes the product again (an empty one says that it is gone there)
AGAIN = "again"


class Write(NamedTuple):
    """`own`: whether the field is the merchant's from now on, so that refreshes leave it alone."""

    field: str
    product_id: int
    subject_id: int
    value: Any
    own: bool


def write(session: Session, writes: Sequence[Write], now: Now, at: datetime) -> None:
    """In the caller's transaction, which holds the catalogue's lock. What stops being the merchant's is compared
    again by the next refresh."""
    by_field: dict[str, list[Write]] = defaultdict(list)
    for one in writes:
        by_field[one.field].append(one)
    for name, chosen in by_field.items():
        if name == "slug":
            rename_products(session, {one.product_id: one.value for one in chosen})
        elif name == "collections":
            _write_collections(session, chosen)
        elif name == "images":
            _write_order(session, chosen, now)
        elif name in _BY_SUBJECT:
            rows = [{"id": one.subject_id, "v": one.value, "own": one.own} for one in chosen]
            session.execute(_BY_SUBJECT[name], {"rows": as_json(rows)})
        else:
            session.execute(_column_statement(name), {"rows": _rows_of(chosen)})
        _mark(session, name, chosen)
    ids = sorted({one.product_id for one in writes})
    given_back = sorted({w.product_id for w in writes if not w.own and (FIELDS[w.field].told or w.field == "price")})
    session.execute(_TOUCH, {"ids": ids, "given_back": given_back, "again": AGAIN, "at": at})
    publish(session, ids)


def _rows_of(chosen: Sequence[Write]) -> str:
    return as_json([{"id": one.product_id, "v": one.value, "own": one.own} for one in chosen])


def _column_statement(name: str) -> Any:
    kind = FIELDS[name].sql
    value = "ARRAY(SELECT json_array_elements_text(n.v))" if kind == "json" else "n.v"
    return text(f"""UPDATE products p SET {name} = {value}
                      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, v {kind})
                     WHERE p.id = n.id""")  # noqa: S608  (names of ours)


def _mark(session: Session, name: str, chosen: Sequence[Write]) -> None:
    told = FIELDS[name].told
    if told:
        session.execute(_MARK, {"rows": _rows_of([one._replace(value=None) for one in chosen]), "name": told})


def _write_collections(session: Session, chosen: Sequence[Write]) -> None:
    pairs = [{"product": one.product_id, "collection": c} for one in chosen for c in one.value]
    values = {"rows": as_json(pairs), "ids": [one.product_id for one in chosen]}
    session.execute(_LEAVE, values)
    session.execute(_ENTER, values)


def _write_order(session: Session, chosen: Sequence[Write], now: Now) -> None:
    """What the order does not name follows as it was."""
    rows = []
    for one in chosen:
        there = now.values.get(("images", one.product_id, 0), [])
        order = [i for i in one.value if i in there] + [i for i in there if i not in one.value]
        rows += [{"id": image_id, "v": place} for place, image_id in enumerate(order)]
    session.execute(_ORDER, {"rows": as_json(rows)})


_BY_SUBJECT = {
    "price": text("""
        UPDATE variants v SET price_minor = n.v, price_edited = n.own
          FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, v int, own boolean) WHERE v.id = n.id"""),
    "compare_at": text("""
        UPDATE variants v SET compare_at_minor = n.v
          FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, v int) WHERE v.id = n.id"""),
    "alt": text("""
        UPDATE images i SET alt = n.v
          FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, v text) WHERE i.id = n.id"""),
}
_MARK = text("""
    UPDATE products p SET edited_fields = array_remove(p.edited_fields, CAST(:name AS varchar))
                          || CASE WHEN n.own THEN ARRAY[CAST(:name AS varchar)] ELSE '{}'::varchar[] END
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, own boolean) WHERE p.id = n.id""")
_TOUCH = text("""
    UPDATE products SET updated_at = :at,
           source_hash = CASE WHEN id = ANY(:given_back) AND source_hash <> '' THEN :again ELSE source_hash END
     WHERE id = ANY(:ids)""")
_LEAVE = text("""
    DELETE FROM collection_products cp WHERE cp.product_id = ANY(:ids) AND cp.by_hand
       AND NOT EXISTS (SELECT 1 FROM json_to_recordset(CAST(:rows AS json)) AS n(product bigint, collection bigint)
                        WHERE n.product = cp.product_id AND n.collection = cp.collection_id)""")
_ENTER = text("""
    INSERT INTO collection_products (collection_id, product_id, position, by_hand)
    SELECT n.collection, n.product, 0, true
      FROM json_to_recordset(CAST(:rows AS json)) AS n(product bigint, collection bigint)
      JOIN collections c ON c.id = n.collection
    ON CONFLICT (collection_id, product_id) DO UPDATE SET by_hand = true""")
_ORDER = text("""
    UPDATE images i SET position = n.v, is_default = (n.v = 0)
      FROM json_to_recordset(CAST(:rows AS json)) AS n(id bigint, v int) WHERE i.id = n.id""")
