"""Once a minute: what was counted at the door becomes a row of the day."""

from __future__ import annotations

from shop.core.redis import door
from shop.core.transaction import transaction
from shop.insights.visits import record_days


def run() -> None:
    """A repeat changes nothing."""
    with transaction() as session:
        record_days(session, door())
