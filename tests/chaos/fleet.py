"""The whole shop as processes: web, workers, ticker; a supervisor that starts again what was killed; a postman."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import stripe
from sqlalchemy import text

from config import Config
from launch.ports import answers, free_port
from shop.extensions import db
from shop.workflows.reactions import STRIPE
from tests.chaos.processes import Running, settings_as_env, wait_for
from tests.town import Town

QUEUES = ("inbound", "fulfilment", "email")


class Fleet:
    """Processes with short leases. `url` is its own web server; the town's is not used."""

    def __init__(self, config: Config, directory: Path, redis_url: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        changes = {"work_lease_seconds": 3, "redis_url": redis_url or config.redis_url, "log_level": "INFO"}
        served = {"HOST": "127.0.0.1", "PORT": str(self.port), "WEB_PROCESSES": "2"}
        self.env = {**settings_as_env(config, **changes), **served}
        self.directory = directory
        self.running: dict[str, Running] = {}
        self.kills = 0

    def start(self, *workers: str) -> Fleet:
        """`workers`: "inbound", "fulfilment 2" …; the ticker and one web server always."""
        for name in ("web", "ticker", *workers):
            self._start(name)
        wait_for(lambda: answers(self.port), 60, "the web server did not start")
        return self

    def _start(self, name: str) -> None:
        if name == "web":
            arguments = ["-m", "serve"]
        elif name == "ticker":
            arguments = ["-m", "jobs.ticker"]
        else:
            arguments = ["-m", "jobs.worker", name.split()[0]]
        log = self.directory / f"{name.replace(' ', '-')}.log"
        self.running[name] = Running(name, self.env, *arguments, log=log)

    def kill(self, name: str) -> None:
        """SIGKILL, and a new one in its place."""
        self.running[name].kill()
        self.kills += 1
        self._start(name)

    def kill_a_web_worker(self) -> None:
        import os
        import signal

        for pid in self.running["web"].children()[:1]:
            os.kill(pid, signal.SIGKILL)
            self.kills += 1

    def stop(self) -> None:
        for process in self.running.values():
            process.kill()

    def said(self) -> str:
        """Every log, for what must not stand in it."""
        return "\n".join(path.read_text(errors="replace") for path in self.directory.glob("*.log"))


class Postman:
    """Brings Stripe's own events to a web server, as often and in whatever order he likes, until they are taken."""

    def __init__(self, town: Town, url: str) -> None:
        self.town, self.url = town, f"{url}/api/webhooks/stripe"
        self.refused = self.taken = 0

    def letters(self) -> list[str]:
        """The body of each event that we listen to."""
        found: list[str] = []
        after: dict[str, Any] = {}
        while True:
            page = self.town.stripe.v1.events.list({"limit": 100, "types": list(STRIPE), **after})  # type: ignore[typeddict-item]
            found += [json.dumps(event.to_dict()) for event in page.data]
            if not page.has_more:
                return found
            after = {"starting_after": page.data[-1].id}

    def deliver(self, bodies: Iterable[str], callers: int = 4) -> None:
        with ThreadPoolExecutor(callers) as pool:
            for status in pool.map(self._until_taken, bodies):
                self.taken += status == 200

    def forge(self, bodies: Iterable[str]) -> None:
        """The same events under a wrong signature, altered, or stale."""
        for n, body in enumerate(bodies):
            secret = "whsec_wrong" if n % 3 == 0 else "whsec_sandbox"
            sent = body.replace("evt_", "evt_f", 1) if n % 3 else body
            at = int(time.time()) - (4000 if n % 3 == 2 else 0)
            signature = stripe.WebhookSignature.generate_signature_header(body if n % 3 == 1 else sent, secret, at)
            answer = self._post(sent, signature)
            assert answer is None or answer == 400, f"a forged call was answered {answer}"
            self.refused += answer == 400

    def _until_taken(self, body: str) -> int:
        for _ in range(60):
            signature = stripe.WebhookSignature.generate_signature_header(body, "whsec_sandbox", int(time.time()))
            status = self._post(body, signature)
            if status == 200:
                return status
            time.sleep(0.3)
        raise AssertionError("an event was not taken")

    def _post(self, body: str, signature: str) -> int | None:
        try:
            headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
            return requests.post(self.url, data=body, headers=headers, timeout=15).status_code
        except requests.RequestException:
            return None


def storm_of(bodies: list[str], times: int, seed: int) -> list[str]:
    """Each so many times, three in ten of these again, shuffled."""
    chance = random.Random(seed)
    sent = bodies * times
    sent += chance.sample(sent, len(sent) * 3 // 10)
    chance.shuffle(sent)
    return sent


def time_passes() -> None:
    """What waits for a later try is due now."""
    with db.engine.begin() as connection:
        for table in ("fulfilment_orders", "inbound_events", "refunds", "letters"):
            connection.execute(text(f"UPDATE {table} SET due_at = now() WHERE work_state = 'due' AND due_at > now()"))


def open_rows() -> dict[str, int]:
    """What is not finished, table by table; parked rows are finished as far as machines go."""
    db.session.remove()
    with db.engine.connect() as connection:
        return {
            table: n
            for table in ("inbound_events", "fulfilment_orders", "letters", "refunds")
            if (
                n := connection.execute(
                    text(f"SELECT count(*) FROM {table} WHERE work_state IN ('due', 'working')")
                ).scalar_one()
            )
        }


def buy_many(town: Town, url: str, count: int, callers: int = 4) -> list[str]:
    """Paid sessions, opened through the API of `url`; nobody is told."""
    variant = town.a_shirt().id
    db.session.remove()

    def buy(n: int) -> str:
        body = {"items": [{"variant_id": variant, "quantity": 1 + n % 3}], "country": "US"}
        for _ in range(30):
            answer = requests.post(f"{url}/api/checkout/create-session", json=body, timeout=30)
            if answer.status_code == 201:
                break
            time.sleep(0.5)
        session_id = str(answer.json()["session_id"])
        town.buyer.pay(session_id, email=f"buyer{n}@example.com")
        return session_id

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(buy, range(count)))
