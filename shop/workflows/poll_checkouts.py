"""Look at payment pages that no webhook has settled: a lost webhook costs minutes, never an order."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select, update

from shop.checkout.models import Checkout
from shop.core import clock, log
from shop.core.transaction import transaction
from shop.errors import OutsideError
from shop.promotions.reserving import release
from shop.workflows.complete_checkout import settle_session

logger = log.get_logger("poll")
OPEN_EVERY = timedelta(minutes=2)
PROCESSING_EVERY = timedelta(minutes=5)
AT_MOST = 50


def run() -> int:
    """Settle what is due for a look; returns how many were looked at."""
    now = clock.now()
    with transaction() as session:
        never_made = session.execute(  # never got a page: nobody can pay it
            update(Checkout)
            .where(Checkout.status == "creating", Checkout.session_id.is_(None), Checkout.expires_at < now)
            .values(status="expired")
            .returning(Checkout.id)
        ).scalars()
        release(session, list(never_made))
        due = session.execute(
            select(Checkout.id, Checkout.session_id)
            .where(
                or_(
                    (Checkout.status == "open") & (Checkout.polled_at < now - OPEN_EVERY),
                    (Checkout.status == "processing") & (Checkout.polled_at < now - PROCESSING_EVERY),
                ),
                Checkout.session_id.is_not(None),
            )
            .order_by(Checkout.polled_at)
            .limit(AT_MOST)
        ).all()
        session.execute(update(Checkout).where(Checkout.id.in_([row.id for row in due])).values(polled_at=now))
    for row in due:
        try:
            settle_session(row.session_id)
        except OutsideError as error:
            logger.warning("could not ask about a payment page", why=str(error))
            if error.kind != "merchant" or error.__class__.__name__ == "NeedsReconnect":
                break
    return len(due)
