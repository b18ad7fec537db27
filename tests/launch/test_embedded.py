"""The embedded servers are real, durable, and not reachable for others."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from launch import embedded
from launch.supervise import Supervisor


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of our own: pytest shuts its own ones to other users, and PostgreSQL under root is another."""
    with tempfile.TemporaryDirectory(prefix="imprint-test-") as name:
        yield Path(name)


@pytest.fixture
def supervisor(place: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(place)
    yield supervisor
    supervisor.stop()


def connect(address: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(address.replace("+psycopg", "", 1), autocommit=True)


def restarted(supervisor: Supervisor, address: str) -> psycopg.Connection[tuple[object, ...]]:
    deadline = time.monotonic() + 30
    while True:
        supervisor.batches[0][0].check()
        try:
            return connect(address)
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_postgres_keeps_committed_rows_when_killed(supervisor: Supervisor, place: Path) -> None:
    data = place / "postgres"
    address = embedded.start_postgres(supervisor, data, "imprint")
    with connect(address) as connection:
        connection.execute("CREATE TABLE sale (id int)")
        connection.execute("INSERT INTO sale VALUES (42)")
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    os.kill(supervisor.batches[0][0].popen.pid, signal.SIGKILL)
    supervisor.batches[0][0].popen.wait()
    with restarted(supervisor, address) as connection:
        assert connection.execute("SELECT id FROM sale").fetchall() == [(42,)]
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_postgres_starts_where_the_path_is_too_long_for_a_socket(supervisor: Supervisor, place: Path) -> None:
    deep = place / ("d" * 60) / ("e" * 60)
    address = embedded.start_postgres(supervisor, deep / "postgres", "imprint", durable=False)
    with connect(address) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("imprint",)


def test_redis_asks_for_its_password(supervisor: Supervisor, place: Path) -> None:
    address = embedded.start_redis(supervisor, place / "redis")
    with redis.Redis.from_url(address) as client:
        client.set("word", "kept")
    port = urlsplit(address).port
    assert port
    with redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.get("word")
    assert str(urlsplit(address).password) not in " ".join(supervisor.batches[0][0].process.command)
