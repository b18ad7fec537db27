"""Ask several platforms about codes, all at once and not for long. Never inside a transaction."""

from __future__ import annotations

import contextvars
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from flask import Flask, current_app

from shop.channels import registry
from shop.channels.models import Connection
from shop.channels.records import DiscountAnswer, GiftCardAnswer, Verdict
from shop.core import log
from shop.core.scope import current_store, serve_store
from shop.core.transaction import release_connection
from shop.errors import ShopError
from shop.extensions import db

#: a shopper waits so long for all of them together
SECONDS = 3.0
#: questions under way in one process; a platform that hangs keeps some of these until its own time is over
AT_ONCE = 16

Answer = DiscountAnswer | GiftCardAnswer
_pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="codes")

logger = log.get_logger("channels")


@dataclass(frozen=True)
class Question:
    """`kind`: discount | gift_card."""

    connection_id: int
    kind: str
    code: str


@dataclass(frozen=True)
class Heard:
    """`answer` None: they did not answer (in time), or there was trouble, told in `trouble` for staff."""

    question: Question
    answer: Answer | None
    trouble: str = ""


def ask_all(questions: Sequence[Question], seconds: float | None = None) -> list[Heard]:
    """An entry for each question, in their order, after `seconds` at most."""
    release_connection()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    under_way: list[tuple[Question, Future[Answer]]] = [
        (one, _pool.submit(_own_context().run, _in_app, app, one)) for one in questions
    ]
    wait([future for _, future in under_way], timeout=SECONDS if seconds is None else seconds)
    return [_heard(one, future) for one, future in under_way]


def ask(one: Question) -> Answer:
    """One question, here and now. Raises OutsideError kinds; a platform without such a thing says NOT_OFFERED."""
    registry.load()
    connection = db.session().get(Connection, one.connection_id)
    if connection is None or connection.status != "active":
        return DiscountAnswer(Verdict.NOT_OFFERED, why="This connection is not active.")
    try:
        if one.kind == "discount":
            discounts = registry.discounts(connection)
            release_connection()
            return discounts.check_discount(one.code)
        cards = registry.gift_cards(connection)
        release_connection()
        return cards.check_gift_card(one.code)
    except registry.NotOffered as error:
        return DiscountAnswer(Verdict.NOT_OFFERED, why=error.user_message)


def _own_context() -> contextvars.Context:
    """The store of who asks, without their request."""
    context, store = contextvars.Context(), current_store()
    context.run(serve_store, store)
    return context


def _in_app(app: Flask, one: Question) -> Answer:
    with app.app_context():
        return ask(one)


def _heard(one: Question, future: Future[Answer]) -> Heard:
    if not future.done():
        future.cancel()
        return Heard(one, None, "It did not answer in time.")
    error = future.exception()
    if error is None:
        return Heard(one, future.result())
    if not isinstance(error, ShopError):
        logger.error("a code could not be checked", exc_info=error, connection_id=one.connection_id)
        return Heard(one, None, "Its answer could not be read.")
    logger.warning("a code could not be checked", why=str(error), connection_id=one.connection_id)
    return Heard(one, None, str(error)[:300])
