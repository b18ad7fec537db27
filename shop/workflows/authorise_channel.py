"""Consent on a platform's own page: out with a state bound to who was sent, back with a code that is traded once.

Where the platform hands keys over instead (HandsOverKeys), it posts them to us with a token of ours that counts once,
before the merchant is back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.authorising import begin_consent, begin_handover, take_consent, take_handover
from shop.channels.connector import AuthorisesByOAuth, Connector, HandsOverKeys
from shop.channels.keeping import read_secrets
from shop.channels.models import Connection
from shop.channels.tokens import store_tokens
from shop.core.transaction import release_connection, transaction
from shop.errors import NotAllowed, NotFound
from shop.inbound.verifying import Forged
from shop.workflows.connect_channel import Verdict, connect, keep_typed
from shop.workflows.letter_facts import public_url

#: the very address that is registered at the platform (RFC 6749 §3.1.2.3)
RETURN_PATH = "/admin/channels/authorised"


def begin(connection_id: int, staff_id: int) -> str:
    """Where this member is sent: the platform's page, which asks for consent. A repeat makes a new state."""
    redirect_uri = public_url(RETURN_PATH)
    with transaction() as session:
        row = _find(session, connection_id)
        told = settings_of(row)
        giver = _giver(row.channel)
        token = begin_handover(session, connection_id, staff_id) if giver is not None else ""
    if giver is not None:
        return str(giver.handover_url(told, token, public_url(f"/admin/channels/{connection_id}/back"), _door(giver)))
    with transaction() as session:
        connector = _oauth_class(_find(session, connection_id).channel)
        sent = begin_consent(session, connection_id, staff_id, redirect_uri)
    challenge = sent.challenge if connector.uses_pkce else ""
    return connector.consent_url(told, redirect_uri, sent.state, challenge)


def finish(arguments: Mapping[str, str], staff_id: int) -> tuple[int, Verdict]:
    """The merchant is back: (connection, what came of it). The state is used up before anything else is believed.

    Raises NotAllowed for a state that is unknown, used, too old or somebody else's, and for a signature that is wrong;
    then nothing was traded. What the platform answers to the code is in the verdict.
    """
    registry.load()
    with transaction() as session:
        back = take_consent(session, arguments.get("state", ""), staff_id)
        row = _find(session, back.connection_id)
        connector, told = _oauth_class(row.channel), settings_of(row)
    if arguments.get("error") or not arguments.get("code"):
        return back.connection_id, Verdict(_denied(connector, arguments))
    connector.check_callback(told, arguments)
    release_connection()
    tokens = connector.trade_code(told, arguments, back.redirect_uri, back.verifier if connector.uses_pkce else "")
    with transaction() as session:
        row = _find(session, back.connection_id, to_change=True)
        store_tokens(session, row.id, tokens)
        row.fence += 1
        row.version += 1
        row.refreshing_until = row.refresh_not_before = None
        row.refresh_failures = 0
        if row.status in ("reconnect", "disconnected"):
            row.status = "connecting"
    return back.connection_id, connect(back.connection_id)


def take_keys(channel: str, body: bytes) -> None:
    """The platform posted the keys it made: kept once, for the connection that our token names. Nothing of it is
    signed; the token is the proof. Raises Forged."""
    giver = _giver(channel)
    if giver is None:
        raise Forged
    token, secrets = giver.read_handover(body)
    with transaction() as session:
        connection_id = take_handover(session, token)
        if connection_id is None:
            raise Forged
        keep_typed(session, connection_id, channel, secrets)


def _giver(channel: str) -> Any:
    """None: no such platform, or it hands nothing over."""
    registry.load()
    try:
        found = registry.class_of(channel)
    except NotFound:
        return None
    return found if issubclass(found, HandsOverKeys) else None


def _door(giver: Any) -> str:
    return public_url(f"/webhooks/{giver.spec.key}/keys")


def settings_of(row: Connection) -> dict[str, str]:
    """What a connector's class is told of a connection that has no tokens yet: its settings and secrets by their names,
    and the store's address as "store_url"."""
    typed = {name: str(value) for name, value in row.settings.items()}
    return {**typed, **read_secrets(row.secrets), "store_url": row.store_url}


def _denied(connector: type[Connector], arguments: Mapping[str, str]) -> str:
    name = connector.spec.name
    if arguments.get("error", "") in ("access_denied", "", "user_denied"):
        return f"You said no on the page of {name}, so nothing was connected. Try again when you like."
    return f"{name} did not agree: {arguments.get('error_description') or arguments['error']}"[:300]


def _oauth_class(channel: str) -> Any:
    """Raises NotAllowed where the platform has no such page."""
    registry.load()
    found = registry.class_of(channel)
    if not issubclass(found, AuthorisesByOAuth):
        raise NotAllowed(f"{found.spec.name} is connected with keys, not on a page of its own.")
    return found


def _find(session: Session, connection_id: int, *, to_change: bool = False) -> Connection:
    query = select(Connection).where(Connection.id == connection_id)
    row = session.execute(query.with_for_update() if to_change else query).scalar_one_or_none()
    if row is None:
        raise NotFound("There is no such connection.")
    return row
