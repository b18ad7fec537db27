"""What a platform told by webhook is read there and applied. One table to read: what a topic is about → who reads it.

An event is only a hint that something about a thing changed: the reader asks the platform for the thing as it is now.
So all waiting events about one thing are one reading, and the order of their arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from shop.channels.hooking.models import ChannelEvent, ChannelWatch
from shop.channels.models import Connection
from shop.channels.tokens import mark_reconnect
from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.transaction import transaction
from shop.workflows.accept_told_order import read_told_order
from shop.workflows.sync_channel import pull_one

#: (connection id, their id of the thing) → what came of it, in words
Reader = Callable[[int, str], str]
#: what a topic begins with → who reads that thing
READERS: dict[str, Reader] = {
    "product": lambda connection_id, subject_id: pull_one(connection_id, "products", subject_id),
    "customer": lambda connection_id, subject_id: pull_one(connection_id, "customers", subject_id),
    "order": read_told_order,
}
GONE = "disconnected"
ASLEEP = {
    "paused": "paused: the next sync reads it",
    "reconnect": "waits for the merchant: the next sync reads it",
    "disconnected": "disconnected",
}


@dataclass(frozen=True)
class Reading:
    """One thing on one connection, to be read there."""

    connection_id: int
    about: str  # product | customer | order | disconnected
    subject_id: str

    def run(self) -> str:
        """What came of it. Raises as the reader does."""
        if self.about == GONE:
            mark_reconnect(self.connection_id, "Our app was taken away on the platform. Connect again.")
            return "the connection waits for the merchant"
        return READERS[self.about](self.connection_id, self.subject_id)


def group_events(session: Session, held: Sequence[Claim]) -> tuple[dict[Reading, list[Claim]], dict[str, list[Claim]]]:
    """(what to read → the claims it settles, why nothing is to be done → claims)."""
    by_id = {claim.id: claim for claim in held}
    rows = session.execute(
        select(
            ChannelEvent.id, ChannelEvent.connection_id, ChannelEvent.topic, ChannelEvent.subject_id, Connection.status
        )
        .join(Connection, Connection.id == ChannelEvent.connection_id)
        .where(ChannelEvent.id.in_(by_id))
        .order_by(ChannelEvent.id)
    ).all()
    readings: dict[Reading, list[Claim]] = {}
    nothing: dict[str, list[Claim]] = {}
    for row in rows:
        about = row.topic.partition(".")[0]
        if row.status in ASLEEP:
            nothing.setdefault(ASLEEP[row.status], []).append(by_id[row.id])
        elif about == GONE or (about in READERS and row.subject_id):
            subject = "" if about == GONE else row.subject_id
            readings.setdefault(Reading(row.connection_id, about, subject), []).append(by_id[row.id])
        else:
            nothing.setdefault("nothing to do", []).append(by_id[row.id])
    return readings, nothing


def settle_events(session: Session, claims: Sequence[Claim], outcome: str) -> None:
    """Done, each with what came of it; words that were kept to be applied are let go. The caller commits."""
    if not claims:
        return
    session.execute(
        update(ChannelEvent)
        .where(tuple_(ChannelEvent.id, ChannelEvent.fence).in_([(c.id, c.fence) for c in claims]))
        .values(outcome=outcome[:200], payload=None)
        .execution_options(synchronize_session=False)
    )
    durable.finish_many(session, ChannelEvent, claims)


def note_deliveries(session: Session, held: Sequence[Claim]) -> None:
    """When a platform was last heard of, for the watch. The caller commits."""
    told = (
        select(ChannelEvent.connection_id).where(ChannelEvent.id.in_([c.id for c in held])).distinct().scalar_subquery()
    )
    session.execute(
        update(ChannelWatch)
        .where(ChannelWatch.connection_id.in_(told))
        .values(last_delivery_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def read_and_settle(reading: Reading, claims: list[Claim]) -> None:
    """Raises as the reader does; then nothing is settled."""
    outcome = reading.run()
    with transaction() as session:
        settle_events(session, claims, outcome)
