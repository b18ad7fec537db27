"""What every measurement stands on: databases of our own, a catalogue with pictures, settings, servers.

Everything is made when first asked for, so that one measurement by name does not pay for the others.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import flask_migrate
import psycopg
import redis
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import make_url, text

from benchmarks import catalogue
from benchmarks.serving import GUNICORN_SYNC, Server, start_server
from config import ROOT, Config
from launch.ports import answers, free_port
from shop import create_app
from shop.catalog.documents import rebuild_all
from shop.catalog.importing import Counts, import_payloads
from shop.core.transaction import transaction
from shop.extensions import db
from shop.seeding import seed
from shop.tenancy import profile

SMALL, BIG, BIG_QUICKLY = 1_000, 10_000, 3_000
WEBHOOK_SECRET = "whsec_benchmark"
ENCRYPTION_KEY = Fernet.generate_key().decode()


@dataclass
class Pace:
    """How long a run may take."""

    rounds: int
    seconds: float

    @classmethod
    def chosen(cls, quick: bool) -> Pace:
        return cls(2, 1.0) if quick else cls(3, 2.0)


class Stage:
    """Use as a context: everything started is stopped at the end."""

    def __init__(self, quick: bool, seed_number: int) -> None:
        self.quick, self.seed = quick, seed_number
        self.pace = Pace.chosen(quick)
        self.database_url = os.environ["TEST_DATABASE_URL"]
        self.redis_url = os.environ["TEST_REDIS_URL"]
        self.stack = ExitStack()
        self.place = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="imprint-bench-")))
        self._big: Shop | None = None
        self._servers: dict[str, Server] = {}
        redis.Redis.from_url(self.redis_url).flushdb()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    # -- databases

    @cached_property
    def small(self) -> Shop:
        """1,000 products."""
        return Shop(self, self.database_url).filled(SMALL)

    @property
    def big(self) -> Shop:
        """10,000 products (3,000 in a quick run), in a database beside the other."""
        if self._big is None:
            self._big = self.empty_shop("big")
        return self._big.filled(BIG_QUICKLY if self.quick else BIG)

    def keep_big(self, shop: Shop) -> None:
        """The import that was measured need not be done again."""
        self._big = shop

    def empty_shop(self, name: str) -> Shop:
        """A fresh database beside the one we were given."""
        url = make_url(self.database_url)
        beside = url.set(database=f"{url.database}_{name}")
        with psycopg.connect(_plain(url.render_as_string(False)), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (beside.database,)).fetchone()
            if not found:
                identifier = psycopg.sql.Identifier(str(beside.database))
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(identifier))
        return Shop(self, beside.render_as_string(False))

    # -- servers

    def server(self, name: str) -> Server:
        """hello (the yardstick) | own hello (bare Flask on what serves the shop) | cached | uncached | big"""
        if name not in self._servers:
            hello = name in ("hello", "own hello")
            env = base_env() if hello else self.env_of(name)
            app = "benchmarks.hello:app" if hello else "benchmarks.entry:app"
            command = GUNICORN_SYNC if name == "hello" else ()
            log = self.place / f"{name.replace(' ', '-')}.log"
            self._servers[name] = self.stack.enter_context(start_server(app, env, log, command))
        return self._servers[name]

    def env_of(self, name: str) -> dict[str, str]:
        shop = self.big if name == "big" else self.small
        return {**shop.env, "BENCH_PAGE_CACHE": "on" if name == "cached" else "off"}

    @cached_property
    def sandbox_url(self) -> str:
        """The sandbox in a process of its own, without rate limits, on its demonstration goods."""
        return self.start_sandbox(rate_limits=False, products=0, smtp_port=self.sandbox_smtp_port)

    @cached_property
    def sandbox_smtp_port(self) -> int:
        """Where the sandbox takes letters."""
        return free_port()

    def start_sandbox(self, *, rate_limits: bool, products: int, smtp_port: int = 0) -> str:
        port = free_port()
        env = {
            **base_env(),
            "SANDBOX_PORT": str(port),
            "SANDBOX_SMTP_PORT": str(smtp_port or free_port()),
            "SANDBOX_DIR": str(self.place / f"sandbox-{port}"),
            "SANDBOX_RATE_LIMITS": "1" if rate_limits else "0",
            "SANDBOX_PRODUCTS": str(products),
            "SANDBOX_SHOP_URL": "http://127.0.0.1:9",  # nobody listens: nothing is told back
        }
        self.stack.enter_context(running([sys.executable, "-m", "sandbox"], env, self.place / f"sandbox-{port}.log"))
        wait_for(port)
        return f"http://127.0.0.1:{port}"


class Shop:
    """A database with the shop's tables, and the app on it."""

    def __init__(self, stage: Stage, database_url: str) -> None:
        self.stage, self.database_url = stage, database_url
        self.products = 0
        self.env = {**base_env(), **self._settings()}
        self.app: Flask = create_app(Config.from_env(self.env))
        self._prepare()

    def _settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.stage.redis_url,
            "SECRET_KEY": "a secret key for measurements, long enough to be one",
            "ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "MEDIA_DIR": str(self.stage.place / "media"),
            "STRIPE_SECRET_KEY": "sk_test_sandbox",
            "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
            "LOG_LEVEL": "CRITICAL",
        }

    def _prepare(self) -> None:
        with self.app.app_context():
            with db.engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
            flask_migrate.upgrade()
            with transaction() as session:
                seed(session, self.app.config["IMPRINT"])
            profile.forget()
        self.stage.stack.callback(self.close)

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def filled(self, count: int) -> Shop:
        """With `count` products (unless it has them), and pictures as if they had been fetched."""
        if self.products < count:
            self.take_in(count)
        with self.app.app_context():
            if self.one("SELECT count(*) FROM images WHERE width = 0 OR width IS NULL"):
                draw_pictures()
            analyse()
        return self

    def take_in(self, count: int) -> Counts:
        """Import the first `count` generated products."""
        payloads = list(catalogue.generate(count, self.stage.seed))
        with self.app.app_context():
            counts = import_payloads(payloads)
        self.products = count
        return counts

    def one(self, sql: str, **values: object) -> int:
        """The number that `sql` gives."""
        with self.app.app_context(), db.engine.connect() as connection:
            return int(connection.execute(text(sql), values).scalar_one())

    def column(self, sql: str, **values: object) -> list[str]:
        with self.app.app_context(), db.engine.connect() as connection:
            return [str(row[0]) for row in connection.execute(text(sql), values)]


