"""The hub from a terminal: a plan says what it would do, is applied, and taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from shop.channels import registry
from shop.extensions import db
from tests.channels.syncing.toy import Toy, connect


@pytest.fixture(autouse=True)
def _toy(app: Flask) -> Iterator[None]:
    yield
    registry._classes.pop("toy", None)
    registry._made.clear()
    Toy.worlds.clear()


def test_a_plan_is_told_applied_and_taken_back(app: Flask) -> None:
    connection_id, world = connect(direction="import")
    world.add("Bowl", ["B1"])
    flask = app.test_cli_runner()
    assert "Toy" in flask.invoke(args=["channels", "list"]).output
    told = flask.invoke(args=["channels", "plan", str(connection_id)])
    assert "create   here   Bowl" in told.output and "waiting" in told.output and "New there" in told.output
    assert db.session.execute(text("SELECT count(*) FROM products")).scalar() == 0
    run_id = told.output.rsplit("apply ", 1)[1].split()[0]
    assert "completed · read 1 · created 1" in flask.invoke(args=["channels", "apply", run_id]).output
    assert "completed" in flask.invoke(args=["channels", "undo", run_id]).output
    db.session.remove()
    assert db.session.execute(text("SELECT count(*) FROM products")).scalar() == 0


def test_what_cannot_be_is_said_and_fails(app: Flask) -> None:
    flask = app.test_cli_runner()
    assert "nothing is connected" in flask.invoke(args=["channels", "list"]).output
    for arguments in (["plan", "7"], ["apply", "7"], ["undo", "7"], ["reject", "7"]):
        answer = flask.invoke(args=["channels", *arguments])
        assert answer.exit_code == 1 and "no such" in answer.output
