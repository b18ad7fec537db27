"""The tokens of a connection: kept encrypted, refreshed before they end, by one caller for all.

    token = get_token(connection_id)                         a token that is good for the next call
    answer = with_token(connection_id, lambda token: …)      the same, and once more with a new one after a 401

A refresh is a short claim (lease and fence on the connection's row), the call outside any transaction, and a short
finish that saves every new token at once: single-use refresh tokens are never lost half-way. Others who come meanwhile
use the token that still holds, or wait for the new one. After a failure nobody asks again until the cooldown is over;
after a definite refusal the connection is marked "reconnect", the merchant is told, and calls stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels.connector import TokenKind
from shop.channels.models import Connection, ConnectionToken
from shop.core import clock, log
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import NeedsReconnect, NotFound, OutsideError, RateLimited, Refused, Unavailable

T = TypeVar("T")
LEEWAY = timedelta(seconds=120)  # a token is renewed this long before it ends
LEASE = timedelta(seconds=60)  # longer than a call may take
PATIENCE_SECONDS = 30.0  # how long a caller waits for another's refresh
COOLDOWN_SECONDS = (15, 60, 300, 900)
_POLL_SECONDS = 0.05

logger = log.get_logger("channels")


@dataclass(frozen=True)
class Token:
    kind: TokenKind
    value: str
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Held:
    """What a provider may know of a connection when it asks for new tokens."""

    connection_id: int
    channel: str
    store_url: str
    settings: Mapping[str, str]
    secrets: str | None
    tokens: Mapping[TokenKind, Token]


#: channel → asks the platform for new tokens. Raises Refused or NeedsReconnect when they will never come again
#: without the merchant, Unavailable when later may do.
Provider = Callable[[Held], Sequence[Token]]
_providers: dict[str, Provider] = {}
#: told when a connection needs its merchant: (session, connection); set by the workflow that writes the letter
_on_reconnect: list[Callable[[Session, Connection], None]] = []


def register_token_provider(channel: str, provider: Provider) -> None:
    """Who renews the tokens of this channel. A repeat replaces it."""
    _providers[channel] = provider


def on_reconnect(listener: Callable[[Session, Connection], None]) -> None:
    if listener not in _on_reconnect:
        _on_reconnect.append(listener)


def store_tokens(session: Session, connection_id: int, tokens: Sequence[Token]) -> None:
    """Save them all in this transaction, each in the place of the one before; the caller commits."""
    for token in tokens:
        values = {"value": token.value, "expires_at": token.expires_at, "saved_at": clock.now()}
        session.execute(
            insert(ConnectionToken)
            .values(connection_id=connection_id, kind=token.kind, **values)
            .on_conflict_do_update(index_elements=["connection_id", "kind"], set_=values)
        )


def has_valid_token(connection_id: int, kind: TokenKind = TokenKind.ACCESS) -> bool:
    """Whether there is one that does not end within the leeway. Asks nobody."""
    with transaction() as session:
        token = _read(session, connection_id).get(kind)
    return token is not None and _holds(token, LEEWAY)


def get_token(connection_id: int, kind: TokenKind = TokenKind.ACCESS, *, not_this: str = "") -> str:
    """A token that holds. `not_this`: the one that was refused just now; it is renewed although it seems to hold.

    Raises NeedsReconnect when only the merchant can help, RateLimited (retry_at) while a failed refresh cools down,
    Unavailable when the platform does not answer, NotFound for a connection that is gone. Never inside a transaction.
    """
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        release_connection()
        step = run_in_transaction(lambda session: _look(session, connection_id, kind, not_this))
        if isinstance(step, str):
            return step
        if isinstance(step, _Turn):
            return _refresh(step, kind)
        if isinstance(step, OutsideError):  # what was found is committed; only then it is told
            raise step
        if time.monotonic() > give_up:
            raise Unavailable("The connection is being renewed; try again in a moment.", service="channels")
        time.sleep(_POLL_SECONDS)


def with_token(connection_id: int, operation: Callable[[str], T], kind: TokenKind = TokenKind.ACCESS) -> T:
    """Run `operation` with a token; once more with a new one when it is refused with 401.

    The door for every call to a platform. A second 401 marks the connection "reconnect". Raises what `operation`
    raises, and what `get_token` does.
    """
    token = get_token(connection_id, kind)
    try:
        return operation(token)
    except NeedsReconnect as error:
        if error.facts.get("status") != 401:
            raise
        fresh = get_token(connection_id, kind, not_this=token)
    try:
        return operation(fresh)
    except NeedsReconnect as error:
        if error.facts.get("status") == 401:
            mark_reconnect(connection_id, error.user_message)
        raise


def mark_reconnect(connection_id: int, why: str) -> None:
    """Calls stop until the merchant authorises again; told once. A repeat changes nothing."""
    with transaction() as session:
        connection = _lock(session, connection_id)
        _mark(session, connection, why)


# -- one look, under the row's lock


@dataclass(frozen=True)
class _Turn:
    """It is this caller's turn to renew, for `fence`."""

    held: Held
    fence: int
    still_good: str  # a token that has not ended yet, "" without


