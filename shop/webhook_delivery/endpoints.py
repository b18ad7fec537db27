"""Who hears of what: endpoints are listed, added, changed, given a new secret, and removed. The caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config import Config
from shop.core import clock
from shop.errors import Conflict, InvalidInput, Refused
from shop.outbound.addresses import check_address, origin_of
from shop.webhook_delivery.events import EVENTS
from shop.webhook_delivery.models import WebhookDelivery, WebhookEndpoint
from shop.webhook_delivery.signing import new_secret

MOST_ENDPOINTS = 20
LONGEST_URL, LONGEST_DESCRIPTION = 1000, 200
OVERLAP = timedelta(hours=24)  # after a rotation both secrets sign


def list_endpoints(session: Session) -> list[WebhookEndpoint]:
    """All of them (there are at most MOST_ENDPOINTS), oldest first."""
    return list(session.execute(select(WebhookEndpoint).order_by(WebhookEndpoint.id)).scalars())


def find_endpoint(session: Session, endpoint_id: int, to_change: bool = False) -> WebhookEndpoint | None:
    query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one_or_none()


def add_endpoint(session: Session, *, url: str, events: Sequence[str], description: str = "") -> WebhookEndpoint:
    """A new endpoint with a secret of its own. Raises InvalidInput (fields url, events, description), or Conflict
    when there are too many. Call `check_url` first, outside the transaction: it asks the name servers."""
    count = session.execute(select(func.count()).select_from(WebhookEndpoint)).scalar_one()
    if count >= MOST_ENDPOINTS:
        raise Conflict(f"There are {count} endpoints already; {MOST_ENDPOINTS} is the most. Delete one first.")
    endpoint = WebhookEndpoint(
        url=read_url(url),
        events=read_events(events),
        description=read_description(description),
        secret=new_secret(),
        created_at=clock.now(),
    )
    session.add(endpoint)
    session.flush()
    return endpoint


def change_endpoint(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
    is_enabled: bool | None = None,
) -> None:
    """What is None stays. A repeat changes nothing. Raises InvalidInput. Switched off: what was owed is not sent."""
    if url is not None:
        endpoint.url = read_url(url)
    if events is not None:
        endpoint.events = read_events(events)
    if description is not None:
        endpoint.description = read_description(description)
    if is_enabled is True and not endpoint.is_enabled:
        endpoint.is_enabled, endpoint.disabled_why, endpoint.failing_since = True, "", None
    elif is_enabled is False and endpoint.is_enabled:
        disable_endpoint(session, endpoint, why="")
    session.flush()


def disable_endpoint(session: Session, endpoint: WebhookEndpoint, *, why: str) -> None:
    """Nothing is sent any more. What is owed is marked as skipped, and may be replayed later."""
    endpoint.is_enabled, endpoint.disabled_why = False, why[:300]
    session.flush()
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.work_state.in_(["due", "parked"]))
        .values(work_state="done", outcome="skipped", finished_at=clock.now(), error_text=None, error_kind=None)
        .execution_options(synchronize_session=False)
    )


def rotate_secret(session: Session, endpoint: WebhookEndpoint, *, at_once: bool = False) -> str:
    """A new secret, returned. The one before signs beside it for a day, unless `at_once` (it leaked).

    Raises Conflict while an earlier rotation still overlaps: a second press would cut the first secret off.
    """
    now = clock.now()
    if not at_once and endpoint.old_secret_until is not None and endpoint.old_secret_until > now:
        until = f"{endpoint.old_secret_until:%d %b, %H:%M} UTC"
        raise Conflict(f"The secret was changed already; the one before it signs until {until}.")
    endpoint.old_secret = None if at_once else endpoint.secret
    endpoint.old_secret_until = None if at_once else now + OVERLAP
    endpoint.secret = new_secret()
    session.flush()
    return endpoint.secret


def remove_endpoint(session: Session, endpoint: WebhookEndpoint) -> None:
    """Gone, with its log. Messages stay for the others."""
    session.delete(endpoint)
    session.flush()


def secrets_of(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """What signs now, newest first."""
    still = endpoint.old_secret_until is not None and endpoint.old_secret_until > now
    return [endpoint.secret, endpoint.old_secret] if still and endpoint.old_secret else [endpoint.secret]


def check_url(url: str) -> str:
    """The address, cleaned, once its name leads to public addresses only. Raises InvalidInput(url).

    Asks the name servers: not inside a transaction. It is checked again, and pinned, at every delivery.
    """
    cleaned = read_url(url)
    try:
        check_address(cleaned, own_origins())
    except Refused as error:
        raise InvalidInput(fields={"url": error.user_message.replace("not fetched", "not called")}) from error
    return cleaned


def read_url(url: str) -> str:
    """https on its usual port; http only for an origin that a setting names. Raises InvalidInput(url)."""
    cleaned = url.strip()
    if not cleaned:
        raise InvalidInput(fields={"url": "The address is missing."})
    if len(cleaned) > LONGEST_URL:
        raise InvalidInput(fields={"url": f"The address is too long: at most {LONGEST_URL} characters."})
    if not cleaned.isascii() or any(ord(sign) < 33 or sign in '\\"<>^`{|}\x7f' for sign in cleaned):
        raise InvalidInput(fields={"url": "The address holds signs that do not belong into one."})
    if origin_of(cleaned) and origin_of(cleaned) in own_origins():
        return cleaned
    try:
        parts = urlsplit(cleaned)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme != "https" or not host or parts.username or parts.password or parts.fragment:
        raise InvalidInput(fields={"url": "Write an address like https://example.com/webhooks."})
    if port not in (None, 443):
        raise InvalidInput(fields={"url": "Only the usual port of https is called: leave the port out."})
    return cleaned


def read_events(events: Sequence[str]) -> list[str]:
    """In the order of EVENTS, each once. Raises InvalidInput(events)."""
    if not events:
        raise InvalidInput(fields={"events": "Choose at least one event."})
    unknown = [event for event in events if event not in EVENTS]
    if unknown:
        raise InvalidInput(fields={"events": f"There is no event {str(unknown[0])[:60]!r}."})
    return [event for event in EVENTS if event in events]


def read_description(description: str) -> str:
    cleaned = " ".join(description.replace("\0", " ").split())
    if len(cleaned) > LONGEST_DESCRIPTION:
        raise InvalidInput(
            fields={"description": f"The description is too long: at most {LONGEST_DESCRIPTION} characters."}
        )
    return cleaned


def own_origins() -> tuple[str, ...]:
    """Origins that may be called without https and inside our network: the sandbox, by a setting; else none."""
    config: Config = current_app.config["IMPRINT"]
    return tuple(origin for origin in map(origin_of, config.webhook_origins) if origin)
