"""What stands before every provider stand-in: the faults that were asked for, and the log of what was asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from sandbox.faults import Fault
from sandbox.serving import DropConnection
from sandbox.world import World

PLATFORMS = frozenset({"shopify", "woocommerce", "prestashop"})
SERVICES = PLATFORMS | {"printify", "stripe", "pay", "sendgrid", "brevo", "pictures", "receiver"}

Start = Callable[..., Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]


class Doorway:
    """WSGI middleware. The service of a request is the first part of its path."""

    def __init__(self, app: App, world: World) -> None:
        self._app = app
        self._world = world

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        self._world.tick()
        service = environ["PATH_INFO"].split("/", 2)[1]
        if service not in SERVICES:
            return self._app(environ, start_response)
        started = time.monotonic()
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        faults = self._world.faults.take(service, method, path)
        status = "000 connection closed"
        try:
            status, headers, body = self._answer(environ, faults)
        finally:
            self._note(environ, service, status, faults, started)
        start_response(status, headers)
        return [body]

    def _answer(self, environ: dict[str, Any], faults: list[Fault]) -> tuple[str, list[tuple[str, str]], bytes]:
        kind = ""
        for fault in faults:
            if fault.kind == "slow":
                time.sleep(fault.delay)
                continue
            kind = fault.kind
            if kind == "rate_429":
                return _refusal("429 Too Many Requests", "Too many requests.", ("Retry-After", f"{fault.delay:g}"))
        if kind == "refuse":
            raise DropConnection
        if kind == "error_500":
            return _refusal("500 Internal Server Error", "Server error.")
        status, headers, body = self._call(environ)
        if kind == "drop_after":
            raise DropConnection
        if kind == "error_500_after":
            return _refusal("500 Internal Server Error", "Server error.")
        if kind in ("malformed", "half_body", "truncated", "empty_list"):
            body = spoil(kind, body)
        return status, headers, body

    def _call(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        seen: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Callable[..., None]:
            seen.append((status, headers))
            return lambda data: None

        result = self._app(environ, start_response)
        try:
            body = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        status, headers = seen[-1]
        return status, [pair for pair in headers if pair[0].lower() != "content-length"], body

    def _note(self, environ: dict[str, Any], service: str, status: str, faults: list[Fault], started: float) -> None:
        self._world.requests.add(
            {
                "service": service,
                "method": environ["REQUEST_METHOD"],
                "path": environ["PATH_INFO"],
                "query": environ.get("QUERY_STRING", ""),
                "route": environ.get("sandbox.route") or environ["PATH_INFO"],
                "status": int(status.split(" ", 1)[0]),
                "ms": round((time.monotonic() - started) * 1000, 1),
                "at": self._world.clock.now(),
                "faults": [fault.kind for fault in faults],
                "violations": environ.get("sandbox.violations") or [],
            }
        )


def spoil(kind: str, body: bytes) -> bytes:
    """A body as it arrives when something between the provider and us broke."""
    if kind == "malformed":
        return b"<html><head><title>502 Bad Gateway</title></head><body>upstream error</body></html>"
    if kind == "half_body":
        return body[: len(body) // 2]
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[: len(body) // 2]
    if isinstance(data, dict) and (page := _page_of_nodes(data.get("data"))) is not None:
        page["nodes"] = [] if kind == "empty_list" else page["nodes"][: len(page["nodes"]) // 2]
        page["pageInfo"]["hasNextPage"] = False
        return orjson.dumps(data)
    name = "data"
    if isinstance(data, dict) and not isinstance(data.get("data"), list | dict):
        name = next((key for key, value in data.items() if isinstance(value, list)), "data")
    rows = data.get(name) if isinstance(data, dict) else data
    if not isinstance(rows, list):
        return body if kind == "empty_list" else body[: len(body) // 2]
    kept = [] if kind == "empty_list" else rows[: len(rows) // 2]
    if not isinstance(data, dict):
        return orjson.dumps(kept)
    data[name] = kept
    if kind == "empty_list":
        data |= {key: value for key, value in {"total": 0, "last_page": 1, "has_more": False}.items() if key in data}
    return orjson.dumps(data)


def _page_of_nodes(data: Any) -> dict[str, Any] | None:
    """The first connection of a GraphQL answer."""
    found = [value for value in data.values() if isinstance(value, dict)] if isinstance(data, dict) else []
    return next((value for value in found if "nodes" in value and "pageInfo" in value), None)


def _refusal(line: str, message: str, *headers: tuple[str, str]) -> tuple[str, list[tuple[str, str]], bytes]:
    body = orjson.dumps({"status": "error", "code": int(line[:3]), "message": message})
    return line, [("Content-Type", "application/json"), *headers], body
