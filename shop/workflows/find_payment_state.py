"""How did it go? Asked by the return page and by the API; the answer is the truth, "still processing" included."""

from __future__ import annotations

import re

from sqlalchemy import select

from shop.checkout.models import Checkout
from shop.core import log
from shop.errors import OutsideError
from shop.extensions import db
from shop.orders.models import Order
from shop.workflows.complete_checkout import settle_session

logger = log.get_logger("checkout")
_SESSION = re.compile(r"cs_[A-Za-z0-9_]{1,250}")


def find_state(session_id: str) -> tuple[str, Checkout | None]:
    """(processing | paid | failed | expired | unknown, our row). Asks the gateway; if it cannot be asked, the webhook
    and the poller will, and the page says that it looks again."""
    if not _SESSION.fullmatch(session_id):
        return "unknown", None
    found = db.session.execute(select(Checkout).where(Checkout.session_id == session_id)).scalar_one_or_none()
    if found is None or found.status not in ("completed", "failed"):
        db.session.rollback()
        try:
            outcome = settle_session(session_id)
        except OutsideError as error:
            if found is None:
                return "unknown", None
            logger.warning("payment page could not be asked", why=str(error))
            outcome = "processing"
        db.session.expire_all()
        if found is None and outcome != "unknown":
            found = _recovered(session_id)
    else:
        outcome = found.status
    words = {"completed": "paid", "failed": "failed", "expired": "expired", "unknown": "unknown"}
    return words.get(outcome, "processing"), found


def _recovered(session_id: str) -> Checkout | None:
    """A page reopened by the recovery link has its own id; the order knows it."""
    return db.session.execute(
        select(Checkout).join(Order, Order.id == Checkout.order_id).where(Order.source_key == f"stripe:{session_id}")
    ).scalar_one_or_none()
