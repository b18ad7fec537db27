"""A kept page, and the two places it is kept in."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

import orjson

from shop.core.redis import RedisDoor

KEEP_SECONDS = 3600
MAX_PAGE = 1024 * 1024
_LEVEL = 6
CACHE_CONTROL = "public, max-age=0, must-revalidate"
#: never kept: they belong to one request, or are worked out for each answer
_OWN = frozenset(
    {"x-request-id", "content-length", "set-cookie", "date", "server", "connection", "etag", "vary",
     "content-encoding", "expires", "last-modified"}
)  # fmt: skip
Headers = list[tuple[str, str]]


@dataclass(slots=True)
class KeptPage:
    """One answer. At least one of `plain` and `packed` (gzip) is there; the other is made when first asked for."""

    headers: Headers
    tag: str
    plain: bytes | None
    packed: bytes | None

    @classmethod
    def made(cls, headers: Headers, body: bytes) -> KeptPage:
        digest = hashlib.sha256(body)
        kept = [(name, value) for name, value in headers if name.lower() not in _OWN]
        digest.update(repr(kept).encode())
        if not any(name.lower() == "cache-control" for name, _ in kept):
            kept.append(("Cache-Control", CACHE_CONTROL))
        return cls(kept, digest.hexdigest()[:24], body, None)

    def body(self, accepts_gzip: bool) -> bytes:
        if accepts_gzip:
            if self.packed is None:
                assert self.plain is not None
                self.packed = gzip.compress(self.plain, _LEVEL, mtime=0)
            return self.packed
        if self.plain is None:
            assert self.packed is not None
            self.plain = gzip.decompress(self.packed)
        return self.plain

    @property
    def size(self) -> int:
        return 1000 + len(self.plain or b"") + len(self.packed or b"")


class ProcessShelf:
    """The least recently used pages give way; bounded by bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._pages: OrderedDict[str, tuple[KeptPage, int]] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> KeptPage | None:
        with self._lock:
            found = self._pages.get(key)
            if found is None:
                return None
            self._pages.move_to_end(key)
            page, counted = found
            if page.size != counted:  # its other form was made meanwhile
                self._pages[key] = (page, page.size)
                self._held += page.size - counted
                self._shrink()
            return page

    def put(self, key: str, page: KeptPage) -> None:
        if page.size > MAX_PAGE:
            return
        with self._lock:
            old = self._pages.pop(key, None)
            self._held += page.size - (old[1] if old else 0)
            self._pages[key] = (page, page.size)
            self._shrink()

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()
            self._held = 0

    def _shrink(self) -> None:
        while self._held > self.most and self._pages:
            _, (_, counted) = self._pages.popitem(last=False)
            self._held -= counted


class RedisShelf:
    """One entry a page: a line of JSON (tag, headers), then the packed body. Without Redis it is empty."""

    def __init__(self, door: RedisDoor | None, prefix: str) -> None:
        self.door, self.prefix = door, prefix

    def get(self, key: str) -> KeptPage | None:
        if self.door is None:
            return None
        raw = self.door.attempt(lambda r: r.get(self._name(key)))
        if not isinstance(raw, bytes):
            return None
        head, _, packed = raw.partition(b"\n")
        try:
            tag, headers = orjson.loads(head)
        except (orjson.JSONDecodeError, ValueError, TypeError):
            return None
        return KeptPage([(n, v) for n, v in headers], tag, None, packed)

    def put(self, key: str, page: KeptPage) -> None:
        if self.door is None or page.packed is None or page.size > MAX_PAGE:
            return
        raw = orjson.dumps([page.tag, page.headers]) + b"\n" + page.packed
        self.door.attempt(lambda r: r.set(self._name(key), raw, ex=KEEP_SECONDS))

    def _name(self, key: str) -> str:
        return f"{self.prefix}:{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:40]}"
