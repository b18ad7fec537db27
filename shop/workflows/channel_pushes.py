"""Tell the platforms: parcels, refunds, orders made here, numbers in stock. One call for each row, with the row's key.

A call whose answer was lost leaves its row marked; what cannot be repeated under its key is read before it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.channels import registry
from shop.channels.connector import AcceptsOrders, TakesRefunds, TakesStock, TakesTracking
from shop.channels.models import Connection
from shop.channels.ordering.models import ChannelPush
from shop.core import clock, durable, log
from shop.core.durable import Claim
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import NeedsReconnect, Refused, Unavailable
from shop.extensions import db
from shop.fulfilment.models import Shipment
from shop.orders.models import Order
from shop.orders.statuses import lock_order, tell
from shop.payments.models import Refund
from shop.workflows.channel_parcels import Parcel, plan_parcel, sent_as
from shop.workflows.letter_facts import money
from shop.workflows.push_orders import record_of
from shop.workflows.push_to_channels import platform_name, push_parcel

logger = log.get_logger("channel pushes")
LOOK_LATER = timedelta(minutes=5)


def advance_push(held: Claim) -> None:
    """Take one row to its end. Raises OutsideError kinds for the drain loop. A row of a connection that is paused, or
    must be authorised again, waits."""
    registry.load()
    push = db.session.execute(select(ChannelPush).where(ChannelPush.id == held.id)).scalar_one()
    connection = db.session.execute(select(Connection).where(Connection.id == push.connection_id)).scalar_one()
    log.bind(connection=connection.id, push=push.key)
    if connection.status == "disconnected":
        with transaction() as session:
            durable.finish(session, ChannelPush, held, note="Not told: the connection was ended.")
        return
    if connection.status != "active":
        _wait(held, f"The connection to {platform_name(connection.channel)} is {connection.status}.")
        return
    try:
        _KINDS[push.kind](held, push, connection)
    except NeedsReconnect as error:  # the merchant was told; it goes on by itself once there is a key again
        _wait(held, str(error), keep_calling=held.unknown_outcome)


def _wait(held: Claim, why: str, *, keep_calling: bool = False) -> None:
    with transaction() as session:
        durable.postpone(session, ChannelPush, held, why=why, until=clock.now() + LOOK_LATER, keep_calling=keep_calling)


def _tell_parcel(held: Claim, push: ChannelPush, connection: Connection) -> None:
    key = push.key
    door = registry.in_role(connection, TakesTracking)  # type: ignore[type-abstract]
    parcel = run_in_transaction(lambda session: _plan(session, held))
    if parcel is None:
        return
    release_connection()
    try:
        theirs = door.add_fulfilment(parcel.external_id, parcel.lines, parcel.carrier, parcel.number, parcel.url, key)
    except Refused as error:
        if parcel.lines is None or parcel.is_last:
            raise
        reason = error.user_message
        run_in_transaction(lambda session: _leave_for_the_last(session, held, reason))
        return
    run_in_transaction(lambda session: _write_told(session, held, parcel, theirs))
    logger.info("parcel told", external_id=theirs)


def _plan(session: Session, held: Claim) -> Parcel | None:
    durable.hold(session, ChannelPush, held)
    push = _row(session, held)
    found = plan_parcel(session, push)
    if isinstance(found, str):
        durable.finish(session, ChannelPush, held, note=found)
        return None
    push.facts = {**push.facts, **found.facts}
    session.flush()
    durable.begin_call(session, ChannelPush, held)
    return found


def _leave_for_the_last(session: Session, held: Claim, reason: str) -> None:
    """The platform takes no parts: this parcel is told together with the last one."""
    durable.hold(session, ChannelPush, held)
    push = _row(session, held)
    push.facts = {"waits_for_last": True}
    session.flush()
    durable.finish(session, ChannelPush, held, note=f"Is told with the last parcel. {reason}".strip())


def _write_told(session: Session, held: Claim, parcel: Parcel, theirs: str) -> None:
    order = _order_of(session, held)
    durable.hold(session, ChannelPush, held)
    push = _row(session, held)
    connection = session.get_one(Connection, push.connection_id)
    durable.finish(session, ChannelPush, held, external_id=theirs[:255], note="")
    name = platform_name(connection.channel)
    tell(session, order, "channel", why=f"{name} was told of parcel {parcel.number}", channel_push_id=push.id)


def _row(session: Session, held: Claim) -> ChannelPush:
    query = select(ChannelPush).where(ChannelPush.id == held.id).execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def _tell_order(held: Claim, push: ChannelPush, connection: Connection) -> None:
    """Made there once: a call that may have been taken is looked up by our number before another."""
    door = registry.in_role(connection, AcceptsOrders)  # type: ignore[type-abstract]
    order = db.session.get_one(Order, push.order_id)
    if order.status == "cancelled" and not held.unknown_outcome:
        with transaction() as session:
            durable.finish(session, ChannelPush, held, note="Not sent: it was cancelled here before.")
        return
    record, number = record_of(db.session(), order, connection.id), order.number
    release_connection()
    theirs = door.find_order(number) if held.unknown_outcome or held.attempts > 1 else None
    if theirs is None:
        with transaction() as session:
            durable.begin_call(session, ChannelPush, held)
        release_connection()
        theirs = door.create_order(record, number)
    found, name = theirs, platform_name(connection.channel)
    run_in_transaction(lambda session: _write_sent(session, held, found, name))


def _write_sent(session: Session, held: Claim, theirs: str, name: str) -> None:
    order = _order_of(session, held)
    durable.hold(session, ChannelPush, held)
    durable.finish(session, ChannelPush, held, external_id=theirs[:255])
    tell(session, order, "channel", why=f"{name} has this order, as {theirs}", channel_push_id=held.id)
    parcels = select(Shipment).where(Shipment.order_id == order.id).order_by(Shipment.id)
    for shipment in session.execute(parcels).scalars():  # what left while it was on its way there
        push_parcel(session, order, shipment)


def _tell_refund(held: Claim, push: ChannelPush, connection: Connection) -> None:
    """The money went back through us; their books are told. Under our key a repeat is the same refund."""
    door = registry.in_role(connection, TakesRefunds)  # type: ignore[type-abstract]
    refund = db.session.get_one(Refund, push.refund_id)
    there = sent_as(db.session(), push.order_id or 0, connection.id)
    if there is None:
        with transaction() as session:
            durable.finish(session, ChannelPush, held, note="Not told: the order was never sent there.")
        return
    if not there:
        raise Unavailable("The order itself has not arrived there yet.", service="channel pushes")
    amount, currency, key = refund.amount_minor, refund.currency, push.key
    with transaction() as session:
        durable.begin_call(session, ChannelPush, held)
    release_connection()
    theirs = door.record_refund(there, amount, currency, key)
    name = platform_name(connection.channel)

    def write(session: Session) -> None:
        order = _order_of(session, held)
        durable.hold(session, ChannelPush, held)
        durable.finish(session, ChannelPush, held, external_id=theirs[:255])
        tell(session, order, "channel", why=f"{name} was told of the refund of {money(order, amount)}")

    run_in_transaction(write)


def _tell_stock(held: Claim, push: ChannelPush, connection: Connection) -> None:
    """The number itself, so that a repeat does no harm."""
    door = registry.in_role(connection, TakesStock)  # type: ignore[type-abstract]
    external_id, wanted = str(push.facts.get("variant") or ""), push.wanted or 0
    key = f"{push.key}:{held.fence}"
    release_connection()
    door.set_stock(external_id, wanted, key)
    with transaction() as session:
        durable.hold(session, ChannelPush, held)
        durable.finish(session, ChannelPush, held, sent=wanted)


def _order_of(session: Session, held: Claim) -> Order:
    order_id = session.execute(select(ChannelPush.order_id).where(ChannelPush.id == held.id)).scalar_one()
    return lock_order(session, order_id or 0)


_KINDS: dict[str, Callable[[Claim, ChannelPush, Connection], None]] = {
    "tracking": _tell_parcel,
    "order": _tell_order,
    "refund": _tell_refund,
    "stock": _tell_stock,
}
