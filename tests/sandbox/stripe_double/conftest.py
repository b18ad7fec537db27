"""One sandbox per module, reset for each test, with a receiver of webhooks in the shop's place."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
import stripe
from stripe_desk import Desk, Shop

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from sandbox.world import World


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    received = Shop()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.calls.append((dict(self.headers), body))
            self.send_response(received.answers.pop(0) if received.answers else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    received.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield received
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def sandbox(shop: Shop) -> Iterator[tuple[World, str]]:
    specs = SandboxSettings.from_env().specs_directory
    settings = SandboxSettings(port=0, smtp_port=0, shop_url=shop.url, rate_limits=False, specs_directory=specs)
    with run_sandbox(settings) as running:
        yield running


@pytest.fixture
def desk(sandbox: tuple[World, str], shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(stripe, "enable_telemetry", False)
    world, url = sandbox
    requests.post(f"{url}/control/api/reset", timeout=10).raise_for_status()
    world.hooks.set_mode("stripe", "normal")
    shop.calls.clear()
    shop.answers.clear()
    addresses: Any = {"api": f"{url}/stripe", "files": f"{url}/stripe"}
    client = stripe.StripeClient("sk_test_sandbox", base_addresses=addresses, max_network_retries=0)
    yield Desk(world, url, client, shop)
    world.hooks.wait_idle(5)
