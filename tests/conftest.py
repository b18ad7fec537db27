"""The test world: real PostgreSQL and Redis, the sandbox as every provider, the shop on a real socket.

`make test` exports TEST_DATABASE_URL and TEST_REDIS_URL; both are emptied. Sockets beyond loopback are closed.
"""

from __future__ import annotations

import dataclasses
import os
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import flask_migrate
import hypothesis
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from pytest_socket import socket_allow_hosts
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from config import Config
from jobs import base as jobs_base
from launch.ports import free_port
from sandbox.server import reset_world, run_sandbox
from sandbox.settings import SandboxSettings
from sandbox.world import World
from shop import create_app
from shop.accounts.models import StaffMember
from shop.channels import registry
from shop.core import clock
from shop.core.redis import RedisDoor
from shop.core.transaction import transaction
from shop.extensions import db, limiter
from shop.seeding import seed
from shop.tenancy import profile
from tests.town import Town

SPECS = Path(__file__).resolve().parent.parent.parent / "shared" / "contracts" / "specs"
ADMIN_PASSWORD = "correct horse battery"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # "gw0", "gw1" …; empty in a single process
FULFIL_KEY = "fulfil-key-for-tests"
METRICS_TOKEN = "metrics-token-for-tests"
_owners_hash: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    # a busy machine is not a finding: speed is never a test's verdict
    hypothesis.settings.register_profile(
        "shop",
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
        derandomize="CI" in os.environ,
    )
    hypothesis.settings.load_profile("shop")
    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def database_url() -> str:
    url = os.environ.get("TEST_DATABASE_URL")
    if not url:
        pytest.exit("TEST_DATABASE_URL is not set: run `make test`", returncode=2)
    return _own_database(url) if WORKER else url


@pytest.fixture(scope="session")
def redis_url() -> str:
    url = os.environ.get("TEST_REDIS_URL", "")
    return re.sub(r"/\d+$", f"/{int(WORKER[2:]) + 1}", url) if WORKER else url


def _own_database(url: str) -> str:
    """Each of several test processes empties a database of its own, on the same server."""
    server = make_url(url)
    name = f"{server.database}_{WORKER}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).scalar():
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def _sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str, str]]:
    """(world, its address, the shop's address): one sandbox for the whole run, reset before each test that asks."""
    shop_url = f"http://127.0.0.1:{free_port()}"
    settings = SandboxSettings(
        port=0,
        smtp_port=0,
        shop_url=shop_url,
        rate_limits=False,
        specs_directory=SPECS if SPECS.is_dir() else None,
        production_seconds=None,
        delivery_seconds=None,
    )
    with run_sandbox(settings) as (world, url):
        yield world, url, shop_url


@pytest.fixture(scope="session")
def config(
    database_url: str, redis_url: str, _sandbox: tuple[World, str, str], tmp_path_factory: pytest.TempPathFactory
) -> Config:
    world, url, shop_url = _sandbox
    return Config(
        database_url=database_url,
        redis_url=redis_url,
        secret_key="a secret key for tests, long enough to be one",
        encryption_keys=(Fernet.generate_key().decode(),),
        public_url=shop_url,
        printify_api_token="sandbox-printify-token",
        printify_shop_id=815256,
        printify_base_url=f"{url}/printify",
        printify_webhook_secret="sandbox-printify-webhook-secret",
        stripe_secret_key="sk_test_sandbox",
        stripe_webhook_secrets=("whsec_sandbox",),
        stripe_base_url=f"{url}/stripe",
        webhook_origins=(url,),
        channel_origins=(url,),
        shopify_base_url=f"{url}/shopify/{{shop}}",
        smtp_host="127.0.0.1",
        smtp_port=world.settings.smtp_port,
        media_dir=str(tmp_path_factory.mktemp("media")),
        admin_email="admin@example.com",
        admin_password=ADMIN_PASSWORD,
        fulfil_api_key=FULFIL_KEY,
        metrics_token=METRICS_TOKEN,
        log_level="CRITICAL",
        testing=True,
    )


@pytest.fixture(scope="session")
def _app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("DROP SCHEMA IF EXISTS kept CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        flask_migrate.upgrade()
    jobs_base.use_app(app)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(_app: Flask) -> Iterator[Flask]:
    """The shop with an empty, seeded database and an empty Redis, inside an app context."""
    clock.fix(None)
    with _app.app_context():
        empty_database()
        door: RedisDoor | None = _app.extensions.get("imprint.redis")
        if door is not None:
            with suppress(Exception):
                door.client.flushdb()
            door._shut_until = 0.0
        with suppress(Exception):
            limiter.reset()
        with transaction() as session:
            seed_shop(session, _app.config["IMPRINT"])
        profile.forget()
        registry._made.clear()  # ids begin again in each test
        yield _app
        db.session.remove()
    clock.fix(None)


def seed_shop(session: Session, config: Config) -> None:
    """As on the first day. The owner's password is hashed once for the whole run: that is slow on purpose."""
    if not _owners_hash:
        seed(session, config)
        session.flush()
        _owners_hash.append(session.execute(select(StaffMember.password_hash)).scalar_one())
        return
    seed(session, dataclasses.replace(config, admin_password=""))
    session.add(StaffMember(email=config.admin_email, name="Owner", password_hash=_owners_hash[0], role="owner"))


def empty_database() -> None:
    """Empty every table that was written to since the last time: it has rows, or its ids do not begin at 1."""
    with db.engine.begin() as connection:
        names = connection.execute(
            text(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
            )
        ).scalars()
        tables = [f'"{name}"' for name in names]
        looked = connection.execute(text("SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {t})" for t in tables))).one()
        counted = set(
            connection.execute(
                text("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL")
            ).scalars()
        )
        used = [t for t, filled in zip(tables, looked, strict=True) if filled or f"{t[1:-1]}_id_seq" in counted]
        if used:
            # what an earlier test left open (an answer that was not read to its end) would hold this up for ever
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%' "
                    "AND state_change < now() - interval '5 seconds'"
                )
            )
            connection.execute(text(f"TRUNCATE {', '.join(used)} RESTART IDENTITY CASCADE"))


@pytest.fixture
def sandbox(_sandbox: tuple[World, str, str]) -> Iterator[World]:
    """Every provider, back to its first day; what is still in the post afterwards reaches no other test."""
    world = _sandbox[0]
    reset_world(world)
    yield world
    reset_world(world)
    world.hooks.wait_idle(5)


@pytest.fixture(scope="session")
def _live(_app: Flask, _sandbox: tuple[World, str, str]) -> Iterator[str]:
    shop_url = _sandbox[2]
    server = make_server("127.0.0.1", int(shop_url.rpartition(":")[2]), _app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield shop_url
    server.shutdown()
    thread.join(timeout=5)


@pytest.fixture
def town(app: Flask, sandbox: World, _sandbox: tuple[World, str, str], _live: str) -> Town:
    """The whole town: shop on a socket, providers, a catalogue, and a postman (`town.work()`)."""
    return Town(app, sandbox, _sandbox[1], _live).with_catalogue()
