"""What the filters offer: the channels and countries that orders have."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

#: jumps along the indexes ix_orders_channel and ix_orders_country: as many steps as there are values
_SEEN = """
WITH RECURSIVE c AS (
  (SELECT channel AS v FROM orders ORDER BY channel LIMIT 1)
  UNION ALL SELECT (SELECT o.channel FROM orders o WHERE o.channel > c.v ORDER BY o.channel LIMIT 1) FROM c
  WHERE c.v IS NOT NULL),
d AS (
  (SELECT ship_to ->> 'country' AS v FROM orders WHERE (ship_to ->> 'country') IS NOT NULL
   ORDER BY ship_to ->> 'country' LIMIT 1)
  UNION ALL SELECT (SELECT o.ship_to ->> 'country' FROM orders o WHERE (o.ship_to ->> 'country') > d.v
  ORDER BY o.ship_to ->> 'country' LIMIT 1) FROM d WHERE d.v IS NOT NULL)
SELECT 'channel', v FROM c WHERE v IS NOT NULL UNION ALL SELECT 'country', v FROM d WHERE v IS NOT NULL AND v <> ''
LIMIT 300
"""


def seen_values(session: Session) -> tuple[list[str], list[str]]:
    """(channels, countries) that orders have, by jumping along their indexes; one statement."""
    found: dict[str, list[str]] = {"channel": [], "country": []}
    for kind, value in session.execute(text(_SEEN)):
        found[kind].append(value)
    return found["channel"], found["country"]
