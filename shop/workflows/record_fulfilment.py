"""The print provider has news about an order: read it, merge it, tell the buyer.

Called by the webhook's job and by the poller. News merge: parcels are a union, statuses only rise, a repeat changes
nothing and writes no letter.
"""

from __future__ import annotations

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock, log
from shop.core.transaction import release_connection, run_in_transaction
from shop.email.requesting import request_letter
from shop.fulfilment.models import FulfilmentOrder, Shipment
from shop.fulfilment.printify.client import printify_client
from shop.fulfilment.printify.mapping import read_order
from shop.fulfilment.provider import ParcelNews, ProviderOrder
from shop.orders.models import Order
from shop.orders.statuses import FULFILMENT_RANK, move_fulfilment, move_order, tell
from shop.tenancy.profile import current_profile
from shop.workflows.letter_facts import parcel_facts, public_url

logger = log.get_logger("fulfilment")


def from_provider(external_id: str) -> str:
    """Returns the order's fulfilment status now, or "unknown" when it is not ours. Raises OutsideError kinds."""
    release_connection()
    body = printify_client(max_wait=20).get_order(external_id)
    if body is None:
        return run_in_transaction(lambda session: _gone(session, external_id))
    news = read_order(body)
    return run_in_transaction(lambda session: merge_news(session, news))


def merge_news(session: Session, news: ProviderOrder) -> str:
    """Write down what is new. The caller commits."""
    work = session.execute(
        select(FulfilmentOrder)
        .where(or_(FulfilmentOrder.external_id == news.external_id, FulfilmentOrder.external_key == news.external_key))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if work is None:
        return "unknown"
    order = session.execute(
        select(Order).where(Order.id == work.order_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()
    work.polled_at = clock.now()
    if work.external_id is None:
        work.external_id = news.external_id  # the hook was faster than the answer to our own call
    work.cost_minor = news.cost_minor or work.cost_minor
    is_trouble_new = bool(news.trouble) and work.provider_status != news.provider_status
    was_cancelled = work.status == "cancelled"
    work.provider_status = news.provider_status
    for parcel in news.parcels:
        _merge_parcel(session, work, order, parcel)
    if news.status in FULFILMENT_RANK and FULFILMENT_RANK[news.status] > FULFILMENT_RANK.get(work.status, 0):
        work.status = news.status
        if news.status in ("in_production", "partly_shipped", "shipped", "delivered") and work.step != "watch":
            work.step, work.produced_at = "watch", work.produced_at or clock.now()
        if not (news.status == "cancelled" and order.status == "cancelled"):
            move_fulfilment(session, order, news.status, why=_why(news.status))
    if work.status == "delivered" and order.status == "placed":
        move_order(session, order, "completed", why="Everything was delivered")
    if work.status == "cancelled" and not was_cancelled and order.status != "cancelled":
        _call_a_person(
            session, work, order, "The print provider cancelled this order. Refund the buyer or order again."
        )
    elif is_trouble_new:
        _call_a_person(session, work, order, news.trouble)
    return work.status


def _merge_parcel(session: Session, work: FulfilmentOrder, order: Order, parcel: ParcelNews) -> None:
    is_new = session.execute(
        insert(Shipment)
        .values(
            fulfilment_order_id=work.id,
            order_id=order.id,
            carrier=parcel.carrier,
            number=parcel.number,
            url=parcel.url,
            skus=list(parcel.skus),
            shipped_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["fulfilment_order_id", "number"])
        .returning(Shipment.id)
    ).first()
    shipment = session.execute(
        select(Shipment).where(Shipment.fulfilment_order_id == work.id, Shipment.number == parcel.number)
    ).scalar_one()
    if not shipment.url and parcel.url:
        shipment.url = parcel.url
    if is_new:
        tell(
            session,
            order,
            "parcel",
            for_buyer=True,
            why=f"Parcel with {parcel.carrier.upper()} {parcel.number}",
            carrier=parcel.carrier,
            number=parcel.number,
            url=parcel.url,
        )
        _letter(session, order, shipment, "shipped")
    if parcel.delivered_at and _set_delivered(session, shipment, parcel):
        tell(session, order, "parcel_delivered", for_buyer=True, why=f"Parcel {parcel.number} was delivered")
        _letter(session, order, shipment, "delivered")


def _set_delivered(session: Session, shipment: Shipment, parcel: ParcelNews) -> bool:
    return (
        session.execute(
            update(Shipment)
            .where(Shipment.id == shipment.id, Shipment.delivered_at.is_(None))
            .values(delivered_at=parcel.delivered_at)
            .returning(Shipment.id)
        ).first()
        is not None
    )


def _letter(session: Session, order: Order, shipment: Shipment, letter: str) -> None:
    request_letter(
        session,
        letter=letter,
        subject_key=f"shipment:{shipment.id}",
        to_email=order.email,
        facts=parcel_facts(session, order, shipment),
        locale=order.locale,
        order_id=order.id,
    )


def _call_a_person(session: Session, work: FulfilmentOrder, order: Order, why: str) -> None:
    """Park the row, unless a worker holds it, and write to the merchant once per provider status."""
    if work.work_state != "working":
        work.work_state, work.error_kind, work.error_text, work.error_at = "parked", "merchant", why, clock.now()
    tell(session, order, "trouble", why=why)
    request_letter(
        session,
        letter="merchant_failure",
        subject_key=f"fulfilment_orders:{work.id}:{work.provider_status}"[:80],
        to_email=current_profile().merchant_email,
        facts={
            "what": f"Order {order.number} needs you",
            "why": why,
            "hint": "Open the order at Printify, settle it there, then press “Try again”.",
            "url": public_url(f"/admin/orders/{order.number}"),
        },
        order_id=order.id,
    )


def _gone(session: Session, external_id: str) -> str:
    work = session.execute(
        select(FulfilmentOrder).where(FulfilmentOrder.external_id == external_id).with_for_update()
    ).scalar_one_or_none()
    if work is None:
        return "unknown"
    work.polled_at = clock.now()
    order = session.execute(select(Order).where(Order.id == work.order_id)).scalar_one()
    if work.provider_status != "gone":
        work.provider_status = "gone"
        _call_a_person(session, work, order, "Printify does not know this order any more.")
    return work.status


def _why(status: str) -> str:
    return {
        "submitted": "The print provider has the order",
        "in_production": "It is being made",
        "partly_shipped": "The first parcel is on its way",
        "shipped": "Everything is on its way",
        "delivered": "Everything was delivered",
        "cancelled": "Cancelled at the print provider",
    }.get(status, "")
