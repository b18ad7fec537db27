"""What a list request asks for: filters, order, page and fields, with the refusals of §2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sandbox.prestashop.schema import Resource
from sandbox.prestashop.tables import Row, Table

_FILTER = re.compile(r"^(>|<|!|%?)\[(.*)\](%?)$", re.DOTALL)
_INTERVAL = re.compile(r"[\d.:\-\s]+,[\d.:\-\s]+")
_DATES = ("date_add", "date_upd")


class Wrong(Exception):
    """A refusal: HTTP status, code, message."""

    def __init__(self, status: int, code: int, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


@dataclass(frozen=True)
class Condition:
    """One filter: `kind` is or | not | interval | above | below | starts | ends | holds."""

    name: str
    kind: str
    values: tuple[str, ...]

    def fits(self, row: Row) -> bool:
        found = row.get(self.name, "")
        texts = list(found.values()) if isinstance(found, dict) else [str(found)]
        return any(self._fits(text.casefold()) for text in texts or [""])

    def _fits(self, text: str) -> bool:
        values = self.values
        if self.kind == "or":
            return any(_same(text, value) for value in values)
        if self.kind == "not":
            return not any(_same(text, value) for value in values)
        if self.kind == "interval":
            return _order(values[0]) <= _order(text) <= _order(values[1])
        if self.kind == "above":
            return _order(text) > _order(values[0])
        if self.kind == "below":
            return _order(text) < _order(values[0])
        if self.kind == "starts":
            return text.startswith(values[0])
        return text.endswith(values[0]) if self.kind == "ends" else values[0] in text


def read_conditions(args: Mapping[str, str], resource: Resource) -> list[Condition]:
    found = []
    for key, raw in args.items():
        if not key.startswith("filter["):
            continue
        name = key[7:].removesuffix("]")
        if name != "id" and (name not in resource.fields or resource.fields[name].read_only):
            raise Wrong(400, 32, f"The filter {name} is not available.")
        if name in _DATES and args.get("date") != "1":
            raise Wrong(400, 32, f"The filter {name} is not available.")
        match = _FILTER.match(raw)
        if match is None:
            raise Wrong(400, 33, f"This filter is malformed: {name}={raw[:60]}")
        before, inner, after = match[1], match[2].casefold(), match[3]
        parts = tuple(inner.split("|"))
        if before in ("<", ">"):
            found.append(Condition(name, "above" if before == ">" else "below", (inner,)))
        elif before == "!":
            found.append(Condition(name, "not", parts))
        elif before == "%" or after == "%":
            found.append(Condition(name, "holds" if before and after else "ends" if before else "starts", (inner,)))
        elif "|" not in inner and _INTERVAL.fullmatch(inner):
            first, _, last = inner.partition(",")
            found.append(Condition(name, "interval", (first.strip(), last.strip())))
        else:
            found.append(Condition(name, "or", parts))
    return found


def read_sort(args: Mapping[str, str], resource: Resource) -> list[tuple[str, bool]]:
    """(field, is descending)."""
    raw = args.get("sort", "")
    if not raw:
        return []
    found = []
    for part in raw.strip("[]").split(","):
        match = re.fullmatch(r"(\w+)_(ASC|DESC)", part.strip())
        if match is None or (match[1] != "id" and match[1] not in resource.fields):
            raise Wrong(400, 37, f"This sort value is malformed: {part[:60]}")
        if match[1] in _DATES and args.get("date") != "1":
            raise Wrong(400, 38, f"The sort field {match[1]} is not available.")
        found.append((match[1], match[2] == "DESC"))
    return found


def read_limit(args: Mapping[str, str]) -> tuple[int, int]:
    """(offset, count); without one, everything."""
    raw = args.get("limit", "")
    if not raw:
        return 0, 1 << 40
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})?", raw):
        raise Wrong(400, 39, "The limit value has to be an integer, or two of them: offset,count.")
    first, _, second = raw.partition(",")
    return (int(first), int(second)) if second else (0, int(first))


def read_display(args: Mapping[str, str], resource: Resource) -> tuple[str, ...] | None:
    """The fields to show; None all of them; ("",) no display at all: ids only."""
    raw = args.get("display", "")
    if not raw:
        return ("",)
    if raw == "full":
        return None
    if not re.fullmatch(r"\[[\w,\s]+\]", raw):
        raise Wrong(400, 35, f"This display value is malformed: {raw[:60]}")
    names = tuple(name.strip() for name in raw[1:-1].split(","))
    for name in names:
        if name != "id" and name not in resource.fields:
            raise Wrong(400, 35, f"The field {name} cannot be displayed.")
    return names


def pick(table: Table, args: Mapping[str, str]) -> list[Row]:
    """The rows asked for. Reads no more of them than it must."""
    resource = table.resource
    conditions, sort = read_conditions(args, resource), read_sort(args, resource)
    offset, count = read_limit(args)
    ids, left, is_by_date = _candidates(table, conditions)
    wants_dates = sort in ([("date_upd", False)], [("date_upd", False), ("id", False)])
    if wants_dates and not is_by_date:
        dated = table.by_date
        chosen = None if ids is None else set(ids)
        ids = [row_id for _, row_id in dated if chosen is None or row_id in chosen]
    elif not wants_dates:
        ids = sorted(table.ids() if ids is None else ids)
    found = (row for row in _read(table, ids or []) if all(condition.fits(row) for condition in left))
    if not sort or wants_dates or sort == [("id", False)]:
        return list(islice(found, offset, offset + count))
    rows = list(found)
    for name, descends in reversed(sort):
        rows.sort(key=_key(name), reverse=descends)
    return rows[offset : offset + count]


def _candidates(table: Table, conditions: list[Condition]) -> tuple[list[int] | None, list[Condition], bool]:
    """Ids by the best index, the conditions that are left, and whether the ids come by time of change."""
    for condition in conditions:
        rest = [other for other in conditions if other is not condition]
        if condition.kind == "or" and condition.name == "id":
            return sorted({int(value) for value in condition.values if value.isdigit()}), rest, False
        if condition.kind == "or" and condition.name in table.resource.indexed:
            return table.ids_where(condition.name, condition.values), rest, False
    for condition in conditions:
        if condition.name == "date_upd" and condition.kind == "interval":
            rest = [other for other in conditions if other is not condition]
            above = [other for other in rest if (other.name, other.kind) == ("id", "above")]
            if condition.values[0] == condition.values[1] and above and above[0].values[0].isdigit():
                return table.ids_between(*_ends(condition), int(above[0].values[0])), rest, True
            return table.ids_between(*_ends(condition)), rest, True
    return None, conditions, False


def _ends(condition: Condition) -> tuple[str, str]:
    return condition.values[0], condition.values[1]


def _read(table: Table, ids: list[int]) -> Iterator[Row]:
    for start in range(0, len(ids), 100):
        yield from table.rows(ids[start : start + 100])


def _key(name: str) -> Callable[[Row], tuple[int, float, str]]:
    return lambda row: _order(str(row.get(name, "")))


def _order(text: str) -> tuple[int, float, str]:
    try:
        return (0, float(text), "")
    except ValueError:
        return (1, 0.0, text)


def _same(text: str, value: str) -> bool:
    if text == value:
        return True
    try:
        return float(text) == float(value)
    except ValueError:
        return False
