"""The short log of calls that failed or changed something, for the stories on the Failures page."""

from __future__ import annotations

from flask import has_app_context
from sqlalchemy import insert

from shop.core import clock, log
from shop.core.secrets import redact
from shop.extensions import db
from shop.outbound.models import OutboundCall

ANSWER_CHARS = 2000
logger = log.get_logger("outbound")


def write_down(service: str, subject: str, request: str, status: int | None, answer: str, took_ms: int) -> None:
    """Store one row on a connection of its own, whatever becomes of the caller's transaction. Never raises."""
    if not has_app_context():
        return
    values = {
        "at": clock.now(),
        "service": service[:40],
        "subject": subject[:80],
        "request": redact(request)[:300],
        "status": status,
        "answer": redact(answer).replace("\0", "")[:ANSWER_CHARS],
        "took_ms": took_ms,
    }
    try:
        with db.engine.connect() as connection, connection.begin():
            connection.execute(insert(OutboundCall).values(**values))
    except Exception as error:  # noqa: BLE001  (a log that fails must not fail the call)
        logger.warning("outbound call was not written down", why=str(error)[:300])
