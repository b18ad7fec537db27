"""What a try means for the delivery and for its endpoint: delivered, tried again later, given up, switched off."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.core import clock, durable
from shop.core.durable import Claim, WorkState
from shop.outbound.posting import Posted
from shop.webhook_delivery.endpoints import disable_endpoint, find_endpoint, secrets_of
from shop.webhook_delivery.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from shop.webhook_delivery.signing import headers_for

#: waits between tries, as the Standard Webhooks specification proposes: ten tries in a little over three days
WAITS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
JITTER = 0.1
LONGEST_WAIT = timedelta(days=1)  # of what Retry-After may ask for
FAILING_FOR = timedelta(days=5)  # without one success: then the endpoint is switched off
TRIES_BEFORE_OFF = 3
REST = timedelta(seconds=60)  # the others owed to an endpoint that does not answer
GONE = 410


@dataclass(frozen=True)
class Outgoing:
    """One claimed delivery, ready to be sent: nothing of it needs the database."""

    claim: Claim
    endpoint_id: int
    url: str
    key: str
    body: bytes
    secrets: tuple[str, ...]

    def headers(self) -> dict[str, str]:
        return headers_for(self.secrets, self.key, clock.now(), self.body)


def load_outgoing(session: Session, held: list[Claim]) -> list[Outgoing]:
    """What is to be sent for these claims. Rows of an endpoint that is switched off are finished as skipped."""
    by_id = {claim.id: claim for claim in held}
    rows = session.execute(
        select(WebhookDelivery.id, WebhookMessage.key, WebhookMessage.body, WebhookEndpoint)
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.id.in_(by_id))
        .order_by(WebhookDelivery.id)
        .execution_options(populate_existing=True)
    ).all()
    outgoing, now = [], clock.now()
    for delivery_id, key, body, endpoint in rows:
        claim = by_id[delivery_id]
        if not endpoint.is_enabled:
            durable.finish(session, WebhookDelivery, claim, outcome="skipped")
            continue
        secrets = tuple(secrets_of(endpoint, now))
        outgoing.append(Outgoing(claim, endpoint.id, endpoint.url, key, body.encode(), secrets))
    return outgoing


def record_attempt(session: Session, sent: Outgoing, posted: Posted) -> WebhookEndpoint | None:
    """Write one try down and what follows from it. Returns the endpoint when this try switched it off.

    Raises LostLease when another worker has taken the delivery over. The caller commits.
    """
    durable.hold(session, WebhookDelivery, sent.claim)
    session.add(
        WebhookAttempt(
            delivery_id=sent.claim.id,
            at=clock.now(),
            status=posted.status,
            took_ms=posted.took_ms,
            answer=posted.answer,
            problem=posted.problem,
        )
    )
    tries = session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == sent.claim.id)
        .values(tries=WebhookDelivery.tries + 1, last_status=posted.status)
        .returning(WebhookDelivery.tries)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    if posted.is_taken:
        durable.finish(session, WebhookDelivery, sent.claim, outcome="delivered")
        _note_success(session, sent.endpoint_id)
        return None
    _next_step(session, sent.claim, posted, tries)
    return _note_failure(session, sent.endpoint_id, posted, tries)


def next_try(tries: int, posted: Posted) -> datetime | None:
    """When to try again after the `tries`-th failure; None: never. What they ask for by Retry-After is the least."""
    if tries > len(WAITS) or posted.status == GONE:
        return None
    seconds = WAITS[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    due = clock.now() + timedelta(seconds=seconds)
    if posted.retry_at is not None:
        due = max(due, min(posted.retry_at, clock.now() + LONGEST_WAIT))
    return due


def why_not(posted: Posted) -> str:
    """The failure in one line."""
    if posted.status == GONE:
        return "It answered 410: it is gone for good."
    return posted.problem or f"It answered {posted.status}."


def _next_step(session: Session, claim: Claim, posted: Posted, tries: int) -> None:
    due = next_try(tries, posted)
    if due is None:
        durable.finish(session, WebhookDelivery, claim, outcome="failed")
    else:
        durable.postpone(session, WebhookDelivery, claim, why=why_not(posted), until=due)


def _note_success(session: Session, endpoint_id: int) -> None:
    """Written at most once a minute: a busy endpoint's row is not a queue for its deliveries."""
    now = clock.now()
    session.execute(
        update(WebhookEndpoint)
        .where(
            WebhookEndpoint.id == endpoint_id,
            WebhookEndpoint.failing_since.is_not(None)
            | WebhookEndpoint.last_success_at.is_(None)
            | (WebhookEndpoint.last_success_at < now - timedelta(minutes=1)),
        )
        .values(failing_since=None, last_success_at=now)
        .execution_options(synchronize_session=False)
    )


def _note_failure(session: Session, endpoint_id: int, posted: Posted, tries: int) -> WebhookEndpoint | None:
    endpoint = find_endpoint(session, endpoint_id, to_change=True)
    if endpoint is None or not endpoint.is_enabled:
        return None
    now = clock.now()
    endpoint.failing_since = endpoint.failing_since or now
    if posted.status == GONE:
        disable_endpoint(session, endpoint, why="It answered 410: it is gone for good.")
        return endpoint
    if now - endpoint.failing_since >= FAILING_FOR and tries >= TRIES_BEFORE_OFF:
        why = f"It has failed for {FAILING_FOR.days} days. The last time: {why_not(posted)}"
        disable_endpoint(session, endpoint, why=why)
        return endpoint
    if posted.status is None or posted.status == 429 or posted.status >= 500:
        _let_rest(session, endpoint_id, max(now + REST, min(posted.retry_at or now, now + LONGEST_WAIT)))
    return None


def _let_rest(session: Session, endpoint_id: int, until: datetime) -> None:
    """One slow endpoint must not hold up the others: what else is due for it waits, without using up a try."""
    waiting = (
        select(WebhookDelivery.id)
        .where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.work_state == WorkState.DUE,
            WebhookDelivery.due_at < until,
        )
        .where(WebhookDelivery.tries == 0)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(waiting))
        .values(due_at=until)
        .execution_options(synchronize_session=False)
    )
