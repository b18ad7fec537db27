"""Every ten minutes each connected platform is asked for our subscriptions, and whether they still speak.

Platforms remove or disable a subscription after some failed calls and say nothing (contracts/shopify.md §9,
woocommerce.md §8), and some go silent. A lost one is made again, and what it would have told is read by a sync.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from shop.channels import registry
from shop.channels.connector import Page, PullsProducts, ReportsOrders, SendsWebhooks
from shop.channels.hooking import watching
from shop.channels.hooking.models import ChannelWatch
from shop.channels.models import Connection
from shop.channels.records import Unreadable
from shop.core import clock, log
from shop.core.transaction import release_connection, transaction
from shop.errors import ShopError
from shop.workflows.channel_hooks import ensure_webhooks, make_anew

logger = log.get_logger("channels.hooks")
PATIENCE = timedelta(minutes=5)  # how late a call may come before it counts as missing
LOOK_BACK = timedelta(minutes=30)
SLACK = timedelta(minutes=1)  # between their clock and ours
REST = timedelta(hours=1)  # between two makings anew where that did not help before


def run() -> int:
    """Returns how many connections had lost something. One that cannot be asked does not stop the others."""
    registry.load()
    with transaction() as session:
        rows = session.execute(
            select(Connection.id, Connection.channel).where(Connection.status == "active").order_by(Connection.id)
        ).all()
    lost = 0
    for connection_id, channel in rows:
        if not registry.can(channel, SendsWebhooks):
            continue
        try:
            lost += bool(look_after(connection_id))
        except ShopError as error:
            logger.warning("hooks not looked after", connection=connection_id, why=error.user_message[:200])
    return lost


def look_after(connection_id: int) -> bool:
    """One connection: True when something was lost, and made again. Raises as its connector."""
    if ensure_webhooks(connection_id):
        return True
    if not _is_silent(connection_id):
        return False
    make_anew(connection_id)
    return True


def _is_silent(connection_id: int) -> bool:
    """Something changed there a while ago, and no call came since then."""
    with transaction() as session:
        connection = session.get(Connection, connection_id)
        watch = watching.find_watch(session, connection_id)
        if connection is None or watch is None or _rests(watch):
            return False
        since = clock.now() - LOOK_BACK
        topics = [topic.lower() for topic in watching.known_subscriptions(session, connection_id)]
        made_at = watching.made_at(session, connection_id)
        connector = registry.connector_of(connection)
    release_connection()
    if made_at is not None:
        since = max(since, made_at)
    asked: list[tuple[str, Callable[[datetime | None, str], Page[Any]]]] = []
    if isinstance(connector, PullsProducts):
        asked.append(("product", connector.pull_products))
    if isinstance(connector, ReportsOrders):
        asked.append(("order", connector.pull_orders))
    return any(
        _says_nothing(connection_id, about, pull(since, ""), since)
        for about, pull in asked
        if any(about in topic for topic in topics)
    )


def _says_nothing(connection_id: int, about: str, page: Page[Any], since: datetime) -> bool:
    until = clock.now() - PATIENCE
    times = [r.updated_at for r in page.records if not isinstance(r, Unreadable) and r.updated_at is not None]
    changed = max((at for at in times if since <= at <= until), default=None)
    if changed is None:
        return False
    with transaction() as session:
        told = watching.last_told(session, connection_id, about)
    return told is None or told < changed - SLACK


def _rests(watch: ChannelWatch) -> bool:
    """It was made anew often enough within a day: from now on once an hour."""
    if len(watch.lost_at) < watching.LOST_OFTEN:
        return False
    return datetime.fromisoformat(watch.lost_at[-1]) > clock.now() - REST
