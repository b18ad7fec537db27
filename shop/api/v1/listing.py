"""Pages of a list by keyset: as fast at the end as at the beginning, and steady while rows come and go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import current_app, request
from msgspec import UNSET
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import InstrumentedAttribute

from shop.api.v1.cursors import BadCursor, read_cursor, write_cursor
from shop.api.v1.fields import ChangedQuery, CreatedQuery, ListQuery, id_list
from shop.api.v1.problems import ApiProblem, WrongPart
from shop.extensions import db

R = TypeVar("R")
Id = InstrumentedAttribute[int]


def page_of(
    list_name: str, query: ListQuery, select: Select[Any], id_column: Id, key: Callable[[Any], int]
) -> tuple[Sequence[Any], str | None, dict[str, str]]:
    """(rows, the next page's cursor, headers). One statement; `key` reads a row's id."""
    descending = query.sort == "-id"
    if query.ids is not UNSET:
        select = select.where(id_column.in_(id_list(str(query.ids))))
    if query.cursor is not UNSET:
        last = _place(list_name, str(query.cursor))
        select = select.where(id_column < last if descending else id_column > last)
    order = id_column.desc() if descending else id_column.asc()
    rows = db.session.execute(select.order_by(order).limit(query.limit + 1)).all()
    if len(rows) <= query.limit:
        return rows, None, {}
    rows = rows[: query.limit]
    cursor = write_cursor(list_name, key(rows[-1]))
    return rows, cursor, {"Link": f'<{_address(cursor)}>; rel="next"'}


def created_within(query: CreatedQuery, column: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.created_from is not UNSET:
        found.append(column >= query.created_from)
    if query.created_before is not UNSET:
        found.append(column < query.created_before)
    return found


def changed_within(query: ChangedQuery, column: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.updated_from is not UNSET:
        found.append(column >= query.updated_from)
    if query.updated_before is not UNSET:
        found.append(column < query.updated_before)
    return found


def _place(list_name: str, cursor: str) -> int:
    try:
        return read_cursor(list_name, cursor)
    except BadCursor as error:
        part = WrongPart("query", "cursor", "is not one that this list has given")
        raise ApiProblem("invalid", "This cursor is not one that this list has given.", [part]) from error


def _address(cursor: str) -> str:
    parameters = {**request.args.to_dict(), "cursor": cursor}
    return f"{current_app.config['IMPRINT'].public_url.rstrip('/')}{request.path}?{urlencode(parameters)}"
