"""Kept-alive connections to addresses that a merchant typed: at each connect the name is resolved once, every address
it leads to must be public, and the connection goes to that very address. The certificate is checked for the name.

So a name that leads somewhere else the next moment (rebinding) is either public again or refused.
"""

from __future__ import annotations

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.poolmanager import PoolManager

from shop.outbound.addresses import check_address


def guarded_adapter(own_origins: tuple[str, ...]) -> Any:
    """A class of adapters for requests.Session; `own_origins` may be reached wherever they are (the sandbox)."""

    class Plain(_Guarded, HTTPConnection):
        scheme, allowed = "http", own_origins

    class Secure(_Guarded, HTTPSConnection):
        scheme, allowed = "https", own_origins

    plain = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
    secure = type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure})

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
            self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **more)
            self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": secure}

    return Adapter


class _Guarded:
    scheme: str
    allowed: tuple[str, ...]
    host: str
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        """Raises Refused for an address that is not public."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        number = getattr(self, "port", None)
        port = f":{number}" if number else ""
        checked = check_address(f"{self.scheme}://{host}{port}/", self.allowed)
        named = self._dns_host
        self._dns_host = checked or named
        try:
            opened: socket.socket = super()._new_conn()  # type: ignore[misc]
        finally:
            self._dns_host = named
        return opened
