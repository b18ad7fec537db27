"""Many rows at once: COPY in, and lists of objects as one JSON parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/catalog', 0))")


def lock_catalog(session: Session) -> None:
    """One writer of the catalogue at a time, until this transaction ends. Readers are not held up."""
    session.execute(_LOCK)


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into `table` in this session's transaction. `table` and `columns` come from our code, never outside.

    Values: None, bool, int, str, datetime, bytes (JSON, as it is), list of int, list of str.
    """
    lines = ["\t".join([_FORMAT[type(value)](value) for value in row]) for row in rows]
    if not lines:
        return
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        copy.write("\n".join(lines) + "\n")


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    """One parameter for json_to_recordset."""
    return orjson.dumps(rows).decode()


def _escaped(value: str) -> str:
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if "\n" in value or "\t" in value or "\r" in value:
        value = value.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return value


def _array(values: list[Any]) -> str:
    if not values:
        return "{}"
    if type(values[0]) is int:
        return "{" + ",".join(map(str, values)) + "}"
    quoted = ('"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"' for v in values)
    return _escaped("{" + ",".join(quoted) + "}")


#: COPY's text format, by type
_FORMAT: dict[type, Callable[[Any], str]] = {
    str: _escaped,
    int: str,
    bool: lambda value: "t" if value else "f",
    type(None): lambda value: "\\N",
    bytes: lambda value: _escaped(value.decode()),
    datetime: datetime.isoformat,
    list: _array,
}
