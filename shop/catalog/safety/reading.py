"""Safety facts as a page shows them, and which products have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.safety.models import SafetyFacts

#: field → (label, most characters)
FIELDS = {
    "manufacturer": ("Manufacturer", 200),
    "manufacturer_address": ("Its postal address", 300),
    "manufacturer_contact": ("Its e-mail or web address", 200),
    "responsible": ("Responsible person in the EU", 200),
    "responsible_address": ("Their postal address", 300),
    "responsible_contact": ("Their e-mail or web address", 200),
    "warnings": ("Warnings and safety information", 4000),
    "identifier": ("Product identifier", 120),
}
#: what the law wants in any case (article 19 a)
NEEDED = ("manufacturer", "manufacturer_address", "manufacturer_contact")
Facts = Mapping[str, str]

_READ = text(f"""
    SELECT scope, subject_id, {", ".join(FIELDS)} FROM safety_facts
     WHERE (scope = 'product' AND subject_id = ANY(:products)) OR (scope = 'blank' AND subject_id = ANY(:blanks))""")  # noqa: S608
_LACKS = " OR ".join(
    f"coalesce(nullif(f.{name}, ''), nullif(b.{name}, ''), :{name}) = ''" for name in NEEDED
)
_FROM_LACKING = f"""
    FROM products p
    LEFT JOIN safety_facts f ON f.scope = 'product' AND f.subject_id = p.id
    LEFT JOIN safety_facts b ON b.scope = 'blank' AND b.subject_id = p.blueprint_id
   WHERE p.status = 'active' AND p.safety_html = '' AND ({_LACKS})"""
_LACKING = text(f"SELECT p.id, p.title, p.blueprint_id {_FROM_LACKING} ORDER BY p.title, p.id LIMIT :n OFFSET :start")
_COUNT = text(f"SELECT count(*) {_FROM_LACKING}")


def read_safety(session: Session, products: Sequence[int], blanks: Sequence[int]) -> dict[tuple[str, int], Facts]:
    """{(scope, id): facts}; one statement."""
    rows = session.execute(_READ, {"products": list(products), "blanks": list(blanks)})
    return {(row.scope, row.subject_id): {name: getattr(row, name) for name in FIELDS} for row in rows}


def find_facts(session: Session, scope: str, subject_id: int) -> dict[str, str]:
    """What is written at one level; empty texts where nothing is."""
    held = read_safety(session, [subject_id], []) if scope == "product" else read_safety(session, [], [subject_id])
    return {name: str((held.get((scope, subject_id)) or {}).get(name, "")) for name in FIELDS}


def save_facts(session: Session, scope: str, subject_id: int, values: Facts) -> None:
    """Write one level; all empty takes it away. The caller rebuilds the products and commits."""
    row = (
        session.query(SafetyFacts).filter_by(scope=scope, subject_id=subject_id).with_for_update().one_or_none()
    )
    if not any(values.values()):
        if row is not None:
            session.delete(row)
        return
    if row is None:
        row = SafetyFacts(scope=scope, subject_id=subject_id)
        session.add(row)
    for name in FIELDS:
        setattr(row, name, values.get(name, ""))
    session.flush()


def merged(*levels: Facts | None) -> dict[str, str]:
    """Field by field, from the nearest level that says something; nothing of what nobody says."""
    found: dict[str, str] = {}
    for name in FIELDS:
        value = next((level[name] for level in levels if level and level.get(name)), "")
        if value:
            found[name] = value
    return found


def shown_safety(document: Mapping[str, Any], eu: Mapping[str, Any] | None) -> dict[str, str] | None:
    """For the product's page; None where there is nothing to say. The identifier is ours where nobody wrote one."""
    found = merged(document.get("safety"), (eu or {}).get("safety"))
    said = {name: value for name, value in found.items() if name != "identifier"}
    if not said and not document.get("gpsr_html"):
        return None
    return {"identifier": f"{document['slug']}-{document['id']}", **found}


def count_lacking(session: Session, eu: Mapping[str, Any] | None) -> int:
    """Products on sale that neither we nor Printify say the maker of."""
    return int(session.execute(_COUNT, _store_level(eu)).scalar_one())


def list_lacking(session: Session, eu: Mapping[str, Any] | None, start: int, n: int) -> Sequence[Any]:
    return session.execute(_LACKING, {**_store_level(eu), "start": start, "n": n}).all()


def _store_level(eu: Mapping[str, Any] | None) -> dict[str, str]:
    held = (eu or {}).get("safety") or {}
    return {name: str(held.get(name) or "") for name in NEEDED}
