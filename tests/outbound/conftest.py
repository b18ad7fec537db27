"""A real server on loopback that answers what it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask, Response, request
from werkzeug.serving import make_server

from shop.outbound import breaker, http


class Provider:
    """Answers what the test tells it to, in order; the last answer repeats."""

    def __init__(self) -> None:
        self.answers: list[Callable[[], Response]] = []
        self.seen: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    def say(self, *answers: tuple[int, str] | tuple[int, str, dict[str, str]]) -> None:
        self.answers = [lambda a=answer: Response(a[1], a[0], dict(a[2]) if len(a) > 2 else {}) for answer in answers]


@pytest.fixture(scope="module")
def _provider() -> Iterator[Provider]:
    provider = Provider()
    flask = Flask("provider")

    @flask.route("/<path:path>", methods=["GET", "POST", "PUT", "DELETE"])
    def answer(path: str) -> Response:
        provider.seen.append(f"{request.method} {path}")
        provider.headers.append(dict(request.headers))
        return provider.answers.pop(0)() if len(provider.answers) > 1 else provider.answers[0]()

    server = make_server("127.0.0.1", 0, flask, threaded=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    provider.url = f"http://127.0.0.1:{server.server_port}"
    yield provider
    server.shutdown()


@pytest.fixture
def provider(_provider: Provider, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Provider:
    breaker._local.clear()
    _provider.seen.clear()
    _provider.headers.clear()
    monkeypatch.setattr(http.time, "sleep", lambda seconds: None)
    return _provider
