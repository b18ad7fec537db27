"""Which addresses we may fetch from: public ones only, checked at every connect (no second look-up to fool).

A picture's address comes from outside. Its host is resolved once, every address is checked, and the connection goes
to that checked address; the host name stays in the Host header and in the TLS certificate check.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from shop.errors import Refused

_PORTS = {"https": 443, "http": 80}


def check_address(url: str, allowed_origins: Collection[str] = ()) -> str:
    """The one IP address to connect to for `url`, or "" for an origin that is ours by setting (the sandbox).

    Raises Refused for anything but http(s) to a public address on its usual port.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(url, "not an address") from None
    if origin_of(url) in allowed_origins:
        return ""
    if parts.scheme not in _PORTS or not host or parts.username or parts.password:
        raise _refused(url, "only plain http and https addresses are fetched")
    if port not in (None, _PORTS[parts.scheme]):
        raise _refused(url, f"port {port} is not the web's")
    found = _resolve(host, _PORTS[parts.scheme])
    if not found:
        raise _refused(url, "the host has no address")
    for address in found:
        if not is_public(address):
            raise _refused(url, f"{host} leads to {address}, which is not public")
    return found[0]


def check_host(host: str) -> None:
    """Raises Refused when this name leads into a private network. One that leads nowhere (yet) passes."""
    for address in _resolve(host, _PORTS["https"]):
        if not is_public(address):
            raise Refused(f"{host} leads to {address}, which is not public.", service="fetch", detail=host[:200])


def origin_of(url: str) -> str:
    """scheme://host:port of an address, lower case; "" for nonsense."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    if not parts.hostname or parts.username or parts.password:
        return ""
    return f"{parts.scheme}://{parts.hostname.lower()}:{port}"


def is_public(address: str) -> bool:
    """A global unicast address; IPv4 hidden inside IPv6 is judged as IPv4."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or _nat64(ip)
        if hidden is not None:
            return is_public(str(hidden))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _nat64(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))


def _refused(url: str, why: str) -> Refused:
    return Refused(f"This address is not fetched: {why}.", service="fetch", detail=f"{url[:200]}: {why}")
