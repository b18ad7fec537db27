"""Tell Printify where a product is sold. Unanswered, it stays "publishing", locked for ever (printify.md §5.5)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import current_app
from sqlalchemy import text

from shop.core import log
from shop.core.transaction import transaction
from shop.errors import OutsideError, Refused
from shop.fulfilment.printify.client import PrintifyClient

MOST_A_RUN = 300
REFUSALS_TO_STOP = 3  # their limit on the share of error answers is 5 %
logger = log.get_logger("catalog")


def answer_publishing(client: PrintifyClient, unanswered: Mapping[str, bool], created: set[str]) -> int:
    """Answer for locked products, and for those just created here. Returns how many were answered.

    `unanswered`: outside id → is it locked? A locked product that we could not read is told to have failed. Left
    over ones are found again by the next refresh; a repeat is harmless.
    """
    wanted = [i for i, locked in unanswered.items() if locked or i in created][:MOST_A_RUN]
    if not wanted:
        return 0
    with transaction() as session:
        rows = session.execute(
            text("SELECT external_id, id, slug, status FROM products WHERE external_id = ANY(:ids)"), {"ids": wanted}
        ).all()
    ours = {row.external_id: row for row in rows}
    base = current_app.config["IMPRINT"].public_url.rstrip("/")
    answered = refused = 0
    for external_id in wanted:
        row = ours.get(external_id)
        try:
            if row is not None and row.status == "active":
                client.publishing_succeeded(external_id, str(row.id), f"{base}/products/{row.slug}")
            elif unanswered[external_id]:
                client.publishing_failed(external_id, "The shop could not read this product, or it is not for sale.")
            else:
                continue
            answered += 1
        except Refused as error:
            refused += 1
            logger.info("publishing answer refused", product=external_id, why=str(error))
            if refused >= REFUSALS_TO_STOP:
                break
        except OutsideError as error:
            logger.info("publishing answers are left for the next refresh", why=str(error))
            break
    return answered
