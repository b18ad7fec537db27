"""Subscriptions at a connected platform: made, looked after, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.calling import own_origins
from shop.channels.connector import Connector, SendsWebhooks
from shop.channels.hooking import watching
from shop.channels.keeping import keep_secrets, secrets_of, signing_secrets
from shop.channels.models import Connection
from shop.core import clock, log
from shop.core.secrets import new_token
from shop.core.transaction import release_connection, transaction
from shop.email.requesting import request_letter
from shop.errors import OutsideError, Refused
from shop.outbound.addresses import origin_of
from shop.tenancy.profile import current_profile
from shop.workflows.letter_facts import public_url

logger = log.get_logger("channels.hooks")


@dataclass(frozen=True)
class Door:
    """Where a platform is to call us, what it signs with, and what we believe to have there."""

    connection_id: int
    name: str
    url: str
    secret: str
    connector: SendsWebhooks
    known: Mapping[str, str]


def ensure_webhooks(connection_id: int) -> list[str]:
    """Subscribe to all that the platform can tell us, and make again what is gone there. Returns the topics that were
    lost since the last look ([] the first time); what they would have told is read by the next sync, which is due now.

    A platform without webhooks: nothing. A repeat changes nothing. Raises as the connector does, and Refused where it
    could not call us; that is written down for the connection's page. Never inside a transaction.
    """
    door = _open(connection_id)
    if door is None:
        return []
    try:
        _must_be_reachable(door.url, door.connector)
        before = door.connector.list_webhooks()
        standing = door.connector.ensure_webhooks(door.url, door.secret)
    except OutsideError as error:
        with transaction() as session:
            watching.record_problem(session, connection_id, error.user_message)
        raise
    seen = standing if before is None else before
    lost = sorted(topic for topic, known in door.known.items() if seen.get(topic) != known)
    with transaction() as session:
        watching.record_standing(session, connection_id, door.url, standing)
        if lost:
            _lost(session, door, lost)
    return lost


def make_anew(connection_id: int) -> None:
    """They stand there and say nothing: taken away and made again. Raises as `ensure_webhooks`."""
    door = _open(connection_id)
    if door is None:
        return
    door.connector.remove_webhooks()
    standing = door.connector.ensure_webhooks(door.url, door.secret)
    with transaction() as session:
        watching.record_standing(session, connection_id, door.url, standing)
        _lost(session, door, [*standing])


def remove_webhooks(connection_id: int) -> bool:
    """Take our subscriptions away there. False when the platform could not be told; then its calls are refused as soon
    as the connection is disconnected. A repeat changes nothing. Never inside a transaction."""
    door = _open(connection_id)
    if door is None:
        return True
    try:
        door.connector.remove_webhooks()
    except OutsideError as error:
        logger.warning("hooks not removed", connection=connection_id, why=str(error)[:300])
        return False
    finally:
        with transaction() as session:
            watching.record_off(session, connection_id)
    return True


def address_of(connection: Connection) -> str:
    """Where this platform is to call us."""
    return public_url(f"/webhooks/{connection.channel}/{connection.id}")


def _open(connection_id: int) -> Door | None:
    """None: this platform has no webhooks, or none that we make; or the connection is gone."""
    registry.load()
    with transaction() as session:
        connection = session.get(Connection, connection_id)
        if connection is None or not registry.can(connection.channel, SendsWebhooks):
            return None
        connector = cast(SendsWebhooks, registry.connector_of(connection))
        if connector.tells_all:
            return None
        secret = _signing_secret(session, connection)
        door = Door(
            connection_id,
            connection.name or connection.channel,
            address_of(connection),
            secret,
            connector,
            watching.known_subscriptions(session, connection_id),
        )
    release_connection()
    return door


def _signing_secret(session: Session, connection: Connection) -> str:
    """What the merchant typed, else one of our own making for this connection."""
    held = signing_secrets(secrets_of(session, connection.id), clock.now())
    if held:
        return held[0]
    made = new_token(32)
    keep_secrets(session, connection.id, {"webhook_secret": made})
    return made


def _must_be_reachable(url: str, connector: SendsWebhooks) -> None:
    """Platforms call public https addresses; a store inside our own network calls anything."""
    store_url = cast(Connector, connector).store_url
    if url.startswith("https://") and urlsplit(url).hostname not in ("localhost", "127.0.0.1"):
        return
    if origin_of(store_url) in own_origins():
        return
    raise Refused(
        "The platform can only call a public https address. Until the shop has one (PUBLIC_URL), changes are read at "
        "the regular sync.",
        service="channels",
    )


def _lost(session: Session, door: Door, topics: list[str]) -> None:
    told = watching.record_loss(session, door.connection_id, topics)
    watching.ask_for_catch_up(session, door.connection_id)
    logger.warning("hooks lost", connection=door.connection_id, topics=topics[:20], losses=told.losses)
    if not told.must_tell:
        return
    request_letter(
        session,
        letter="merchant_failure",
        subject_key=f"channel-hooks:{door.connection_id}:{clock.now():%Y%m%d}",
        to_email=current_profile().merchant_email,
        facts={
            "what": f"{door.name[:80]} keeps forgetting to tell us of changes",
            "why": f"Its webhooks were gone, switched off or silent {told.losses} times within a day. Each time they "
            "were made again, and what was missed was read.",
            "hint": "See in its settings whether an app or a firewall removes webhooks or keeps them from reaching "
            f"{door.url}. Nothing is lost: the regular sync goes on.",
            "url": public_url(f"/admin/channels/{door.connection_id}"),
        },
    )
