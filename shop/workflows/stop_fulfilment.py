"""Stop rows that are not being made yet: hold them, then make sure that the print provider makes nothing of them.

Three steps, so that no call outside sits in a transaction: `hold_to_stop` (short, under the order's lock), `withdraw`
(outside), and the caller's own transaction that writes down what follows. Killed in between, the rows stay on hold with
a reason that says so, and a repeat goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Conflict, IllegalMove, Misunderstood, Refused
from shop.fulfilment.changing import is_being_sent
from shop.fulfilment.holding import STOPPING
from shop.fulfilment.models import FulfilmentOrder
from shop.fulfilment.printify.client import PrintifyClient, printify_client
from shop.fulfilment.printify.mapping import read_order, read_time

PAGES_TO_LOOK_THROUGH = 30
_OLDER = timedelta(days=1)  # two clocks: what they made a day before we called is not of our call


@dataclass(frozen=True)
class Stopped:
    """A row on hold. `asked_at`: a call whose answer was lost; the provider may have it under our key."""

    id: int
    order_id: int
    key: str
    external_id: str | None
    asked_at: datetime | None


def lock_rows(session: Session, order_id: int) -> Sequence[FulfilmentOrder]:
    """Every row of the order, as it stands, locked. The order is locked first (statuses.lock_order)."""
    rows = select(FulfilmentOrder).where(FulfilmentOrder.order_id == order_id).order_by(FulfilmentOrder.id)
    return session.execute(rows.with_for_update().execution_options(populate_existing=True)).scalars().all()


def hold_to_stop(rows: Sequence[FulfilmentOrder]) -> list[Stopped]:
    """Hold locked rows, so that no worker goes on; the caller commits. Cancelled ones are passed over.

    Raises IllegalMove when one is being made, Conflict when a worker is sending one this moment.
    """
    alive = [work for work in rows if work.status != "cancelled"]
    if any(work.step == "watch" for work in alive):
        raise IllegalMove("This order is being made already and cannot be cancelled.")
    if any(is_being_sent(work) for work in alive):
        raise Conflict("This order is being sent to the print provider right now. Try again in a minute.")
    for work in alive:
        work.is_held, work.hold_reason = True, STOPPING
        work.fence += 1  # a worker whose lease ran out may still be alive
    return [
        Stopped(w.id, w.order_id, w.external_key, w.external_id, w.calling_since if w.step == "submit" else None)
        for w in alive
    ]


def withdraw(stopped: Stopped) -> bool:
    """Make sure that the provider makes nothing of it. False when it is being made there. Raises OutsideError kinds,
    Conflict when that cannot be found out. A repeat asks again, and changes nothing."""
    external_id = stopped.external_id
    if external_id is None and stopped.asked_at is None:
        return True
    client = printify_client(max_wait=20)
    if external_id is None and stopped.asked_at is not None:
        external_id = find_by_our_key(client, stopped.key, since=stopped.asked_at)
        if external_id is None:
            return True
    assert external_id is not None
    try:
        client.cancel_order(external_id, subject=f"order:{stopped.order_id}")
    except Refused:
        return is_cancelled(client, external_id)
    return True


def is_cancelled(client: PrintifyClient, external_id: str) -> bool:
    """As the provider says now; one that it does not know is not known to be cancelled."""
    body = client.get_order(external_id)
    return body is not None and read_order(body).status == "cancelled"


def go_on(ids: Sequence[int]) -> None:
    """Lift the hold of rows that are not stopped after all."""
    if not ids:
        return
    with transaction() as session:
        rows = select(FulfilmentOrder).where(FulfilmentOrder.id.in_(ids)).order_by(FulfilmentOrder.id)
        for work in session.execute(rows.with_for_update()).scalars():
            if work.hold_reason == STOPPING:
                work.is_held, work.hold_reason = False, ""


def set_cancelled(work: FulfilmentOrder) -> None:
    """Write down that nothing comes of this row; the caller holds it locked."""
    work.status, work.work_state, work.finished_at = "cancelled", "done", clock.now()
    work.is_held, work.hold_reason, work.calling_since = False, "", None
    work.error_kind = work.error_text = None
    work.fence += 1


def find_by_our_key(client: PrintifyClient, key: str, *, since: datetime) -> str | None:
    """An earlier call may have been accepted: look through their orders, newest first, back to its day.

    None: it was not. Raises Conflict when there are too many to say.
    """
    for number in range(1, PAGES_TO_LOOK_THROUGH + 1):
        page = client.list_orders(number)
        oldest = None
        for body in page.items:
            oldest = read_time(body.get("created_at")) or oldest
            try:
                found = read_order(body)
            except Misunderstood:
                continue
            if found.external_key == key:
                return found.external_id
        if number >= page.last_page or (oldest is not None and oldest < since - _OLDER):
            return None
    raise Conflict(
        f"Whether the print provider has {key} could not be found out. Look for this number there, then try again."
    )
