"""A corner shop: the smallest platform there can be, for what no real one lets a test decide (lost answers, races)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shop.channels import registry
from shop.channels.codes.keeping import choose
from shop.channels.connector import (
    AuthKind,
    ChannelAccount,
    ChecksDiscounts,
    Connector,
    ConnectorSpec,
    HoldsGiftCards,
)
from shop.channels.models import Connection
from shop.channels.records import CodeWhy, DiscountAnswer, GiftCardAnswer, Verdict
from shop.core.transaction import transaction
from shop.errors import Refused, Unavailable


@dataclass
class Books:
    """What the corner shop has; `before` is run at the start of every call."""

    discounts: dict[str, DiscountAnswer] = field(default_factory=dict)
    cards: dict[str, int] = field(default_factory=dict)
    moves: list[tuple[str, int, str]] = field(default_factory=list)
    currency: str = "USD"
    tells_moves: bool = True
    lose_answers: int = 0
    before: Callable[[], None] = lambda: None
    lock: Any = field(default_factory=threading.Lock)


books = Books()


class Corner(Connector, ChecksDiscounts, HoldsGiftCards):
    spec = ConnectorSpec(key="corner", name="Corner", auth=(AuthKind.KEYS,), token_kinds=(), settings=())

    def check(self) -> ChannelAccount:
        return ChannelAccount("1", "Corner", books.currency)

    def check_discount(self, code: str) -> DiscountAnswer:
        books.before()
        return books.discounts.get(code.upper(), DiscountAnswer(Verdict.INVALID, why=CodeWhy.UNKNOWN))

    def check_gift_card(self, code: str) -> GiftCardAnswer:
        books.before()
        if code not in books.cards:
            return GiftCardAnswer(Verdict.INVALID, why=CodeWhy.UNKNOWN)
        return GiftCardAnswer(Verdict.VALID, "", f"gid/{code}", books.cards[code], books.currency)

    def debit_gift_card(self, external_id: str, amount_minor: int, currency: str, key: str) -> str:
        return self._move(external_id, -amount_minor, key)

    def credit_gift_card(self, external_id: str, amount_minor: int, currency: str, key: str) -> str:
        return self._move(external_id, amount_minor, key)

    def find_gift_card_move(self, external_id: str, key: str) -> str | None:
        if not books.tells_moves:
            return None
        return next((f"t{n}" for n, move in enumerate(books.moves) if move[2] == key), "")

    def _move(self, external_id: str, minor: int, key: str) -> str:
        books.before()
        code = external_id.removeprefix("gid/")
        with books.lock:
            if books.cards[code] + minor < 0:
                raise Refused("INSUFFICIENT_FUNDS", service="corner")
            books.cards[code] += minor
            books.moves.append((code, minor, key))
            if books.lose_answers:
                books.lose_answers -= 1
                raise Unavailable("no answer", service="corner", sent=True)
            return f"t{len(books.moves) - 1}"


def open_corner() -> Iterator[Books]:
    """A connection to it that takes both; for a fixture."""
    books.__init__()  # type: ignore[misc]
    registry.load()
    registry.register(Corner)
    with transaction() as session:
        row = Connection(channel="corner", name="The corner", status="active")
        session.add(row)
        session.flush()
        choose(session, row.id, takes_discounts=True, takes_gift_cards=True)
    yield books
    registry._classes.pop("corner", None)
