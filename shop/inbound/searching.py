"""The log of what came in: a page of stored events, one of them, and running one again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.queue import JobName, enqueue_after_commit
from shop.errors import Conflict, NotFound
from shop.inbound.models import InboundEvent


@dataclass(frozen=True)
class Asked:
    """`words`: their event id, or the outside id it is about; `subjects`: outside ids that were found for them.
    `before`: the id where the page before ended."""

    source: str = ""
    topic: str = ""
    state: str = ""
    words: str = ""
    subjects: tuple[str, ...] = ()
    before: int | None = None


def search_events(session: Session, asked: Asked, sources: Collection[str], limit: int) -> Sequence[Any]:
    """Newest first, without payloads; `payment_id` is Stripe's, where the event names one. One statement."""
    query = (
        select(
            InboundEvent.id,
            InboundEvent.source,
            InboundEvent.external_id,
            InboundEvent.topic,
            InboundEvent.subject_id,
            InboundEvent.received_at,
            InboundEvent.finished_at,
            InboundEvent.found_by,
            InboundEvent.work_state,
            InboundEvent.attempts,
            InboundEvent.error_text,
            InboundEvent.payload["data"]["object"]["payment_intent"].astext.label("payment_id"),
        )
        .order_by(InboundEvent.id.desc())
        .limit(limit)
    )
    if asked.source:
        query = query.where(InboundEvent.source == asked.source)
    if asked.topic:
        query = query.where(InboundEvent.topic == asked.topic)
    if asked.state:
        query = query.where(InboundEvent.work_state == asked.state)
    if asked.words:
        by_id = InboundEvent.source.in_(sources) & (InboundEvent.external_id == asked.words)
        query = query.where(or_(by_id, InboundEvent.subject_id.in_([asked.words, *asked.subjects])))
    if asked.before is not None:
        query = query.where(InboundEvent.id < asked.before)
    return session.execute(query).all()


def find_event(session: Session, event_id: int) -> InboundEvent | None:
    return session.execute(
        select(InboundEvent).where(InboundEvent.id == event_id).execution_options(populate_existing=True)
    ).scalar_one_or_none()


def run_again(session: Session, event_id: int) -> None:
    """Due again, now, with fresh attempts: workflows ask the provider for the truth, so a repeat does no harm.

    Raises NotFound, Conflict while a worker has it. The caller commits.
    """
    moved = session.execute(
        update(InboundEvent)
        .where(InboundEvent.id == event_id, InboundEvent.work_state != "working")
        .values(
            work_state="due",
            due_at=clock.now(),
            attempts=0,
            finished_at=None,
            error_kind=None,
            error_text=None,
        )
        .returning(InboundEvent.id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        if find_event(session, event_id) is None:
            raise NotFound("There is no such event.")
        raise Conflict("It is being worked on at this moment.")
    enqueue_after_commit(session, JobName.DRAIN_INBOUND)
