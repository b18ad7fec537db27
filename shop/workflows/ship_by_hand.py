"""What the merchant made by hand is on its way: a parcel like every other, told to the buyer and to the platform."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core.transaction import run_in_transaction
from shop.errors import Conflict, NotFound
from shop.fulfilment.merging import refresh_status
from shop.fulfilment.models import FulfilmentOrder
from shop.fulfilment.provider import ParcelNews
from shop.orders.statuses import lock_order
from shop.workflows.record_fulfilment import merge_parcel


def ship_by_hand(order_id: int, work_id: int, *, carrier: str, number: str, url: str, who: str) -> bool:
    """False when it is on its way already (a repeat). Without a number the parcel bears the part's own.
    Raises NotFound, Conflict for a part that is cancelled."""

    def work(session: Session) -> bool:
        order = lock_order(session, order_id)
        part = session.execute(
            select(FulfilmentOrder)
            .where(
                FulfilmentOrder.id == work_id, FulfilmentOrder.order_id == order_id, FulfilmentOrder.provider == "hand"
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalar_one_or_none()
        if part is None:
            raise NotFound("This order has no such part that is made by hand.")
        if part.status == "cancelled":
            raise Conflict("This part was cancelled: nothing of it is sent.")
        if part.step == "watch":
            return False
        part.status, part.step, part.is_held, part.hold_reason = "shipped", "watch", False, ""
        refresh_status(session, order, why="Sent by hand", who=who)
        parcel = ParcelNews(carrier[:40], (number or part.external_key)[:80], url, None)
        merge_parcel(session, part, order, parcel)
        return True

    return run_in_transaction(work)
