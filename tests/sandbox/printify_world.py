"""A sandbox on a free port, a caller with Printify's token, and an ear for its webhooks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

from sandbox.server import run_sandbox
from sandbox.serving import SandboxServer
from sandbox.settings import SandboxSettings
from sandbox.world import World

SHOP = 815256
SPECS = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "specs"
SECRET = "a-secret-of-forty-characters-or-so-for-hooks"
TO: dict[str, str] = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "phone": "+12025550123",
    "country": "US",
    "region": "NC",
    "address1": "12 Analytical Way",
    "address2": "",
    "city": "Charlotte",
    "zip": "28217",
}


@dataclass
class Ear:
    """Hears webhooks; ``status`` is what it answers."""

    status: int = 200
    heard: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers = {
            key[5:].lower().replace("_", "-"): str(value) for key, value in environ.items() if key[:5] == "HTTP_"
        }
        with self.lock:
            self.heard.append((environ["wsgi.input"].read(), headers))
        start_response(f"{self.status} Whatever", [("Content-Type", "text/plain")])
        return [b"ok"]


@dataclass
class Printify:
    """Printify at the wire."""

    world: World
    url: str
    session: requests.Session

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}/printify{path}", timeout=20, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.call("POST", path, json=body)

    def shop(self, path: str) -> str:
        return f"/v1/shops/{SHOP}{path}"

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = requests.post(f"{self.url}/control/api{path}", json=body or {}, timeout=20)
        assert answer.ok, answer.text
        return answer.json()

    def products(self) -> list[dict[str, Any]]:
        return list(self.get(self.shop("/products.json"), limit=50).json()["data"])

    def line(self, kind: str = "tee", quantity: int = 1) -> dict[str, Any]:
        """A line for something that can be bought."""
        product = next(p for p in self.products() if f"/{kind}/" in p["images"][0]["src"])
        variant = next(v for v in product["variants"] if v["is_enabled"] and v["is_available"])
        return {"product_id": product["id"], "variant_id": variant["id"], "quantity": quantity}

    def order(self, external_id: str, lines: list[dict[str, Any]] | None = None, method: int = 1) -> requests.Response:
        body = {
            "external_id": external_id,
            "line_items": lines or [self.line()],
            "shipping_method": method,
            "address_to": TO,
        }
        return self.post(self.shop("/orders.json"), body)

    def read(self, order_id: str) -> dict[str, Any]:
        return dict(self.get(self.shop(f"/orders/{order_id}.json")).json())

    def subscribe(self, topic: str, url: str, secret: str = SECRET) -> requests.Response:
        return self.post(self.shop("/webhooks.json"), {"topic": topic, "url": url, "secret": secret})


@contextlib.contextmanager
def open_printify(**changes: Any) -> Iterator[Printify]:
    """A fresh world; orders move on by hand only, unless told otherwise."""
    settings = replace(
        SandboxSettings(
            port=0,
            smtp_port=0,
            production_seconds=None,
            delivery_seconds=None,
            specs_directory=SPECS if SPECS.is_dir() else None,
        ),
        **changes,
    )
    with run_sandbox(settings) as (world, url), requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {settings.printify_token}"
        yield Printify(world, url, session)


@contextlib.contextmanager
def open_ear() -> Iterator[tuple[Ear, str]]:
    """A listener on a free port and its address."""
    ear = Ear()
    with SandboxServer("127.0.0.1", 0, ear) as server:
        yield ear, f"{server.url}/api/webhooks/printify"
