"""The sandbox's memory: JSON objects by kind and id, mirrored into one SQLite file, so a restart forgets nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

Obj = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (kind, id)
)
"""


class Store:
    """A small document store. Readers always get a copy: changing it changes nothing until ``put``.

    Hold ``lock`` (re-entrant) around read-modify-write. Reads are served from memory; every write goes to the file
    before ``put`` returns.
    """

    def __init__(self, path: Path | None) -> None:
        self.lock = threading.RLock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(str(path) if path else ":memory:", check_same_thread=False, isolation_level=None)
        # A crash of the machine may lose the last second of a toy world; a crash of the process may not.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(_SCHEMA)
        self._kinds: dict[str, dict[str, bytes]] = {}
        for kind, id_, body in self._db.execute("SELECT kind, id, body FROM objects ORDER BY seq"):
            self._kinds.setdefault(kind, {})[id_] = body

    def get(self, kind: str, id_: str) -> Obj | None:
        """The object, or None."""
        with self.lock:
            body = self._kinds.get(kind, {}).get(str(id_))
        return None if body is None else orjson.loads(body)

    def put(self, kind: str, id_: str, obj: Obj) -> Obj:
        """Save under (kind, id); an existing object keeps its place in the order. Returns ``obj``."""
        self.put_many(kind, [(id_, obj)])
        return obj

    def put_many(self, kind: str, pairs: Iterable[tuple[str, Obj]]) -> None:
        """Save many in one transaction."""
        rows = [(kind, str(id_), orjson.dumps(obj)) for id_, obj in pairs]
        with self.lock:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT INTO objects (kind, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                rows,
            )
            self._db.execute("COMMIT")
            bucket = self._kinds.setdefault(kind, {})
            for _, id_, body in rows:
                bucket[id_] = body

    def delete(self, kind: str, id_: str) -> bool:
        """Remove; False when there was nothing."""
        with self.lock:
            if self._kinds.get(kind, {}).pop(str(id_), None) is None:
                return False
            self._db.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, str(id_)))
            return True

    def all(self, kind: str) -> list[Obj]:
        """Every object of a kind, oldest first."""
        with self.lock:
            bodies = list(self._kinds.get(kind, {}).values())
        return [orjson.loads(body) for body in bodies]

    def ids(self, kind: str) -> list[str]:
        """Every id of a kind, oldest first, without reading the objects."""
        with self.lock:
            return list(self._kinds.get(kind, {}))

    def get_many(self, kind: str, ids: Iterable[str]) -> list[Obj]:
        """Those of the ids that exist, in the order asked."""
        with self.lock:
            bucket = self._kinds.get(kind, {})
            bodies = [bucket[id_] for id_ in ids if id_ in bucket]
        return [orjson.loads(body) for body in bodies]

    def count(self, kind: str) -> int:
        """How many objects of a kind."""
        with self.lock:
            return len(self._kinds.get(kind, {}))

    def kinds(self) -> dict[str, int]:
        """Kind → how many."""
        with self.lock:
            return {kind: len(bucket) for kind, bucket in self._kinds.items() if bucket}

    def keep_last(self, kind: str, limit: int) -> None:
        """Forget all but the newest ``limit`` objects of a kind (for logs)."""
        with self.lock:
            for id_ in self.ids(kind)[:-limit]:
                self.delete(kind, id_)

    def next_number(self, name: str, start: int = 1) -> int:
        """The next value of a named counter that survives a restart."""
        with self.lock:
            last = self.get("counter", name) or {"value": start - 1}
            value = int(last["value"]) + 1
            self.put("counter", name, {"value": value})
            return value

    def reset(self, kind: str | None = None) -> None:
        """Forget one kind, or everything."""
        with self.lock:
            if kind is None:
                self._kinds.clear()
                self._db.execute("DELETE FROM objects")
            else:
                self._kinds.pop(kind, None)
                self._db.execute("DELETE FROM objects WHERE kind = ?", (kind,))

    def close(self) -> None:
        with self.lock:
            self._db.close()
