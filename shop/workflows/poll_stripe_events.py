"""Read Stripe's event log and store what no webhook brought. The same rows, the same workflows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from shop.core import clock
from shop.core.settings import current_settings
from shop.core.transaction import release_connection, transaction
from shop.extensions import db
from shop.inbound.models import Cursor
from shop.inbound.storing import store_events
from shop.payments.gateway import GatewayEvent
from shop.payments.stripe_gateway import gateway
from shop.workflows.reactions import STRIPE

NAME = "stripe:events"
OVERLAP_SECONDS = 600  # events appear a little late, and clocks differ
FIRST_LOOK_SECONDS = 3 * 86400


def run() -> int:
    """Returns how many events were new. Raises OutsideError kinds. A repeat stores nothing twice."""
    if not current_settings().stripe_secret_key:
        return 0
    stored = db.session.execute(select(Cursor.value).where(Cursor.name == NAME)).scalar()
    now = int(clock.now().timestamp())
    since = int(stored) - OVERLAP_SECONDS if stored else now - FIRST_LOOK_SECONDS
    new, newest = 0, int(stored) if stored else now
    release_connection()
    for events in gateway().list_events(since, list(STRIPE)):
        newest = max([newest, *(e.created for e in events)])
        with transaction() as session:
            new += store_events(session, [_row(e) for e in events])
        release_connection()
    with transaction() as session:  # only now: an outage in the middle of the list begins it again
        cursor = insert(Cursor).values(name=NAME, value=str(newest))
        session.execute(cursor.on_conflict_do_update(index_elements=["name"], set_={"value": cursor.excluded.value}))
    return new


def _row(event: GatewayEvent) -> dict[str, Any]:
    return {
        "source": "stripe",
        "external_id": event.event_id,
        "topic": event.topic,
        "subject_id": event.subject_id,
        "payload": event.payload,
        "found_by": "poller",
    }
