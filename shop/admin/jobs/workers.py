"""Who works: the worker processes as Redis lists them, and what each does now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis import Redis

from shop.core import clock
from shop.core import redis as redis_door
from shop.core.queue import QUEUES

MOST_WORKERS = 60


@dataclass(frozen=True)
class Worker:
    """`doing`: since when it is at work; None: it waits."""

    name: str
    queue: str
    place: str  # "web-1, process 4711"
    beat: datetime | None
    doing: datetime | None
    born: datetime | None


@dataclass(frozen=True)
class Queue:
    """`rings`: kicks that no worker has taken yet. `workers` is None when Redis cannot be asked."""

    name: str
    rings: int | None
    workers: list[Worker] | None


def look_at_queues() -> list[Queue]:
    """Every queue. Redis away: the names alone."""
    seen = redis_door.attempt(_look)
    if seen is None:
        return [Queue(name, None, None) for name in QUEUES]
    rings, workers = seen
    return [Queue(name, rings[name], [w for w in workers if w.queue == name]) for name in QUEUES]


def _look(connection: Redis) -> tuple[dict[str, int], list[Worker]]:
    import rq
    from rq.serializers import JSONSerializer

    pipe = connection.pipeline(transaction=False)
    for name in QUEUES:
        pipe.llen(rq.Queue(name, connection=connection, serializer=JSONSerializer).key)
    rings = dict(zip(QUEUES, map(int, pipe.execute()), strict=True))
    found = rq.Worker.all(connection=connection, serializer=JSONSerializer)[:MOST_WORKERS]
    return rings, [_worker(one, name) for one in found for name in one.queue_names() if name in QUEUES]


def _worker(one: Any, queue: str) -> Worker:
    job = one.get_current_job() if one.get_state() == "busy" else None
    place = ", ".join(part for part in (one.hostname, f"process {one.pid}" if one.pid else "") if part)
    doing = _utc(job.started_at or job.enqueued_at) if job is not None else None
    return Worker(one.name, queue, place, _utc(one.last_heartbeat), doing, _utc(one.birth_date))


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=clock.now().tzinfo)