def draw_pictures() -> None:
    """Write renditions down as the fetching of pictures does, without files: pages then have their real markup."""
    sizes = {}
    for name, ending, widths in (
        ("avif", "avif", (320, 640, 960, 1280)), ("webp", "webp", (320, 640, 960, 1280)), ("jpeg", "jpg", (1200,)),
    ):  # fmt: skip
        pairs = (
            f"jsonb_build_array({w}, substr(h, 1, 2) || '/' || substr(h, 1, 20) || '{w}.{ending}')" for w in widths
        )
        sizes[name] = f"jsonb_build_array({', '.join(pairs)})"
    built = ", ".join(f"'{name}', {value}" for name, value in sizes.items())
    with transaction() as session:
        session.execute(
            text(
                "UPDATE images i SET width = 1280, height = 1280, colour = '#d9d4cb', work_state = 'done', "
                f"renditions = jsonb_build_object({built}) "
                "FROM (SELECT id, md5(source_url) AS h FROM images) n WHERE n.id = i.id"
            )
        )
        rebuild_all(session)
        profile.touch_catalog(session)


def analyse() -> None:
    """Fresh statistics, so that no run has luck."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def base_env() -> dict[str, str]:
    """The process environment, where servers of two processes are to listen on loopback."""
    return {**os.environ, "HOST": "127.0.0.1", "WEB_PROCESSES": "2", "PYTHONUNBUFFERED": "1"}


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, in its own group; ended with the block."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not answers(port):
        if time.monotonic() > until:
            raise TimeoutError(f"nothing listens on port {port}")
        time.sleep(0.02)


def _plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)
