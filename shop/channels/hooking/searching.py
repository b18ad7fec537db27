"""What a connection's page tells of its webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.channels.hooking.models import ChannelEvent, ChannelSubscription, ChannelWatch
from shop.channels.hooking.watching import find_watch
from shop.core import clock

NEWEST = 10


@dataclass(frozen=True)
class HookFacts:
    """`told`, `waiting`, `parked`: calls of the last 24 hours, and what is not worked through."""

    watch: ChannelWatch | None
    subscriptions: Sequence[ChannelSubscription]
    told: int
    waiting: int
    parked: int
    last_at: datetime | None
    newest: Sequence[Any]


def hook_facts(session: Session, connection_id: int) -> HookFacts:
    """Four statements, whatever there is."""
    of_it = ChannelEvent.connection_id == connection_id
    subscriptions = session.execute(
        select(ChannelSubscription)
        .where(ChannelSubscription.connection_id == connection_id)
        .order_by(ChannelSubscription.topic)
    )
    told, last_at = session.execute(
        select(func.count(), func.max(ChannelEvent.received_at)).where(
            of_it, ChannelEvent.received_at >= clock.now() - timedelta(days=1)
        )
    ).one()
    waiting, parked = session.execute(
        select(
            func.count().filter(ChannelEvent.work_state != "parked"),
            func.count().filter(ChannelEvent.work_state == "parked"),
        ).where(of_it, ChannelEvent.work_state.in_(["due", "working", "parked"]))
    ).one()
    newest = session.execute(
        select(
            ChannelEvent.id, ChannelEvent.topic, ChannelEvent.subject_id, ChannelEvent.received_at,
            ChannelEvent.work_state, ChannelEvent.outcome, ChannelEvent.error_text,
        )
        .where(of_it)
        .order_by(ChannelEvent.received_at.desc())
        .limit(NEWEST)
    ).all()  # fmt: skip
    watch = find_watch(session, connection_id)
    return HookFacts(watch, subscriptions.scalars().all(), told, waiting, parked, last_at, newest)
