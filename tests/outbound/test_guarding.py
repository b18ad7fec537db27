"""Addresses a merchant types: nothing inside is ever connected to, whatever the spelling (T9, contracts §11.12)."""

from __future__ import annotations

import ipaddress
import itertools
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from shop.errors import OutsideError, Refused
from shop.outbound.facts import Service
from shop.outbound.http import call

INSIDE = (
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.9.9", "192.168.0.1", "192.168.255.1",
    "169.254.169.254", "169.254.1.1", "100.64.0.1", "100.127.255.254", "0.0.0.0", "0.1.2.3", "192.0.0.1", "192.0.2.7",
    "198.18.0.1", "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
)  # fmt: skip
INSIDE_SIX = (
    "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1", "2002:7f00:1::",
    "2002:c0a8:101::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
)  # fmt: skip


def spellings() -> list[str]:
    """Hosts that lead inside: plain, in other bases, shortened, mapped into IPv6, behind names."""
    found = []
    for text in INSIDE:
        number = int(ipaddress.ip_address(text))
        a, b, c, d = text.split(".")
        found += [
            text,
            str(number),
            hex(number),
            f"0{number:o}",
            f"{int(a):#o}.{int(b):#o}.{int(c):#o}.{int(d):#o}".replace("0o", "0"),
            f"{int(a):#x}.{int(b):#x}.{int(c):#x}.{int(d):#x}",
            f"{a}.{number & 0xFFFFFF}",
            f"[::ffff:{text}]",
        ]
    found += [f"[{text}]" for text in INSIDE_SIX]
    found += [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "127.1",
    ]
    return found


TARGETS = [f"{scheme}://{host}" for scheme, host in itertools.product(("http", "https"), spellings())]


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A listener inside: (its origin, what reached it)."""
    reached: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", reached
    server.shutdown()


def foreign(url: str, own: tuple[str, ...] = ()) -> Service:
    return Service(name="shop", base_url=url, account=url[:60], is_foreign=True, own_origins=own)


def test_200_ways_inside_lead_nowhere(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(TARGETS) >= 200
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: connected.append(address))
    for target in TARGETS:
        with pytest.raises(OutsideError):
            call(foreign(target), "GET", "/wp-json")
    to_redis = {address for address in connected if isinstance(address, tuple) and address[1] in (80, 443)}
    assert to_redis == set()


def test_a_port_that_is_not_the_webs_is_refused(app: Flask, canary: tuple[str, list[str]]) -> None:
    origin, reached = canary
    for url in (origin, origin.replace("127.0.0.1", "localhost"), "https://93.184.216.34:6379"):
        with pytest.raises(Refused):
            call(foreign(url), "GET", "/")
    assert reached == []


def test_an_origin_that_is_ours_by_setting_is_reached(app: Flask, canary: tuple[str, list[str]]) -> None:
    origin, reached = canary
    assert call(foreign(origin, (origin,)), "GET", "/here").json() == {}
    with pytest.raises(Refused):
        call(foreign(origin), "GET", "/again")  # a kept connection of another service is not used
    assert reached == ["/here"]


def test_a_name_that_leads_elsewhere_the_second_time_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is looked up once for each connect, and the connection goes where the check looked."""
    answers = [["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"], ["127.0.0.1"]]
    connected: list[Any] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if host != "shop.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in answers.pop(0)]

    def refuse(self: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(Refused):  # the first try finds nobody there, the next is led inside
        call(foreign("http://shop.example"), "GET", "/")
    assert [a for a in connected if a[1] == 80] == [("93.184.216.34", 80)]
