from __future__ import annotations

import socket
from typing import Any

import pytest

from shop.errors import Refused
from shop.outbound.addresses import check_address, is_public, origin_of

INSIDE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd12::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_inside_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_outside_addresses_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png", "http://localhost/a", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "ftp://93.184.216.34/", "file:///etc/passwd", "gopher://x/",
        "http://user:pw@93.184.216.34/", "http://93.184.216.34:22/", "https://93.184.216.34:6379/", "http:///x", "x",
        "http://[broken", "http://a.example:99999/", "", "http://93.184.216.34:80@127.0.0.1/",
    ],
)  # fmt: skip
def test_forbidden_addresses_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        check_address(url)


def test_a_name_with_one_inside_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", (ip, 443)) for ip in ("93.184.216.34", "10.0.0.5")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Refused, match="not public"):
        check_address("https://pictures.example/a.png")


def test_the_checked_address_is_the_one_to_connect_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [(socket.AF_INET, 1, 6, "", ("93.184.216.34", 443))])
    assert check_address("https://pictures.example/a.png") == "93.184.216.34"


def test_our_own_sandbox_is_allowed_by_its_whole_origin_only() -> None:
    own = (origin_of("http://127.0.0.1:8010/printify"),)
    assert check_address("http://127.0.0.1:8010/pictures/a.jpg", own) == ""
    for other in ("http://127.0.0.1:6379/", "https://127.0.0.1:8010/", "http://x@127.0.0.1:8010/"):
        with pytest.raises(Refused):
            check_address(other, own)
