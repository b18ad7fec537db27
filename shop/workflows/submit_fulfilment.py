"""A paid order goes to the print provider: submit it, then send it to production.

Submitting is safe to repeat: the provider refuses a second order with our number, and tells the first one's id.
Sending to production costs money and takes no key: after a lost answer the order is read before it is sent again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.core import clock, durable, log
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import Conflict, Misunderstood, Refused, Unavailable
from shop.extensions import db
from shop.fulfilment.merging import refresh_status
from shop.fulfilment.models import FulfilmentOrder
from shop.fulfilment.printify.client import PrintifyClient, printify_client
from shop.fulfilment.printify.mapping import order_payload, read_order
from shop.orders.models import Order
from shop.orders.statuses import lock_order
from shop.tenancy.profile import current_profile
from shop.workflows.channel_cards import waits_for_card
from shop.workflows.stop_fulfilment import find_by_our_key

logger = log.get_logger("fulfilment")


class Held(Refused):
    """Somebody or something stopped this order."""


def advance_fulfilment(held: Claim) -> None:
    """Take the row one step on. Raises OutsideError kinds for the drain loop."""
    work = db.session.execute(select(FulfilmentOrder).where(FulfilmentOrder.id == held.id)).scalar_one()
    order = db.session.execute(select(Order).where(Order.id == work.order_id)).scalar_one()
    log.bind(order=order.number)
    if work.status == "cancelled" or order.status == "cancelled":
        with transaction() as session:
            durable.finish(session, FulfilmentOrder, held)
        return
    if work.is_held:
        raise Held(work.hold_reason or "This order is on hold.", service="fulfilment")
    if waits_for_card(db.session(), order.id):
        raise Unavailable("It waits until a gift card of another platform has paid.", service="channels")
    client = printify_client(max_wait=20)
    if work.step == "submit":
        _submit(held, work, client)
    elif work.step == "produce":
        _produce(held, work, client)
    else:
        with transaction() as session:
            durable.finish(session, FulfilmentOrder, held)


def _submit(held: Claim, work: FulfilmentOrder, client: PrintifyClient) -> None:
    missing = [line.title for line in work.lines if not line.product_id or not line.variant_id]
    if missing:
        raise Held(f"Not linked to a print product: {', '.join(missing)}.", service="printify")
    payload, key, since = order_payload(work), work.external_key, work.calling_since or clock.now()
    external_id, is_settled = work.external_id, not held.unknown_outcome
    if external_id is None and held.unknown_outcome:
        release_connection()
        external_id, is_settled = _look_up(client, key, since)
    if external_id is None:
        with transaction() as session:
            durable.begin_call(session, FulfilmentOrder, held)
        release_connection()
        external_id = _ask(client, payload, held, is_settled)
    order_id, theirs = work.order_id, external_id
    run_in_transaction(lambda session: _write_submitted(session, held, order_id, theirs))
    logger.info("order submitted", external_id=external_id)


def _write_submitted(session: Session, held: Claim, order_id: int, external_id: str) -> None:
    order = lock_order(session, order_id)
    durable.hold(session, FulfilmentOrder, held)
    if _step_of(session, held) != "submit":  # their hook was faster than their answer, and tells more
        durable.finish(session, FulfilmentOrder, held, external_id=external_id)
        return
    due = _production_due()
    values: dict[str, object] = {
        "external_id": external_id,
        "status": "submitted",
        "submitted_at": clock.now(),
        "step": "produce",
    }
    if due is None:
        durable.finish(session, FulfilmentOrder, held, **values)
    else:
        durable.step_on(session, FulfilmentOrder, held, due_at=due, **values)
    refresh_status(session, order, why="Sent to the print provider")


def _step_of(session: Session, held: Claim) -> str:
    return session.execute(select(FulfilmentOrder.step).where(FulfilmentOrder.id == held.id)).scalar_one()


def _ask(client: PrintifyClient, payload: dict[str, Any], held: Claim, is_settled: bool) -> str:
    """`is_settled`: no earlier call of ours was accepted. Then a refusal says that they have nothing: what is to be
    printed may be changed."""
    try:
        return client.submit_order(payload, subject=f"fulfilment:{held.id}")
    except Refused as error:
        error.facts["final"] = is_settled and not error.facts.get("may_be_done")
        raise


def _look_up(client: PrintifyClient, key: str, since: datetime) -> tuple[str | None, bool]:
    """(their id for our key, whether that is certain). With too many to look through it is sent again: a repeat under
    our key is answered with the first one's id."""
    try:
        return find_by_our_key(client, key, since=since), True
    except Conflict:
        return None, False


def _production_due() -> datetime | None:
    """When to send to production by the store's policy; None: by hand."""
    profile = current_profile()
    if profile.production_policy == "by_hand":
        return None
    delay = profile.production_delay_minutes if profile.production_policy == "delayed" else 0
    return clock.now() + timedelta(minutes=delay)


def _produce(held: Claim, work: FulfilmentOrder, client: PrintifyClient) -> None:
    external_id = work.external_id
    if external_id is None:
        raise Misunderstood("a submitted order without the provider's id", service="printify")
    release_connection()
    if not (held.unknown_outcome and _is_produced(client, external_id)):
        with transaction() as session:
            durable.begin_call(session, FulfilmentOrder, held)
        release_connection()
        try:
            client.send_to_production(external_id, subject=f"fulfilment:{held.id}")
        except Refused:
            if not _is_produced(client, external_id):
                raise
    order_id = work.order_id
    run_in_transaction(lambda session: _write_produced(session, held, order_id))
    logger.info("order in production", external_id=external_id)


def _write_produced(session: Session, held: Claim, order_id: int) -> None:
    order = lock_order(session, order_id)
    durable.hold(session, FulfilmentOrder, held)
    durable.finish(session, FulfilmentOrder, held, step="watch", produced_at=clock.now())
    session.execute(
        update(FulfilmentOrder)
        .where(FulfilmentOrder.id == held.id, FulfilmentOrder.status == "submitted")
        .values(status="in_production")
        .execution_options(synchronize_session=False)
    )
    refresh_status(session, order, why="Sent to production")


def _is_produced(client: PrintifyClient, external_id: str) -> bool:
    body = client.get_order(external_id)
    if body is None:
        return False
    theirs = read_order(body)
    if theirs.status == "cancelled":
        raise Held("The print provider cancelled this order.", service="printify")
    return not theirs.may_be_produced


def release(fulfilment_id: int) -> bool:
    """Staff (or the API) says: go on. Lifts a hold, sends a waiting order to production. A repeat does nothing."""
    with transaction() as session:
        work = session.execute(
            select(FulfilmentOrder).where(FulfilmentOrder.id == fulfilment_id).with_for_update()
        ).scalar_one_or_none()
        if work is None or work.step == "watch" or work.work_state == "working" or work.status == "cancelled":
            return False
        work.is_held, work.hold_reason = False, ""
        work.work_state, work.due_at, work.attempts = "due", clock.now(), 0
        work.error_kind = work.error_text = None
        enqueue_after_commit(session, JobName.DRAIN_FULFILMENT)
    return True
