"""Look at open orders at the print provider: hooks may be lost (after a block of an hour they are)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select, update

from shop.core import clock, log
from shop.core.transaction import transaction
from shop.errors import NeedsReconnect, OutsideError, Unavailable
from shop.fulfilment.models import FulfilmentOrder
from shop.workflows.record_fulfilment import from_provider

logger = log.get_logger("poll")
AT_MOST = 100
#: how long each status may go without a look
EVERY: dict[str, timedelta] = {
    "submitted": timedelta(minutes=10),
    "in_production": timedelta(minutes=10),
    "partly_shipped": timedelta(minutes=30),
    "shipped": timedelta(hours=2),
}
STOP_LOOKING_AFTER = timedelta(days=90)


def run() -> int:
    """Returns how many orders were looked at."""
    now = clock.now()
    due_for_a_look = or_(
        *(
            (FulfilmentOrder.status == status) & (FulfilmentOrder.polled_at < now - wait)
            for status, wait in EVERY.items()
        )
    )
    with transaction() as session:
        rows = session.execute(
            select(FulfilmentOrder.id, FulfilmentOrder.external_id)
            .where(
                due_for_a_look,
                FulfilmentOrder.external_id.is_not(None),
                FulfilmentOrder.created_at > now - STOP_LOOKING_AFTER,
            )
            .order_by(FulfilmentOrder.polled_at)
            .limit(AT_MOST)
        ).all()
        session.execute(
            update(FulfilmentOrder).where(FulfilmentOrder.id.in_([r.id for r in rows])).values(polled_at=now)
        )
    for row in rows:
        try:
            from_provider(row.external_id)
        except (Unavailable, NeedsReconnect) as error:
            logger.warning("print provider cannot be asked", why=str(error))
            break
        except OutsideError as error:
            logger.warning("an order could not be read", external_id=row.external_id, why=str(error))
    return len(rows)
