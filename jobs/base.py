"""The @job decorator and the drain loop: claim → handle → next step by the error's kind."""

from __future__ import annotations

import functools
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from flask import Flask, current_app, has_app_context
from rq.timeouts import BaseTimeoutException
from sqlalchemy.exc import DBAPIError, OperationalError

from config import Config
from shop import create_app
from shop.core import durable, log, queue
from shop.core.durable import Claim, LostLease
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.errors import Kind, Misunderstood, OutsideError, RateLimited, ShopError
from shop.extensions import db
from shop.workflows.report_failure import report_failure, tell_of_delay

logger = log.get_logger("jobs")
ATTEMPTS_BEFORE_PARKING = 150  # about a day of ten-minute waits
ATTEMPTS_BEFORE_A_LETTER = 7  # about half an hour
DRAIN_SECONDS = 120.0  # then the job ends and the sweep kicks the next one; RQ's own alarm (300 s) strikes anywhere
_CONFLICTS = ("40001", "40P01")  # serialisation failure, deadlock: nothing was written, it goes better later
_app: Flask | None = None
_lock = threading.Lock()
_stopping = threading.Event()
T = TypeVar("T")


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


def stop_soon() -> None:
    """This process was asked to stop: drains end after the row they are at, and give the others back."""
    _stopping.set()


def out_of_time(stop_at: float = float("inf")) -> bool:
    """Past `stop_at` (time.monotonic), or asked to stop."""
    return _stopping.is_set() or time.monotonic() >= stop_at


def lease_of_work() -> int:
    """Seconds after which the rows of a silent worker are taken over."""
    config: Config = current_app.config["IMPRINT"]
    return config.work_lease_seconds


def drain(
    model: type[Any], handle: Callable[[Claim], None], *, batch: int = 20, lease_seconds: int | None = None
) -> int:
    """Work through every due row of `model`, for two minutes at most. Returns how many were handled.

    `handle` finishes, postpones or parks its row itself, in the transaction of its effects; what it raises becomes
    the row's next step here: WAIT → postpone, MERCHANT → park and tell the store, US → park and alert.
    """
    handled = 0
    lease, stop_at = lease_seconds or lease_of_work(), time.monotonic() + DRAIN_SECONDS
    while not out_of_time(stop_at):
        with transaction() as session:
            held = durable.claim(session, model, batch, lease)
        if not held:
            break
        for claim, _ in keep_alive(model, [(claim, [claim]) for claim in held], lease, stop_at):
            handle_one(model, handle, claim)
            handled += 1
    return handled


def keep_alive(
    model: type[Any], pieces: Sequence[tuple[T, list[Claim]]], lease_seconds: int, stop_at: float
) -> Iterator[tuple[T, list[Claim]]]:
    """Each piece of work with its claims. While they last, the lease of the rest is renewed; at `stop_at`
    (time.monotonic) the rest is given back."""
    renewed = time.monotonic()
    for number, piece in enumerate(pieces):
        now = time.monotonic()
        if number and (out_of_time(stop_at) or now - renewed > lease_seconds / 3):
            rest = [claim for _, claims in pieces[number:] for claim in claims]
            with transaction() as session:
                if out_of_time(stop_at):
                    durable.give_back(session, model, rest)
                    return
                durable.renew(session, model, rest, lease_seconds)
            renewed = now
        yield piece


def handle_one(model: type[Any], handle: Callable[[Claim], None], claim: Claim) -> None:
    """Handle one claimed row and settle what it raises."""
    log.bind(row=f"{model.__tablename__}:{claim.id}", attempt=claim.attempts)
    try:
        db.session.expire_all()  # the row has changed since this process last read it, if only by the claim
        handle(claim)
    except LostLease:
        logger.info("lease lost, nothing written")
    except Exception as error:
        db.session.rollback()
        if must_stop(error):
            raise
        settle(model, claim, error)


def must_stop(error: Exception) -> bool:
    """The worker itself is in trouble (no database, out of time): the lease runs out and the row is claimed again."""
    if isinstance(error, OperationalError):
        return not _is_conflict(error)
    return isinstance(error, BaseTimeoutException)


def settle(model: type[Any], claim: Claim, error: Exception) -> None:
    """Write the row's next step after `error`."""
    kind, why = told(error)
    may_be_done = not outcome_known(claim, error)
    try:
        if kind == Kind.WAIT and claim.attempts < ATTEMPTS_BEFORE_PARKING:
            until = error.retry_at if isinstance(error, RateLimited) else None
            with transaction() as session:
                durable.postpone(session, model, claim, why=why, until=until, keep_calling=may_be_done)
                if claim.attempts == ATTEMPTS_BEFORE_A_LETTER:
                    tell_of_delay(session, model, why)
            logger.info("postponed", why=why)
            return
        if kind == Kind.US:
            logger.error("parked", exc_info=error)
        report_failure(model, claim, kind=kind, why=why, may_be_done=may_be_done)
    except LostLease:
        logger.info("lease lost, nothing written")


def told(error: Exception) -> tuple[Kind, str]:
    """Who must act, and why, in words that may be stored."""
    if isinstance(error, OutsideError):
        return error.kind, str(error)
    if isinstance(error, ShopError):
        return Kind.MERCHANT, error.user_message
    if _is_conflict(error):
        return Kind.WAIT, "The database was busy with the same row."
    return Kind.US, f"{type(error).__name__}: {error}"


def outcome_known(claim: Claim, error: Exception) -> bool:
    """Is it certain that no call for this row was accepted? A failure that was not sent says nothing about an earlier
    call whose answer was lost. `final` in the error's facts: this answer settles the earlier calls too."""
    if not isinstance(error, OutsideError) or isinstance(error, Misunderstood) or getattr(error, "sent", False):
        return False
    if error.facts.get("final"):
        return True
    return not (claim.unknown_outcome or error.facts.get("may_be_done"))


def _is_conflict(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in _CONFLICTS
