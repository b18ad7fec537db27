"""Reads for pages: one statement, no transaction around it, no ORM.

A page reads what is committed, and each of its statements stands alone; autocommit saves BEGIN and ROLLBACK, two
round trips out of three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from sqlalchemy import Engine

from shop.extensions import db


def read(sql: str, parameters: Mapping[str, object] | None = None) -> Sequence[Any]:
    """Every row of one SELECT; placeholders are the driver's, `%(name)s`."""
    with _engine().connect() as connection:
        return connection.exec_driver_sql(sql, dict(parameters or {})).all()


def _engine() -> Engine:
    engine = db.engine
    held: tuple[Engine, Engine] | None = current_app.extensions.get("imprint.reading")
    if held is None or held[0] is not engine:
        held = (engine, engine.execution_options(isolation_level="AUTOCOMMIT"))
        current_app.extensions["imprint.reading"] = held
    return held[1]
