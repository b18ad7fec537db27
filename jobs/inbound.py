"""Work through stored webhook events, in batches.

Events about the same thing are one piece of work: the workflow asks the provider for the truth once, whatever the
number, order or repetition of the events.
"""

from __future__ import annotations

from jobs.base import job, settle
from shop.core import durable, log
from shop.core.durable import Claim, LostLease
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.inbound.models import InboundEvent
from shop.workflows.reactions import Reaction, group_events

logger = log.get_logger("jobs.inbound")
BATCH = 500


@job(JobName.DRAIN_INBOUND)
def drain() -> int:
    handled = 0
    while True:
        with transaction() as session:
            held = durable.claim(session, InboundEvent, BATCH, lease_seconds=300)
            if not held:
                return handled
            reactions, settled = group_events(session, held)
            durable.finish_many(session, InboundEvent, settled)
        for reaction, claims in reactions.items():
            react(reaction, claims)
        handled += len(held)


def react(reaction: Reaction, claims: list[Claim]) -> None:
    """Run one workflow for all events about one thing; its error becomes the next step of each of them."""
    log.bind(topic=reaction.topic, subject=reaction.subject_id)
    try:
        reaction.run()
        with transaction() as session:
            durable.finish_many(session, InboundEvent, claims)
    except LostLease:
        logger.info("lease lost, nothing written")
    except Exception as error:  # noqa: BLE001  (becomes the row's next step)
        for claim in claims:
            settle(InboundEvent, claim, error)
