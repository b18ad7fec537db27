"""What machines ask: /healthz (this process lives), /readyz (it can serve), /metrics (figures, by token)."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import ROOT, Config
from shop.admin.machine_state import read_backlogs
from shop.core import clock, log
from shop.core import redis as redis_door
from shop.core.secrets import same
from shop.extensions import db
from shop.orders.models import Order
from shop.workflows.list_failures import count_parked

health_bp = Blueprint("health", __name__)
logger = log.get_logger("health")
_REVISION = re.compile(r"^revision\b[^=]*=\s*[\"'](\w+)[\"']", re.MULTILINE)
_BUILDS_ON = re.compile(r"^down_revision\b[^=]*=\s*[\"'](\w+)[\"']", re.MULTILINE)


@health_bp.get("/healthz")
def healthz() -> Response:
    """The process answers. Asks nobody else."""
    return _plain("ok\n")


@health_bp.get("/readyz")
def readyz() -> Response:
    """200 when PostgreSQL answers and its tables are those of this code; else 503. Redis is told, not needed."""
    problems, facts = [], {}
    try:
        facts["migration"] = _migration()
        if head() is not None and facts["migration"] != head():
            problems.append(f"the database is at migration {facts['migration']}, this code needs {head()}")
    except SQLAlchemyError as error:
        db.session.rollback()
        logger.warning("not ready", why=type(error).__name__)
        problems.append("the database does not answer")
    facts["redis"] = "works" if redis_door.attempt(lambda r: r.ping()) else "away"
    answer = jsonify({"ready": not problems, "problems": problems, **facts})
    answer.status_code = 503 if problems else 200
    answer.headers["Cache-Control"] = "no-store"
    return answer


@health_bp.get("/metrics")
def metrics() -> Response:
    """Prometheus text. Closed (404) without METRICS_TOKEN, 401 without it in the Authorization header."""
    config: Config = current_app.config["IMPRINT"]
    if not config.metrics_token:
        return _plain("METRICS_TOKEN is not set\n", 404)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not same(token.strip(), config.metrics_token):
        answer = _plain("a bearer token is needed\n", 401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    body = generate_latest(_processes()) + generate_latest(_from_database())
    return Response(body, content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _processes() -> CollectorRegistry:
    """What the processes counted: of all of them with PROMETHEUS_MULTIPROC_DIR, else of this one."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        return registry
    return REGISTRY


def _from_database() -> CollectorRegistry:
    registry = CollectorRegistry()
    up = Gauge("imprint_database_up", "1 when PostgreSQL answers.", registry=registry)
    redis_up = Gauge("imprint_redis_up", "1 when Redis answers.", registry=registry)
    redis_up.set(1 if redis_door.attempt(lambda r: r.ping()) else 0)
    try:
        _measure(db.session(), registry)
        up.set(1)
    except SQLAlchemyError:
        db.session.rollback()
        up.set(0)
    return registry


def _measure(session: Session, registry: CollectorRegistry) -> None:
    rows = Gauge("imprint_work_rows", "Rows of durable work.", ["kind", "state"], registry=registry)
    oldest = Gauge("imprint_work_oldest_seconds", "Wait of the oldest ready row.", ["kind"], registry=registry)
    for backlog in read_backlogs(session, count_parked(session)):
        rows.labels(backlog.kind, "due").set(backlog.due)
        rows.labels(backlog.kind, "working").set(backlog.working)
        rows.labels(backlog.kind, "parked").set(backlog.parked)
        oldest.labels(backlog.kind).set(round(backlog.oldest_seconds, 1))
    midnight = datetime.combine(clock.now().astimezone(UTC).date(), time(), UTC)
    today: Any = session.execute(
        select(func.count(), func.coalesce(func.sum(Order.store_total_minor), 0)).where(Order.placed_at >= midnight)
    ).one()
    Gauge("imprint_orders_today", "Orders placed since midnight UTC.", registry=registry).set(today[0])
    Gauge("imprint_sales_today_minor", "Their total in minor units.", registry=registry).set(today[1])


def _migration() -> str | None:
    """The database's revision; None when it was made without migrations (tests)."""
    db.session.execute(select(1))
    found = db.session.execute(text("SELECT to_regclass('alembic_version')")).scalar()
    if found is None:
        return None
    return db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()


@lru_cache(maxsize=1)
def head() -> str | None:
    """The newest migration of this code: the one that no other builds on; None when there is none. Read from the files,
    since Alembic would cost every web process 8 MiB."""
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "shop" / "migrations" / "versions").glob("*.py")]
    known = {found for source in files for found in _REVISION.findall(source)}
    return max(known - {found for source in files for found in _BUILDS_ON.findall(source)}, default=None)


def _plain(body: str, status: int = 200) -> Response:
    return Response(body, status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
