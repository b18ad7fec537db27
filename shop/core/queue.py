"""Kicks. RQ only says "there is something to do"; the committed row is the work.

A kick leaves after the commit. One pending kick per queue is enough, since the job drains every due row;
the flag is cleared by the job before it looks, so a row committed later kicks again. A lost kick costs
seconds: the ticker finds due rows (jobs/sweep.py).
"""

from __future__ import annotations

from enum import StrEnum

from flask import current_app
from redis import Redis
from sqlalchemy import event
from sqlalchemy.orm import Session

from shop.core import redis as redis_door
from shop.core.scope import current_store, scoped_key

_FLAG_SECONDS = 15


class JobName(StrEnum):
    """Every job by its import path; a test resolves each."""

    DRAIN_INBOUND = "jobs.inbound.drain"
    DRAIN_FULFILMENT = "jobs.fulfilment.drain"
    DRAIN_EMAIL = "jobs.email.drain"
    DRAIN_PAYMENTS = "jobs.payments.drain"
    DRAIN_DISPUTES = "jobs.disputes.drain"
    DRAIN_PICTURES = "jobs.catalog.drain_pictures"
    DELIVER_WEBHOOKS = "jobs.webhook_delivery.drain"
    REFRESH_CATALOG = "jobs.catalog.refresh"
    DRAIN_NEW_PRODUCTS = "jobs.catalog.drain_new_products"
    DRAIN_PRIVACY = "jobs.privacy.drain"
    RUN_CHANGES = "jobs.catalog.run_changes"
    TELL_WATCHERS = "jobs.subscribers.tell_watchers"
    REMIND_OF_CARTS = "jobs.subscribers.remind_of_carts"
    SEND_CAMPAIGNS = "jobs.subscribers.send_campaigns"
    DRAIN_RETURNS = "jobs.returns.drain"
    DRAIN_WITHDRAWALS = "jobs.returns.drain_withdrawals"
    RUN_AUTOMATIONS = "jobs.automations.drain"
    DRAIN_CHANNEL_EVENTS = "jobs.channel_hooks.drain"
    DRAIN_SYNC = "jobs.channels.drain_sync"
    PULL_CHANNEL_ORDERS = "jobs.channel_orders.pull"
    DRAIN_CHANNEL_ORDERS = "jobs.channel_orders.drain"
    DRAIN_CHANNEL_PUSHES = "jobs.channel_orders.push"
    DRAIN_CARD_MOVES = "jobs.channel_codes.drain_card_moves"
    DRAIN_FILE_IMPORTS = "jobs.channel_files.drain"


QUEUE_OF: dict[JobName, str] = {
    JobName.DRAIN_INBOUND: "inbound",
    JobName.DRAIN_FULFILMENT: "fulfilment",
    JobName.DRAIN_EMAIL: "email",
    JobName.DRAIN_PAYMENTS: "fulfilment",
    JobName.DRAIN_DISPUTES: "fulfilment",
    JobName.DRAIN_PICTURES: "pictures",
    JobName.DELIVER_WEBHOOKS: "webhooks",
    JobName.REFRESH_CATALOG: "catalog",
    JobName.DRAIN_NEW_PRODUCTS: "fulfilment",
    JobName.DRAIN_PRIVACY: "catalog",
    JobName.RUN_CHANGES: "catalog",
    JobName.TELL_WATCHERS: "email",
    JobName.REMIND_OF_CARTS: "email",
    JobName.SEND_CAMPAIGNS: "email",
    JobName.DRAIN_RETURNS: "fulfilment",
    JobName.DRAIN_WITHDRAWALS: "fulfilment",
    JobName.RUN_AUTOMATIONS: "webhooks",
    JobName.DRAIN_CHANNEL_EVENTS: "channels",
    JobName.DRAIN_SYNC: "sync",
    JobName.PULL_CHANNEL_ORDERS: "sync",
    JobName.DRAIN_CHANNEL_ORDERS: "channels",
    JobName.DRAIN_CHANNEL_PUSHES: "channels",
    JobName.DRAIN_CARD_MOVES: "channels",
    JobName.DRAIN_FILE_IMPORTS: "sync",
}
QUEUES = ("inbound", "fulfilment", "email", "catalog", "pictures", "webhooks", "channels", "sync")
_SECONDS_ALLOWED = {"catalog": 1800, "pictures": 1800, "sync": 1800}


def enqueue_after_commit(session: Session, name: JobName) -> None:
    """Kick `name` once this session's transaction has committed."""
    session.info.setdefault("kicks", set()).add(name)


def kick(name: JobName) -> None:
    """Say now that there is work. Never raises: Redis may be absent."""
    redis_door.attempt(lambda r: _send(r, name))


def kicked(name: JobName) -> None:
    """Called by the job before it looks for rows: later commits kick again."""
    redis_door.attempt(lambda r: r.delete(scoped_key("kick", name)))


def _send(r: Redis, name: JobName) -> None:
    if not r.set(scoped_key("kick", name), b"1", nx=True, ex=_FLAG_SECONDS):
        return
    from rq import Queue
    from rq.serializers import JSONSerializer

    queue = Queue(QUEUE_OF[name], connection=r, serializer=JSONSerializer)
    queue.enqueue_call(
        name.value,
        kwargs={"store": current_store()},
        timeout=_SECONDS_ALLOWED.get(QUEUE_OF[name], 300),
        result_ttl=0,
        failure_ttl=86400,
        retry=None,
    )


@event.listens_for(Session, "after_commit")
def _leave(session: Session) -> None:
    if session.in_nested_transaction():  # also fires when a SAVEPOINT is released
        return
    for name in session.info.pop("kicks", ()):
        if current_app:
            kick(name)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop("kicks", None)
