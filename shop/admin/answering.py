"""What a pressed button answers: a redirect and one sentence, good or bad, never a bare error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import flash, redirect
from sqlalchemy import func, select, text
from werkzeug.wrappers import Response

from shop.core.scope import scoped_key
from shop.core.transaction import release_connection
from shop.errors import OutsideError, ShopError
from shop.extensions import db


def press(work: Callable[[], object], *, done: str, back: str) -> Response:
    """Run `work`; go `back` with what happened. A sentence that `work` returns is told instead of `done`."""
    try:
        said = work()
    except ShopError as error:
        flash(in_words(error), "bad")
    else:
        flash(said if isinstance(said, str) else done, "good")
    return redirect(back, 303)


def in_words(error: ShopError) -> str:
    """The error's message; for staff, with what the other service answered."""
    if isinstance(error, OutsideError) and error.detail and error.detail not in error.user_message:
        return f"{error.user_message} ({error.detail[:300]})"
    return error.user_message


@contextmanager
def one_at_a_time(*key: object) -> Iterator[None]:
    """Let nobody else press the same button on the same thing until this press is done.

    An advisory lock on a connection of its own, held by its transaction: it holds across processes, whatever the work
    commits in between, and goes with the connection.
    """
    release_connection()
    name = scoped_key("press", *key)
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
        yield
