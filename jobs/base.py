"""The @job decorator and the drain loop: claim → handle → next step by the error's kind."""

from __future__ import annotations

import functools
import secrets
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask, has_app_context
from sqlalchemy.exc import OperationalError

from config import Config
from shop import create_app
from shop.core import durable, log, queue
from shop.core.durable import Claim, LostLease
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.errors import Kind, OutsideError, RateLimited, ShopError
from shop.extensions import db
from shop.workflows.report_failure import report_failure, tell_of_delay

logger = log.get_logger("jobs")
ATTEMPTS_BEFORE_PARKING = 150  # about a day of ten-minute waits
ATTEMPTS_BEFORE_A_LETTER = 7  # about half an hour
_app: Flask | None = None
_lock = threading.Lock()


def worker_app() -> Flask:
    """The app of this worker process, made once."""
    global _app
    with _lock:
        if _app is None:
            _app = create_app(Config.from_env())
        return _app


def use_app(app: Flask) -> None:
    """Let jobs of this process run with this app (tests, commands)."""
    global _app
    _app = app


def job(name: JobName) -> Callable[[Callable[[], Any]], Callable[..., None]]:
    """A function that RQ may call by `name`: app context, log ids, and the kick's flag cleared before it looks."""

    def decorate(work: Callable[[], Any]) -> Callable[..., None]:
        @functools.wraps(work)
        def run(store: str = "main") -> None:
            if has_app_context():
                _run(name, work)
                return
            with worker_app().app_context():
                _run(name, work)

        run.job_name = name  # type: ignore[attr-defined]
        return run

    return decorate


def _run(name: JobName, work: Callable[[], Any]) -> None:
    log.clear()
    log.bind(job=name.value, job_id=secrets.token_hex(6))
    queue.kicked(name)
    try:
        work()
    finally:
        db.session.remove()


def drain(
    model: type[Any], handle: Callable[[Claim], None], *, batch: int = 20, lease_seconds: int = 180, at_most: int = 5000
) -> int:
    """Work through every due row of `model`. Returns how many were handled.

    `handle` finishes, postpones or parks its row itself, in the transaction of its effects; what it raises becomes
    the row's next step here: WAIT → postpone, MERCHANT → park and tell the store, US → park and alert.
    """
    handled = 0
    while handled < at_most:
        with transaction() as session:
            held = durable.claim(session, model, batch, lease_seconds)
        if not held:
            break
        for claim in held:
            handle_one(model, handle, claim)
        handled += len(held)
    return handled


def handle_one(model: type[Any], handle: Callable[[Claim], None], claim: Claim) -> None:
    """Handle one claimed row and settle what it raises."""
    log.bind(row=f"{model.__tablename__}:{claim.id}", attempt=claim.attempts)
    try:
        handle(claim)
    except LostLease:
        logger.info("lease lost, nothing written")
    except OperationalError:
        raise  # the database is away: the lease runs out and the row is claimed again
    except Exception as error:  # noqa: BLE001  (becomes the row's next step)
        db.session.rollback()
        settle(model, claim, error)


def settle(model: type[Any], claim: Claim, error: Exception) -> None:
    """Write the row's next step after `error`."""
    kind, why = told(error)
    try:
        if kind == Kind.WAIT and claim.attempts < ATTEMPTS_BEFORE_PARKING:
            until = error.retry_at if isinstance(error, RateLimited) else None
            unknown = bool(getattr(error, "sent", False))
            with transaction() as session:
                durable.postpone(session, model, claim, why=why, until=until, keep_calling=unknown)
                if claim.attempts == ATTEMPTS_BEFORE_A_LETTER:
                    tell_of_delay(session, model, why)
            logger.info("postponed", why=why)
            return
        if kind == Kind.US:
            logger.error("parked", exc_info=error)
        report_failure(model, claim, kind=kind, why=why)
    except LostLease:
        logger.info("lease lost, nothing written")


def told(error: Exception) -> tuple[Kind, str]:
    """Who must act, and why, in words that may be stored."""
    if isinstance(error, OutsideError):
        return error.kind, str(error)
    if isinstance(error, ShopError):
        return Kind.MERCHANT, error.user_message
    return Kind.US, f"{type(error).__name__}: {error}"
