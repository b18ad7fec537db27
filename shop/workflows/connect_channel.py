"""An account on another platform: typed in, tried, paused, taken up again.

    connection_id = save_connection("woocommerce", typed)     what was typed, its secrets encrypted
    verdict = try_connection(connection_id)                   asks the platform who we are; says what is wrong

The call stands outside any transaction. An account that worked before and cannot be reached for a moment stays as it
is; one that was never tried successfully stays "connecting", with its problem in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.connecting import problem_of
from shop.channels.connector import AuthKind, ChannelAccount, Connector, Scope, TokenKind
from shop.channels.keeping import keep_secrets, read_secrets
from shop.channels.models import Connection, ConnectionToken
from shop.channels.tokens import Token, on_reconnect, store_tokens
from shop.core import clock, log
from shop.core.secrets import new_token
from shop.core.transaction import release_connection, transaction
from shop.errors import Conflict, NotFound, OutsideError, ShopError
from shop.workflows.ask_to_reconnect import ask_to_reconnect
from shop.workflows.channel_hooks import ensure_webhooks

logger = log.get_logger("channels")
MADE_UP = "webhook_secret"  # where it is left empty, we make one

on_reconnect(ask_to_reconnect)


@dataclass(frozen=True)
class Typed:
    """What a connect form said. A secret that is missing stays as it was."""

    name: str = ""
    store_url: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What came of asking. `problem` "": it works. `missing`: rights that were not granted, with what each is for."""

    problem: str = ""
    account: ChannelAccount | None = None
    missing: tuple[Scope, ...] = ()

    @property
    def works(self) -> bool:
        return not self.problem


def save_connection(channel: str, typed: Typed, connection_id: int | None = None) -> int:
    """A new connection, or another's account changed; its id. Asks nobody but the name servers.

    Raises InvalidInput (an address that cannot be one), NotFound. After new keys the old short tokens are gone.
    """
    registry.load()
    connector = registry.class_of(channel)
    release_connection()
    store_url = connector.read_address(typed.store_url) if typed.store_url else ""
    with transaction() as session:
        row = _new(session, channel) if connection_id is None else _lock(session, connection_id)
        if row.channel != channel:
            raise NotFound("There is no such connection.")
        is_moved = row.store_url != store_url
        row.name, row.store_url = typed.name, store_url
        row.settings = {**row.settings, **typed.settings}
        row.version += 1
        _keep(session, connector, row, typed.secrets, is_new=connection_id is None)
        if (typed.secrets or is_moved) and row.status in ("reconnect", "disconnected"):
            row.status = "connecting"
        return row.id


def connect(connection_id: int) -> Verdict:
    """Try the account, and when it works ask to be told of changes there. A repeat asks again."""
    verdict = try_connection(connection_id)
    if verdict.works:
        try:
            ensure_webhooks(connection_id)
        except ShopError as error:  # it stands on the connection's page, and is tried again every ten minutes
            logger.info("hooks not made yet", connection=connection_id, why=error.user_message[:200])
    return verdict


def try_connection(connection_id: int) -> Verdict:
    """Ask the platform who we are, and write down the answer. A repeat asks again. Raises NotFound, Conflict."""
    registry.load()
    with transaction() as session:
        row = _lock(session, connection_id)
        if row.status == "disconnected":
            raise Conflict("This account is disconnected. Give its keys again first.")
        before, worked = row.status, bool(row.account_id)
        if before == "reconnect":
            row.status = "connecting"  # calls are let through again, for this question
            row.refreshing_until = row.refresh_not_before = None
        connector = registry.connector_of(row)
    release_connection()
    try:
        account = connector.check()
    except OutsideError as error:
        return _write_problem(connection_id, before, worked, error, connector)
    return _write_account(connection_id, before, account, connector)


def pause_connection(connection_id: int, *, is_paused: bool) -> None:
    """Nothing is read or written there while it is paused; what waits goes on afterwards. A repeat does nothing."""
    with transaction() as session:
        row = _lock(session, connection_id)
        if is_paused and row.status == "active":
            row.status = "paused"
        elif not is_paused and row.status == "paused":
            row.status = "active"
        elif row.status not in ("paused", "active"):
            raise Conflict("It is not connected at the moment.")


def missing_scopes(connector: type[Connector], names: tuple[str, ...]) -> tuple[Scope, ...]:
    """Rights that were not granted, with why each is wanted; unknown ones by their name alone."""
    known = {scope.name: scope for scope in connector.spec.scopes}
    return tuple(known.get(name, Scope(name, "")) for name in names)


