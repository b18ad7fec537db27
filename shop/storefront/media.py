"""Pictures from the disk storage. Their names hold a hash of what they are, so they may be kept for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from config import Config

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_KEY = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,6}$")
_KINDS = {
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".svg": "image/svg+xml",
}
_BLOCK = 64 * 1024


class MediaFiles:
    """/media/<key>: pictures alone, from below one directory alone."""

    def __init__(self, config: Config) -> None:
        self.root = Path(config.media_dir).resolve() if config.storage == "disk" else None

    def serve(self, key: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = self._open(key)
        if found is None:
            body = b"There is no such picture."
            start_response(
                "404 Not Found",
                [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))),
                 ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")],
            )  # fmt: skip
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        file, kind, size, tag = found
        headers = [
            ("Content-Type", kind),
            ("Cache-Control", "public, max-age=31536000, immutable"),
            ("ETag", tag),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),  # letters show them too
        ]
        if tag in environ.get("HTTP_IF_NONE_MATCH", ""):
            file.close()
            start_response("304 Not Modified", headers[1:])
            return []
        start_response("200 OK", [*headers, ("Content-Length", str(size))])
        if environ["REQUEST_METHOD"] == "HEAD":
            file.close()
            return []
        wrapper = environ.get("wsgi.file_wrapper")
        return wrapper(file, _BLOCK) if wrapper else _blocks(file)

    def _open(self, key: str) -> tuple[BinaryIO, str, int, str] | None:
        if self.root is None or len(key) > 300 or not _KEY.match(key):
            return None
        place = self.root / key
        kind = _KINDS.get(place.suffix.lower())
        if kind is None:
            return None
        try:
            place = place.resolve(strict=True)
            if not place.is_relative_to(self.root) or not place.is_file():
                return None
            facts = place.stat()
            file = place.open("rb")
        except OSError:
            return None
        return file, kind, facts.st_size, f'"{facts.st_size:x}-{facts.st_mtime_ns:x}"'


def _blocks(file: BinaryIO) -> Iterable[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block
