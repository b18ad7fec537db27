"""What machines ask."""

from __future__ import annotations

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from shop.core.transaction import transaction
from shop.extensions import db
from tests.admin import making
from tests.conftest import METRICS_TOKEN


def test_the_process_is_up(app: Flask) -> None:
    with counting_nothing(app) as answer:
        assert answer.text == "ok\n"


def counting_nothing(app: Flask):  # type: ignore[no-untyped-def]
    from contextlib import contextmanager

    from tests.admin.conftest import counting

    @contextmanager
    def asked():  # type: ignore[no-untyped-def]
        with counting() as seen:
            answer = app.test_client().get("/healthz")
        assert seen == []
        yield answer

    return asked()


def test_ready_when_the_database_is_at_its_newest_migration(app: Flask) -> None:
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json["ready"] is True


def test_not_ready_at_another_migration(app: Flask) -> None:
    with db.engine.begin() as connection:
        was = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        answer = app.test_client().get("/readyz")
        assert answer.status_code == 503
        assert "older" in answer.json["problems"][0]
    finally:
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :was"), {"was": was})


def test_metrics_are_for_the_token_alone(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Basic {METRICS_TOKEN}"}).status_code == 401


def test_metrics_tell_what_waits(app: Flask) -> None:
    with transaction() as session:
        making.paid_order(session)
        making.letter(session, "parked")
        making.letter(session, "due")
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert answer.status_code == 200
    found = {
        (s.name, s.labels.get("kind"), s.labels.get("state")): s.value
        for family in text_string_to_metric_families(answer.text)
        for s in family.samples
    }
    assert found["imprint_work_rows", "letters", "parked"] == 1
    assert found["imprint_work_rows", "letters", "due"] == 1
    assert found["imprint_orders_today", None, None] == 1
    assert found["imprint_database_up", None, None] == 1