def keep_typed(session: Session, connection_id: int, channel: str, secrets: Mapping[str, str]) -> None:
    """Secrets that came without a form. The caller commits. Raises NotFound."""
    row = _lock(session, connection_id)
    if row.channel != channel:
        raise NotFound("There is no such connection.")
    row.version += 1
    _keep(session, registry.class_of(channel), row, secrets, is_new=False)
    if row.status in ("reconnect", "disconnected"):
        row.status = "connecting"


def _new(session: Session, channel: str) -> Connection:
    row = Connection(channel=channel, settings={}, account={}, status="connecting")
    session.add(row)
    session.flush()
    return row


def _lock(session: Session, connection_id: int) -> Connection:
    query = select(Connection).where(Connection.id == connection_id).with_for_update()
    row = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such connection.")
    return row


def _keep(
    session: Session, connector: type[Connector], row: Connection, secrets: Mapping[str, str], *, is_new: bool
) -> None:
    """Secrets by their names; lasting keys also as the one token that calls are made with: a single key as it is,
    several as JSON by their names."""
    spec, given = connector.spec, dict(secrets)
    if is_new and MADE_UP not in given and any(s.name == MADE_UP for s in spec.settings):
        given[MADE_UP] = new_token()
    if not given:
        return
    keep_secrets(session, row.id, given)
    held = read_secrets(row.secrets)
    wanted = [s.name for s in spec.settings if s.kind == "secret" and s.name != MADE_UP]
    keys = {name: held[name] for name in wanted if held.get(name)}
    short = [TokenKind.ACCESS, TokenKind.SESSION, TokenKind.ID]
    if set(given) - {MADE_UP}:
        session.execute(
            delete(ConnectionToken).where(ConnectionToken.connection_id == row.id, ConnectionToken.kind.in_(short))
        )
        row.fence += 1
        row.refreshing_until = row.refresh_not_before = None
        row.refresh_failures = 0
    if AuthKind.KEYS in spec.auth and keys:
        value = orjson.dumps(keys).decode() if len(keys) > 1 else next(iter(keys.values()))
        store_tokens(session, row.id, [Token(TokenKind.API_KEY, value)])


def _write_problem(connection_id: int, before: str, worked: bool, error: OutsideError, connector: Connector) -> Verdict:
    problem = problem_of(error, connector.spec.name, connector.store_url)
    with transaction() as session:
        row = _lock(session, connection_id)
        row.problem, row.checked_at = problem[:500], clock.now()
        if not worked:
            row.status = "connecting"
        elif row.status == "connecting":
            row.status = before
    return Verdict(problem)


def _write_account(connection_id: int, before: str, found: ChannelAccount, connector: Connector) -> Verdict:
    missing = missing_scopes(type(connector), found.missing)
    lacks = [scope.name for scope in missing if scope.required]
    problem = ""
    if lacks:
        problem = f"{connector.spec.name} knows the key, but these rights are missing: {', '.join(lacks)}."
    with transaction() as session:
        row = _lock(session, connection_id)
        twin = _twin(session, row, found.external_id)
        if twin is not None:
            problem = f"This account is connected already, as “{twin}”. Disconnect one of them."
        else:
            facts = account_facts(found)
            row.version += int(row.account != facts)  # a connector that was made before knows the old ones
            row.account_id, row.account = found.external_id[:120], facts
        row.checked_at, row.problem = clock.now(), problem[:500]
        if problem:
            row.status = before if before in ("active", "paused") else "connecting"
        elif row.status != "paused":
            row.status = "active"
    return Verdict(problem, found, missing)


def _twin(session: Session, row: Connection, account_id: str) -> str | None:
    """How another connection to the very same account is called."""
    if not account_id:
        return None
    found = session.execute(
        select(Connection).where(
            Connection.channel == row.channel,
            Connection.account_id == account_id,
            Connection.id != row.id,
            Connection.status != "disconnected",
        )
    ).scalars()
    other = next((c for c in found if c.store_url == row.store_url), None)
    return None if other is None else other.name or str(other.account.get("name") or other.id)


def account_facts(found: ChannelAccount) -> dict[str, Any]:
    """What is kept in Connection.account."""
    return {
        "name": found.name,
        "currency": found.currency,
        "time_zone": found.time_zone,
        "taxes_included": found.taxes_included,
        "weight_unit": found.weight_unit,
        "missing": list(found.missing),
        "facts": dict(found.facts),
    }
