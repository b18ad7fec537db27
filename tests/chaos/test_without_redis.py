"""Redis is optional: while it is away people buy, and when it is back what waited is done (T3)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from config import Config
from launch.embedded import _redis_binary
from launch.ports import answers, free_port
from shop.extensions import db
from shop.orders.models import Order
from tests.chaos.fleet import Fleet, Postman, open_rows
from tests.chaos.processes import wait_for
from tests.town import Town


class OwnRedis:
    """A Redis that may die."""

    def __init__(self, directory: Path) -> None:
        self.port, self.directory = free_port(), directory
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            shutil.which("redis-server") or str(_redis_binary()),
            "--port",
            str(self.port),
            "--save",
            "",
            "--bind",
            "127.0.0.1",
        ]
        self.process = subprocess.Popen(command, cwd=self.directory, stdout=subprocess.DEVNULL)
        wait_for(lambda: answers(self.port), 20, "Redis did not start")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    made = OwnRedis(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def fleet(config: Config, tmp_path: Path, own_redis: OwnRedis) -> Iterator[Fleet]:
    logs = tmp_path / "logs"
    logs.mkdir()
    made = Fleet(config, logs, own_redis.url)
    yield made
    made.stop()


class Visitor:
    """Buys at the fleet's own web server."""

    def __init__(self, town: Town, url: str) -> None:
        self.town, self.url, self.http = town, url, requests.Session()

    def buy(self) -> str:
        mine = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        variant = self.town.a_shirt().id
        db.session.remove()
        assert self.http.get(f"{self.url}/", timeout=20).status_code == 200
        added = self.http.post(f"{self.url}/cart/lines", data={"variant": variant}, headers=mine, timeout=20)
        assert added.status_code == 200 and "Your cart" in added.text
        paying = self.http.post(f"{self.url}/checkout", headers=mine, timeout=20, allow_redirects=False)
        assert paying.status_code == 303 and "cs_" in paying.headers["Location"]
        session_id = "cs_" + paying.headers["Location"].partition("cs_")[2].partition("?")[0].partition("#")[0]
        self.town.buyer.pay(session_id)
        return session_id


def test_people_buy_while_redis_is_away_and_the_work_is_done_when_it_is_back(
    town: Town, fleet: Fleet, own_redis: OwnRedis
) -> None:
    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    fleet.start("inbound", "fulfilment", "email")
    postman = Postman(town, fleet.url)
    with_redis = Visitor(town, fleet.url).buy()
    own_redis.kill()

    by_hook, by_return = Visitor(town, fleet.url).buy(), Visitor(town, fleet.url)
    session_id = by_return.buy()
    page = by_return.http.get(f"{fleet.url}/checkout/return?session_id={session_id}", timeout=20)
    assert page.status_code == 200 and "Thank you" in page.text
    postman.deliver(postman.letters(), callers=2)
    assert postman.taken >= 3
    db.session.remove()
    assert db.session.query(Order).count() >= 1
    assert {with_redis, by_hook, session_id}

    own_redis.start()  # empty
    wait_for(lambda: not open_rows() and db.session.query(Order).count() == 3, 60, f"left over: {open_rows()}")
    assert len(town.provider_orders()) == 3
    assert len(town.letters(to="ada@example.com")) == 3
    assert "Traceback" not in fleet.said()


def test_a_flush_in_the_middle_loses_nothing(town: Town, fleet: Fleet, own_redis: OwnRedis) -> None:
    import redis

    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    fleet.start("inbound", "fulfilment", "email")
    client = redis.Redis.from_url(own_redis.url)
    postman = Postman(town, fleet.url)
    for _ in range(3):
        Visitor(town, fleet.url).buy()
        client.flushdb()
    bodies = postman.letters()
    for n, body in enumerate(bodies):
        postman.deliver([body], callers=1)
        if n % 3 == 0:
            client.flushdb()
    client.close()
    wait_for(lambda: not open_rows() and db.session.query(Order).count() == 3, 60, f"left over: {open_rows()}")
    assert len(town.provider_orders()) == 3
    assert len(town.letters(to="ada@example.com")) == 3