class _Wait:
    """Somebody else renews it at this moment."""


def _look(session: Session, connection_id: int, kind: TokenKind, not_this: str) -> str | _Turn | _Wait | OutsideError:
    tokens = _read(session, connection_id)
    token = tokens.get(kind)
    if token is not None and token.value != not_this and _holds(token, LEEWAY) and _is_open(session, connection_id):
        return token.value  # the usual way: nothing is locked
    connection = _lock(session, connection_id)
    if connection.status in ("reconnect", "disconnected"):
        return NeedsReconnect(
            connection.problem or "This connection must be authorised again.", service=connection.channel
        )
    token = (tokens := _read(session, connection_id)).get(kind)  # another may have renewed it before our lock
    if token is not None and token.value != not_this and _holds(token, LEEWAY):
        return token.value
    good = token.value if token is not None and token.value != not_this and _holds(token, timedelta()) else ""
    now = clock.now()
    if connection.refreshing_until is not None and connection.refreshing_until > now:
        return good or _Wait()
    if connection.refresh_not_before is not None and connection.refresh_not_before > now:
        if good:
            return good
        return RateLimited(
            "Renewing the connection failed a moment ago.",
            retry_at=connection.refresh_not_before,
            service=connection.channel,
        )
    if connection.channel not in _providers:
        _mark(session, connection, "The key was refused, and nothing can renew it. Connect again.")
        return NeedsReconnect(connection.problem, service=connection.channel)
    connection.fence += 1
    connection.refreshing_until = now + LEASE
    return _Turn(_held(connection, tokens), connection.fence, good)


def _refresh(turn: _Turn, kind: TokenKind) -> str:
    channel = turn.held.channel
    try:
        fresh = list(_providers[channel](turn.held))
    except (NeedsReconnect, Refused) as error:
        with transaction() as session:
            connection = _lock(session, turn.held.connection_id)
            if connection.fence == turn.fence:
                _mark(session, connection, error.user_message)
        raise NeedsReconnect(error.user_message, service=channel, detail=error.detail) from error
    except OutsideError as error:
        with transaction() as session:
            _cool_down(session, turn)
        logger.warning("refresh failed", channel=channel, connection=turn.held.connection_id, why=error.detail)
        if turn.still_good:
            return turn.still_good
        raise
    with transaction() as session:
        connection = _lock(session, turn.held.connection_id)
        if connection.fence == turn.fence:  # else a later refresh has its own, newer ones
            store_tokens(session, connection.id, fresh)
            connection.refreshing_until = connection.refresh_not_before = None
            connection.refresh_failures = 0
        tokens = _read(session, connection.id)
    if kind not in tokens:
        raise NeedsReconnect("The platform gave no token of the kind that is needed.", service=channel)
    return tokens[kind].value


def _cool_down(session: Session, turn: _Turn) -> None:
    connection = _lock(session, turn.held.connection_id)
    if connection.fence != turn.fence:
        return
    seconds = COOLDOWN_SECONDS[min(connection.refresh_failures, len(COOLDOWN_SECONDS) - 1)]
    connection.refresh_failures += 1
    connection.refreshing_until = None
    connection.refresh_not_before = clock.now() + timedelta(seconds=seconds)


def _mark(session: Session, connection: Connection, why: str) -> None:
    if connection.status in ("reconnect", "disconnected"):
        return
    connection.status, connection.problem, connection.refreshing_until = "reconnect", why[:500], None
    for listener in _on_reconnect:
        listener(session, connection)


def _read(session: Session, connection_id: int) -> dict[TokenKind, Token]:
    rows = session.execute(
        select(ConnectionToken.kind, ConnectionToken.value, ConnectionToken.expires_at).where(
            ConnectionToken.connection_id == connection_id
        )
    )
    return {TokenKind(kind): Token(TokenKind(kind), value, expires_at) for kind, value, expires_at in rows}


def _is_open(session: Session, connection_id: int) -> bool:
    status = session.execute(select(Connection.status).where(Connection.id == connection_id)).scalar()
    return status not in (None, "reconnect", "disconnected")


def _lock(session: Session, connection_id: int) -> Connection:
    found = session.execute(
        select(Connection)
        .where(Connection.id == connection_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("This connection does not exist any more.")
    return found


def _held(connection: Connection, tokens: Mapping[TokenKind, Token]) -> Held:
    return Held(
        connection.id, connection.channel, connection.store_url, dict(connection.settings), connection.secrets, tokens
    )


def _holds(token: Token, leeway: timedelta) -> bool:
    return token.expires_at is None or token.expires_at > clock.now() + leeway
