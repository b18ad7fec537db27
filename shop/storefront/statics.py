"""Files before Flask: /static from memory, packed once; /media from disk. Both cost less than a page's "hello"."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from flask import Flask

from shop.core.statics import STATIC
from shop.page_answers import accepts_gzip
from shop.storefront.media import MediaFiles

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FOR_EVER = "public, max-age=31536000, immutable"
LOOK_AGAIN = "public, max-age=0, must-revalidate"
_PATH = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,6}$")
_PACKED = ("text/", "application/json", "image/svg+xml", "application/javascript", "font/ttf")
#: some machines' tables lack these
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2",
          ".webp": "image/webp", ".avif": "image/avif", ".ico": "image/x-icon"}  # fmt: skip


@dataclass(slots=True)
class StaticFile:
    stamp: tuple[int, int]
    kind: str
    digest: str
    plain: bytes
    packed: bytes | None


class Files:
    """WSGI: answers /static/… and /media/…, hands everything else on."""

    def __init__(self, inner: WSGIApplication, app: Flask) -> None:
        self.inner = inner
        self.media = MediaFiles(app.config["IMPRINT"])
        self._held: dict[str, StaticFile] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            if path.startswith("/static/"):
                return self._serve(path[8:], environ, start_response)
            if path.startswith("/media/"):
                return self.media.serve(path[7:], environ, start_response)
        return self.inner(environ, start_response)

    def _serve(self, path: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        file = self._find(path)
        if file is None:
            return self.inner(environ, start_response)  # the shop's own 404
        named = unquote(environ.get("QUERY_STRING", "")) == f"v={file.digest}"
        packed = file.packed is not None and accepts_gzip(environ)
        tag = f'"{file.digest}{"-gz" if packed else ""}"'
        headers = [
            ("Content-Type", file.kind),
            ("Cache-Control", FOR_EVER if named else LOOK_AGAIN),
            ("ETag", tag),
            ("Vary", "Accept-Encoding"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ]
        if tag in environ.get("HTTP_IF_NONE_MATCH", ""):
            start_response("304 Not Modified", headers[1:])
            return []
        body = file.packed if packed and file.packed is not None else file.plain
        headers.append(("Content-Length", str(len(body))))
        if packed:
            headers.append(("Content-Encoding", "gzip"))
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _find(self, path: str) -> StaticFile | None:
        if len(path) > 200 or not _PATH.match(path):
            return None
        place = STATIC / path
        try:
            facts = place.stat()
        except OSError:
            return None
        stamp = (facts.st_mtime_ns, facts.st_size)
        held = self._held.get(path)
        if held is not None and held.stamp == stamp:
            return held
        if not place.is_file():
            return None
        plain = place.read_bytes()
        kind = _KINDS.get(place.suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
        packed = gzip.compress(plain, 9, mtime=0) if kind.startswith(_PACKED) else None
        if packed is not None and len(packed) >= len(plain):
            packed = None
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        held = StaticFile(stamp, kind, hashlib.sha256(plain).hexdigest()[:10], plain, packed)
        self._held[path] = held
        return held
