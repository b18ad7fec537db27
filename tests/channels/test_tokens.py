"""Tokens: many callers, one refresh; single-use ones are never lost; a refusal stops the calls and tells the merchant."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from shop.channels import tokens
from shop.channels.connector import TokenKind
from shop.channels.models import Connection
from shop.channels.tokens import Held, Token, get_token, has_valid_token, store_tokens, with_token
from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import NeedsReconnect, NotFound, RateLimited, Refused, Unavailable
from shop.extensions import db


class Platform:
    """Somebody who renews tokens: each refresh token is good once."""

    def __init__(self) -> None:
        self.good, self.asked, self.slow, self.fails = "r0", 0, 0.0, None
        self.lock = threading.Lock()

    def renew(self, held: Held) -> list[Token]:
        with self.lock:
            self.asked += 1
            number = self.asked
        time.sleep(self.slow)
        if self.fails is not None:
            raise self.fails
        with self.lock:
            if held.tokens[TokenKind.REFRESH].value != self.good:
                raise Refused("invalid_grant")
            self.good = f"r{number}"
        ends = clock.now() + timedelta(hours=1)
        return [Token(TokenKind.ACCESS, f"a{number}", ends), Token(TokenKind.REFRESH, f"r{number}")]


@pytest.fixture
def platform(app: Flask) -> Iterator[Platform]:
    found = Platform()
    tokens.register_token_provider("twin", found.renew)
    yield found
    tokens._providers.pop("twin")


def connect(access_left: timedelta = timedelta(seconds=-1), channel: str = "twin") -> int:
    with transaction() as session:
        connection = Connection(channel=channel, status="active")
        session.add(connection)
        session.flush()
        ends = clock.now() + access_left
        store_tokens(session, connection.id, [Token(TokenKind.ACCESS, "a0", ends), Token(TokenKind.REFRESH, "r0")])
        return connection.id


def status(connection_id: int) -> str:
    db.session.remove()
    return db.session.get_one(Connection, connection_id).status


def test_200_callers_make_one_refresh(app: Flask, platform: Platform) -> None:
    connection_id = connect()
    platform.slow = 0.2

    def ask(_: int) -> str:
        with app.app_context():
            try:
                return get_token(connection_id)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(200)))
    assert set(answers) == {"a1"}
    assert platform.asked == 1


def test_a_token_that_still_holds_is_used_while_another_renews_it(platform: Platform) -> None:
    connection_id = connect(timedelta(seconds=60))
    platform.fails = Unavailable("down")
    assert get_token(connection_id) == "a0"
    assert get_token(connection_id) == "a0", "during the cooldown too"
    assert platform.asked == 1


def test_after_a_failure_nobody_asks_until_the_cooldown_is_over(platform: Platform) -> None:
    connection_id = connect()
    platform.fails = Unavailable("down")
    with pytest.raises(Unavailable):
        get_token(connection_id)
    with pytest.raises(RateLimited) as told:
        get_token(connection_id)
    assert told.value.retry_at is not None and platform.asked == 1
    clock.fix(told.value.retry_at + timedelta(seconds=1))
    platform.fails = None
    assert get_token(connection_id) == "a2"


def test_a_refusal_stops_the_calls_and_tells_the_merchant_once(platform: Platform) -> None:
    connection_id = connect()
    told: list[int] = []
    tokens._on_reconnect.append(lambda session, connection: told.append(connection.id))
    try:
        platform.fails = Refused("invalid_grant")
        for _ in range(3):
            with pytest.raises(NeedsReconnect):
                get_token(connection_id)
    finally:
        tokens._on_reconnect.pop()
    assert (platform.asked, told, status(connection_id)) == (1, [connection_id], "reconnect")


def test_a_401_renews_once_and_a_second_one_marks_it(platform: Platform) -> None:
    connection_id = connect(timedelta(hours=1))
    seen: list[str] = []

    def call(token: str) -> str:
        seen.append(token)
        if token == "a0":
            raise NeedsReconnect("no", status=401)
        return "done"

    assert with_token(connection_id, call) == "done"
    assert seen == ["a0", "a1"] and platform.asked == 1

    def refuse(token: str) -> str:
        raise NeedsReconnect("no", status=401)

    with pytest.raises(NeedsReconnect):
        with_token(connection_id, refuse)
    assert status(connection_id) == "reconnect"


def test_who_was_overtaken_saves_nothing(platform: Platform) -> None:
    """A worker that was away longer than its lease finds newer tokens, and leaves them."""
    connection_id = connect()

    def overtaken(held: Held) -> list[Token]:
        with transaction() as session:
            session.get_one(Connection, connection_id).fence += 1
            store_tokens(session, connection_id, [Token(TokenKind.ACCESS, "newer", clock.now() + timedelta(hours=1))])
        return [Token(TokenKind.ACCESS, "stale", clock.now() + timedelta(hours=1))]

    tokens.register_token_provider("twin", overtaken)
    assert get_token(connection_id) == "newer"
    assert get_token(connection_id) == "newer"


def test_a_lasting_key_needs_nobody_and_a_refused_one_needs_the_merchant(app: Flask) -> None:
    with transaction() as session:
        connection = Connection(channel="keys", status="active")
        session.add(connection)
        session.flush()
        store_tokens(session, connection.id, [Token(TokenKind.API_KEY, "k")])
    assert get_token(connection.id, TokenKind.API_KEY) == "k" and has_valid_token(connection.id, TokenKind.API_KEY)
    with pytest.raises(NeedsReconnect):
        get_token(connection.id, TokenKind.API_KEY, not_this="k")
    assert status(connection.id) == "reconnect", "the mark stands although the caller was told by an exception"


def test_nothing_is_in_clear_in_the_database(platform: Platform) -> None:
    connect()
    rows = db.session.execute(text("SELECT value FROM connection_tokens")).scalars()
    assert all("a0" not in value.partition(":")[2][:4] and ":" in value for value in rows)


def test_a_connection_that_is_gone_is_not_found(platform: Platform) -> None:
    with pytest.raises(NotFound):
        get_token(4711)
