"""How a page leaves: plain or gzip, whole or 304, body or head alone."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from shop.kept_pages import Headers, KeptPage

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

VARY = "Accept-Encoding, HX-Request, HX-Boosted, HX-History-Restore-Request"
_LEVEL = 5
_WORTH = 1024
_TEXTS = ("text/", "application/json", "application/javascript", "application/xml", "application/problem+json",
          "application/manifest+json", "image/svg+xml")  # fmt: skip


def accepts_gzip(environ: WSGIEnvironment) -> bool:
    """Does the caller read gzip? "gzip;q=0" says no."""
    offered = environ.get("HTTP_ACCEPT_ENCODING", "")
    if "gzip" not in offered:
        return False
    for part in offered.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def answer(page: KeptPage, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A kept page: 304 when the caller already has it."""
    packed = accepts_gzip(environ)
    tag = f'"{page.tag}-gz"' if packed else f'"{page.tag}"'
    headers = [*page.headers, ("ETag", tag), ("Vary", VARY)]
    if _has(environ.get("HTTP_IF_NONE_MATCH", ""), page.tag):
        start_response("304 Not Modified", [h for h in headers if h[0].lower() != "content-type"])
        return []
    body = page.body(packed)
    headers.append(("Content-Length", str(len(body))))
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _has(if_none_match: str, tag: str) -> bool:
    if not if_none_match:
        return False
    offered = (t.strip().removeprefix("W/").strip('"').removesuffix("-gz") for t in if_none_match[:2000].split(","))
    return any(t in (tag, "*") for t in offered)


def capture(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, Headers, bytes]:
    """Run the app and hold its whole answer."""
    held: list[Any] = []

    def start(status: str, headers: Headers, exc_info: object = None) -> Any:
        held[:] = [status, headers]
        return lambda data: None

    result = app(environ, start)
    try:
        body = b"".join(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    return held[0], held[1], body


def compress_dynamic(app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Pages that are not kept are packed too, when that is worth it and the caller reads gzip.

    Not the panel's, nor an account's: their forms carry a secret token beside what the address reflects, and the length
    of a packed page tells about both (BREACH).
    """
    is_private = environ.get("PATH_INFO", "").startswith(("/admin", "/account"))
    if is_private or not accepts_gzip(environ) or environ["REQUEST_METHOD"] == "HEAD":
        return app(environ, start_response)
    held: list[Any] = []

    def start(status: str, headers: Headers, exc_info: object = None) -> Any:
        held[:] = [status, headers]
        return lambda data: None

    result = app(environ, start)
    if not held or not _packable(held[1]):
        if held:
            start_response(held[0], held[1])
        return result
    try:
        body = b"".join(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    headers = held[1]
    if len(body) >= _WORTH:
        body = gzip.compress(body, _LEVEL, mtime=0)
        headers = [h for h in headers if h[0].lower() != "content-length"]
        headers += [("Content-Length", str(len(body))), ("Content-Encoding", "gzip")]
    start_response(held[0], _vary(headers))
    return [body]


def _packable(headers: Headers) -> bool:
    kind, length = "", ""
    for name, value in headers:
        lowered = name.lower()
        if lowered == "content-encoding":
            return False
        if lowered == "content-type":
            kind = value
        elif lowered == "content-length":
            length = value
    return bool(length) and kind.startswith(_TEXTS)


def _vary(headers: Headers) -> Headers:
    known = [value for name, value in headers if name.lower() == "vary"]
    rest = [h for h in headers if h[0].lower() != "vary"]
    return [*rest, ("Vary", ", ".join([*known, "Accept-Encoding"]))]
