"""Write every stored secret anew under the newest key, while the shop goes on: `flask secrets rotate`.

Each value is replaced only if it still is the one that was read, so a secret that is saved at the same moment wins.
A stop half-way loses nothing: every value names its key, a second run goes on with the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text, and_, select, tuple_, type_coerce, update
from sqlalchemy.orm import Session

from shop.core.secrets import EncryptedText, decrypt, encrypt, is_under_newest_key
from shop.core.transaction import transaction

BATCH = 200


@dataclass
class Rotated:
    """What became of one column. `unreadable`: no key that we have fits; the value is left as it is."""

    name: str
    rewritten: int = 0
    unreadable: int = 0


def encrypted_columns(metadata: MetaData) -> list[Column[Any]]:
    """Every column of every table that is encrypted, in a fixed order."""
    return [
        found
        for table in sorted(metadata.tables.values(), key=lambda t: t.name)
        for found in table.columns
        if isinstance(found.type, EncryptedText)
    ]


def rotate(metadata: MetaData) -> Iterator[Rotated]:
    """One answer for each column, when it is done. Commits batch by batch."""
    for found in encrypted_columns(metadata):
        yield _rotate_column(found)


def _rotate_column(secret: Column[Any]) -> Rotated:
    told = Rotated(f"{secret.table.name}.{secret.name}")
    after: tuple[Any, ...] | None = None
    while True:
        with transaction() as session:
            rows = _read_batch(session, secret, after)
            for *key, raw in rows:
                if raw is not None and not is_under_newest_key(raw):
                    _rewrite(session, secret, tuple(key), raw, told)
        if len(rows) < BATCH:
            return told
        after = tuple(rows[-1][:-1])


def _read_batch(session: Session, secret: Column[Any], after: tuple[Any, ...] | None) -> list[Any]:
    """Primary key and stored text, as the database holds it."""
    table = _table_of(secret)
    keys = list(table.primary_key.columns)
    query = select(*keys, type_coerce(secret, Text)).where(secret.is_not(None)).order_by(*keys).limit(BATCH)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after))
    return list(session.execute(query))


def _rewrite(session: Session, secret: Column[Any], key: tuple[Any, ...], raw: str, told: Rotated) -> None:
    table = _table_of(secret)
    try:
        fresh = encrypt(decrypt(raw))
    except ValueError:
        told.unreadable += 1
        return
    is_row = and_(*(c == value for c, value in zip(table.primary_key.columns, key, strict=True)))
    changed = session.execute(
        update(table)
        .where(is_row, type_coerce(secret, Text) == raw)
        .values({secret: type_coerce(fresh, Text)})
        .execution_options(synchronize_session=False)
    )
    told.rewritten += changed.rowcount  # type: ignore[attr-defined]


def _table_of(secret: Column[Any]) -> Table:
    assert isinstance(secret.table, Table)
    return secret.table
