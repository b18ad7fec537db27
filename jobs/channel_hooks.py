"""Work through what connected platforms told, in batches: one reading for all that is about the same thing."""

from __future__ import annotations

import time

from jobs.base import DRAIN_SECONDS, job, keep_alive, lease_of_work, must_stop, out_of_time, settle
from shop.channels.hooking.models import ChannelEvent
from shop.core import durable, log
from shop.core.durable import Claim, LostLease
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.errors import NeedsReconnect, NotFound
from shop.extensions import db
from shop.workflows.apply_hooks import Reading, group_events, note_deliveries, read_and_settle, settle_events

logger = log.get_logger("jobs.channel_hooks")
BATCH = 200


@job(JobName.DRAIN_CHANNEL_EVENTS)
def drain() -> int:
    handled = 0
    lease, stop_at = lease_of_work(), time.monotonic() + DRAIN_SECONDS
    while not out_of_time(stop_at):
        with transaction() as session:
            held = durable.claim(session, ChannelEvent, BATCH, lease)
            if not held:
                break
            readings, nothing = group_events(session, held)
            for why, claims in nothing.items():
                settle_events(session, claims, why)
                handled += len(claims)
            note_deliveries(session, held)
        for reading, claims in keep_alive(ChannelEvent, list(readings.items()), lease, stop_at):
            read(reading, claims)
            handled += len(claims)
    return handled


def read(reading: Reading, claims: list[Claim]) -> None:
    """Read one thing for all events about it; an error becomes the next step of each of them."""
    log.bind(connection=reading.connection_id, about=reading.about, subject=reading.subject_id)
    try:
        db.session.expire_all()
        read_and_settle(reading, claims)
    except LostLease:
        logger.info("lease lost, nothing written")
    except (NeedsReconnect, NotFound) as error:  # the connection itself; its merchant is told, and a pull catches up
        db.session.rollback()
        with transaction() as session:
            settle_events(session, claims, str(error.user_message))
    except Exception as error:
        db.session.rollback()
        if must_stop(error):
            raise
        for claim in claims:
            settle(ChannelEvent, claim, error)
