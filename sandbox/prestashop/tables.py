"""The shop's database: rows by resource, with the indexes that keep a filtered page cheap among ten thousand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from sandbox.prestashop.schema import RESOURCES, Resource
from sandbox.world import World

Row = dict[str, Any]
ZONE = ZoneInfo("Europe/Berlin")
LANGUAGES = ("1", "2")  # English is the shop's own, German its second


class Table:
    """Rows of one resource, each with an integer `id`; all other values are texts, or {language: text}."""

    def __init__(self, world: World, shop: str, resource: Resource) -> None:
        self.store, self.kind, self.resource = world.store, f"ps:{shop}:{resource.name}", resource
        self.by_date: list[tuple[str, int]] = []
        self._dates: dict[int, str] = {}
        self._index: dict[str, dict[str, set[int]]] = {name: defaultdict(set) for name in resource.indexed}
        self._kept: dict[int, dict[str, str]] = {}
        for row in self.store.all(self.kind):
            self._note(row)
        self.by_date.sort()

    def get(self, row_id: int | str) -> Row | None:
        return self.store.get(self.kind, str(row_id))

    def need(self, row_id: int | str) -> Row:
        """Raises KeyError."""
        row = self.get(row_id)
        if row is None:
            raise KeyError(f"{self.resource.name} {row_id}")
        return row

    def put(self, row: Row) -> Row:
        with self.store.lock:
            self._forget(row["id"])
            self.store.put(self.kind, str(row["id"]), row)
            self._note(row, sort=True)
        return row

    def put_new(self, rows: Iterable[Row]) -> None:
        """Many rows that were not there before, in one go."""
        with self.store.lock:
            found = list(rows)
            self.store.put_many(self.kind, [(str(row["id"]), row) for row in found])
            for row in found:
                self._note(row)
            self.by_date.sort()

    def delete(self, row_id: int) -> bool:
        with self.store.lock:
            self._forget(row_id)
            return self.store.delete(self.kind, str(row_id))

    def find(self, name: str, value: object) -> list[Row]:
        """By an indexed field, in the order of ids."""
        return self.rows(sorted(self._index[name].get(str(value).casefold(), ())))

    def rows(self, ids: Iterable[int]) -> list[Row]:
        return self.store.get_many(self.kind, map(str, ids))

    def ids(self) -> list[int]:
        return [int(found) for found in self.store.ids(self.kind)]

    def ids_where(self, name: str, values: Iterable[str]) -> list[int]:
        return sorted({row_id for value in values for row_id in self._index[name].get(value.casefold(), ())})

    def ids_between(self, first: str, last: str, after_id: int = -1) -> list[int]:
        """By time of change, both ends included; of those of the first moment only what has a higher id."""
        start, end = bisect_right(self.by_date, (first, after_id)), bisect_right(self.by_date, (last, 1 << 60))
        return [row_id for _, row_id in self.by_date[start:end]]

    def new_id(self) -> int:
        return self.store.next_number(self.kind)

    def _note(self, row: Row, *, sort: bool = False) -> None:
        row_id = row["id"]
        if "date_upd" in row:
            self._dates[row_id] = row["date_upd"]
            if sort:
                insort(self.by_date, (row["date_upd"], row_id))
            else:
                self.by_date.append((row["date_upd"], row_id))
        self._kept[row_id] = {name: str(row.get(name, "")).casefold() for name in self._index}
        for name, value in self._kept[row_id].items():
            self._index[name][value].add(row_id)

    def _forget(self, row_id: int) -> None:
        if (date := self._dates.pop(row_id, None)) is not None:
            del self.by_date[bisect_left(self.by_date, (date, row_id))]
        for name, value in self._kept.pop(row_id, {}).items():
            self._index[name][value].discard(row_id)


class Shop:
    """One PrestaShop: its tables, its clock in its own time zone, its moods."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.tables = {key: Table(world, name, resource) for key, resource in RESOURCES.items()}

    def __getitem__(self, resource: str) -> Table:
        return self.tables[resource]

    def now(self) -> str:
        return local(self.world.clock.now())

    def save(self, resource: str, row: Row) -> Row:
        """Write a row as the shop does: given an id, and told the time. Whatever is not given has its default."""
        table, known = self.tables[resource], RESOURCES[resource].fields
        row = {name: row.get(name, {} if spec.kind == "lang" else spec.default) for name, spec in known.items()} | row
        row["id"] = row.get("id") or table.new_id()
        if "date_upd" in known:
            row["date_upd"] = self.now()
            row["date_add"] = row.get("date_add") or row["date_upd"]
        return table.put(row)

    def touch(self, resource: str, row_id: int) -> None:
        row = self.tables[resource].get(row_id)
        if row is not None:
            self.tables[resource].put({**row, "date_upd": self.now()})

    def setting(self, name: str) -> str:
        found = self.tables["configurations"].find("name", name)
        return str(found[0]["value"]) if found else ""

    # -- moods (§9): how this shop's hosting, or its merchant, makes life hard

    @property
    def moods(self) -> dict[str, Any]:
        return self.world.store.get("ps_moods", self.name) or {}

    def set_moods(self, **moods: Any) -> None:
        """no_authorization · off · moved · garbage · debug_notices · one_language (bools)."""
        self.world.store.put("ps_moods", self.name, {**self.moods, **moods})


def local(unix: float) -> str:
    """The shop's wall clock: no zone is told with it (§2)."""
    return datetime.fromtimestamp(unix, UTC).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


_shops: WeakKeyDictionary[World, dict[str, Shop]] = WeakKeyDictionary()
NAMES = ("demo",)


def shop_of(world: World, name: str = "demo") -> Shop:
    """Raises KeyError for a shop that is not there."""
    if name not in NAMES:
        raise KeyError(name)
    with world.store.lock:
        held = _shops.setdefault(world, {})
        if name not in held:
            held[name] = Shop(world, name)
        return held[name]


def forget_shops(world: World) -> None:
    _shops.pop(world, None)
