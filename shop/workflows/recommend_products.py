"""Several times a day: count again what is bought together. Pages change only where something else came out."""

from __future__ import annotations

from shop.core import log
from shop.core.transaction import run_in_transaction, transaction
from shop.recommending.bought_together import CHUNK, changes, count_together, write_down

logger = log.get_logger("recommending")


def run() -> int:
    """How many products changed. Short transactions; one that dies half-way is gone on with next time."""
    with transaction() as session:
        found = changes(session, count_together(session))
    for start in range(0, len(found), CHUNK):
        part = found[start : start + CHUNK]
        run_in_transaction(lambda session, part=part: write_down(session, part))  # type: ignore[misc]
    if found:
        logger.info("bought together", products=len(found))
    return len(found)
