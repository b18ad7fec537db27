"""Endpoints' addresses are hostile: nothing inside our network is called, nothing is followed, nothing drips for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from shop.outbound import posting
from shop.outbound.addresses import origin_of
from shop.outbound.posting import post
from tests.outbound.test_addresses import INSIDE


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [(socket.AF_INET, 1, 6, "", (address, 443))])
    called = post("https://hooks.example/x", b"{}", {})
    assert called.status is None and "not public" in called.problem


def test_a_name_that_changes_after_the_check_is_still_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: one look-up decides, and the connection goes to what it said."""
    asked: list[str] = []
    went: list[Any] = []

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, 1, 6, "", ("93.184.216.34" if len(asked) == 1 else "127.0.0.1", 443))]

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        went.append(address)
        raise OSError("no way out of a test")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    assert post("https://rebinding.example/x", b"{}", {}).status is None
    assert went == [("93.184.216.34", 443)] and asked == ["rebinding.example"]


@pytest.fixture
def listener() -> Iterator[tuple[socket.socket, str]]:
    server = socket.create_server(("127.0.0.1", 0))
    yield server, f"http://127.0.0.1:{server.getsockname()[1]}"
    server.close()


def serve(server: socket.socket, talk: Any) -> None:
    def run() -> None:
        try:
            connection, _ = server.accept()
            with connection:
                talk(connection)
        except OSError:
            pass

    threading.Thread(target=run, daemon=True).start()


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"])
def test_an_answer_that_drips_is_cut(
    listener: tuple[socket.socket, str], monkeypatch: pytest.MonkeyPatch, first: bytes
) -> None:
    server, url = listener
    monkeypatch.setattr(posting, "WHOLE_SECONDS", 0.6)

    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(first)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    serve(server, drip)
    began = time.monotonic()
    told = post(f"{url}/x", b"{}", {}, (origin_of(url),))
    assert time.monotonic() - began < 3
    assert told.status in (None, 200)


def test_the_request_is_what_was_asked_for(listener: tuple[socket.socket, str]) -> None:
    server, url = listener
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        while not b"".join(seen).endswith(b'{"a":1}'):
            seen.append(connection.recv(8192))
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok")

    serve(server, answer)
    told = post(f"{url}/x?a=1", b'{"a":1}', {"webhook-id": "msg_1"}, (origin_of(url),))
    assert told.is_taken and told.answer == "ok"
    head = b"".join(seen).decode()
    assert head.startswith("POST /x?a=1 HTTP/1.1\r\n") and "webhook-id: msg_1" in head


def test_nobody_there_is_told_in_words(listener: tuple[socket.socket, str]) -> None:
    server, url = listener
    server.close()
    assert "Nobody listens" in post(f"{url}/x", b"{}", {}, (origin_of(url),)).problem
