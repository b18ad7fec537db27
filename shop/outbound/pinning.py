"""Connections to an address that was checked: the name stays in the Host header and in the certificate check."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


def open_pool(
    url: str, address: str, timeout: urllib3.Timeout, whole_seconds: float = 0.0
) -> urllib3.HTTPConnectionPool:
    """A pool for one request to `url` that connects to `address` (empty: an origin that is ours by setting).

    `whole_seconds`: the connection is cut after so long, however slowly bytes drip; 0 leaves that to the caller.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    pool: urllib3.HTTPConnectionPool
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(
            address or host,
            port,
            timeout=timeout,
            retries=False,
            ssl_context=_tls(),
            server_hostname=host,
            assert_hostname=host,
        )
    else:
        pool = urllib3.HTTPConnectionPool(address or host, port, timeout=timeout, retries=False)
    if whole_seconds:
        pool.ConnectionCls = _timed(HTTPSConnection if parts.scheme == "https" else HTTPConnection, whole_seconds)
    return pool


def target_of(url: str) -> str:
    """What stands in the request line."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Read once: the system's certificate authorities are a large file."""
    return ssl.create_default_context()


def _timed(kind: type[Any], seconds: float) -> Any:
    class Timed(kind):
        """Cut after a while, from outside: a time-out between two bytes never ends a drip."""

        def connect(self) -> None:
            super().connect()
            self._cutter = threading.Timer(seconds, _cut, [self.sock])
            self._cutter.daemon = True
            self._cutter.start()

        def close(self) -> None:
            cutter = getattr(self, "_cutter", None)
            if cutter is not None:
                cutter.cancel()
            super().close()

    return Timed


def _cut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
