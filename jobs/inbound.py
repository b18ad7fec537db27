"""Work through stored webhook events, in batches.

Events about the same thing are one piece of work: the workflow asks the provider for the truth once, whatever the
number, order or repetition of the events.
"""

from __future__ import annotations

import time

from jobs.base import DRAIN_SECONDS, job, keep_alive, lease_of_work, must_stop, out_of_time, settle
from shop.core import durable, log
from shop.core.durable import Claim, LostLease
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.extensions import db
from shop.inbound.models import InboundEvent
from shop.workflows.reactions import Reaction, group_events

logger = log.get_logger("jobs.inbound")
BATCH = 500


@job(JobName.DRAIN_INBOUND)
def drain() -> int:
    handled = 0
    lease, stop_at = lease_of_work(), time.monotonic() + DRAIN_SECONDS
    while not out_of_time(stop_at):
        with transaction() as session:
            held = durable.claim(session, InboundEvent, BATCH, lease)
            if not held:
                break
            reactions, settled = group_events(session, held)
            durable.finish_many(session, InboundEvent, settled)
        handled += len(settled)
        for reaction, claims in keep_alive(InboundEvent, list(reactions.items()), lease, stop_at):
            react(reaction, claims)
            handled += len(claims)
    return handled


def react(reaction: Reaction, claims: list[Claim]) -> None:
    """Run one workflow for all events about one thing; its error becomes the next step of each of them."""
    log.bind(topic=reaction.topic, subject=reaction.subject_id)
    try:
        db.session.expire_all()
        reaction.run()
        with transaction() as session:
            durable.finish_many(session, InboundEvent, claims)
    except LostLease:
        logger.info("lease lost, nothing written")
    except Exception as error:
        db.session.rollback()
        if must_stop(error):
            raise
        for claim in claims:
            settle(InboundEvent, claim, error)
