"""What we know of the subscriptions of a connection: written down after each look, and counted when one was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.channels.hooking.models import ChannelEvent, ChannelSubscription, ChannelWatch
from shop.channels.syncing.models import SyncSetting
from shop.core import clock

REMEMBERED = timedelta(days=1)
LOST_OFTEN = 3  # within a day: then the merchant hears of it, once a day


@dataclass(frozen=True)
class Told:
    """How often a connection lost a subscription within a day, and whether its merchant must hear of it now."""

    losses: int
    must_tell: bool


def find_watch(session: Session, connection_id: int) -> ChannelWatch | None:
    return session.execute(
        select(ChannelWatch)
        .where(ChannelWatch.connection_id == connection_id)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def known_subscriptions(session: Session, connection_id: int) -> dict[str, str]:
    """Topic → their id, as it was last written down."""
    rows = session.execute(
        select(ChannelSubscription.topic, ChannelSubscription.external_id).where(
            ChannelSubscription.connection_id == connection_id
        )
    )
    return {row.topic: row.external_id for row in rows}


def record_standing(session: Session, connection_id: int, url: str, standing: Mapping[str, str]) -> None:
    """They stand there as `standing` says, at this address, from now. The caller commits."""
    now = clock.now()
    _write(session, connection_id, url=url, state="on", problem="", checked_at=now)
    session.execute(
        delete(ChannelSubscription).where(
            ChannelSubscription.connection_id == connection_id, ChannelSubscription.topic.not_in(list(standing))
        )
    )
    for topic, external_id in standing.items():
        session.execute(
            insert(ChannelSubscription)
            .values(connection_id=connection_id, topic=topic[:80], external_id=external_id[:160], made_at=now)
            .on_conflict_do_update(
                index_elements=["connection_id", "topic"],
                set_={"external_id": external_id[:160], "made_at": now},
                where=ChannelSubscription.external_id != external_id[:160],
            )
        )


def record_problem(session: Session, connection_id: int, problem: str) -> None:
    """They could not be asked for, or made. The caller commits."""
    _write(session, connection_id, state="failing", problem=problem[:500], checked_at=clock.now())


def record_off(session: Session, connection_id: int) -> None:
    """Taken away by us. The caller commits."""
    session.execute(delete(ChannelSubscription).where(ChannelSubscription.connection_id == connection_id))
    _write(session, connection_id, state="off", problem="", checked_at=clock.now())


def record_loss(session: Session, connection_id: int, topics: list[str]) -> Told:
    """These were found gone, disabled or silent; one loss, however many topics. The caller commits."""
    watch, now = find_watch(session, connection_id), clock.now()
    if watch is None:
        return Told(0, False)
    since = now - REMEMBERED
    watch.lost_at = [at for at in watch.lost_at if datetime.fromisoformat(at) > since] + [now.isoformat()]
    session.execute(
        update(ChannelSubscription)
        .where(ChannelSubscription.connection_id == connection_id, ChannelSubscription.topic.in_(topics))
        .values(losses=ChannelSubscription.losses + 1, lost_at=now)
        .execution_options(synchronize_session=False)
    )
    must_tell = len(watch.lost_at) >= LOST_OFTEN and (watch.told_at is None or watch.told_at <= since)
    if must_tell:
        watch.told_at = now
    return Told(len(watch.lost_at), must_tell)


def ask_for_catch_up(session: Session, connection_id: int) -> int:
    """What was not told meanwhile is read by an incremental sync of everything that is kept in step, now instead of at
    its next hour. Returns of how many kinds. The caller commits."""
    result = session.execute(
        update(SyncSetting)
        .where(SyncSetting.connection_id == connection_id, SyncSetting.is_on)
        .values(next_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def made_at(session: Session, connection_id: int) -> datetime | None:
    """When the newest of them was made."""
    return session.execute(
        select(func.max(ChannelSubscription.made_at)).where(ChannelSubscription.connection_id == connection_id)
    ).scalar()


def last_told(session: Session, connection_id: int, about: str) -> datetime | None:
    """When the platform last told of something of this kind ("product")."""
    return session.execute(
        select(func.max(ChannelEvent.received_at)).where(
            ChannelEvent.connection_id == connection_id, ChannelEvent.topic.startswith(f"{about}.", autoescape=True)
        )
    ).scalar()


def _write(session: Session, connection_id: int, **values: Any) -> None:
    session.execute(
        insert(ChannelWatch)
        .values(connection_id=connection_id, **values)
        .on_conflict_do_update(index_elements=["connection_id"], set_=values)
    )
