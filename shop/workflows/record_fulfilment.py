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
from shop.fulfilment.holding import STOPPING
from shop.fulfilment.merging import refresh_status
from shop.fulfilment.models import FulfilmentOrder, Shipment
from shop.fulfilment.printify.client import printify_client
from shop.fulfilment.printify.mapping import read_order
from shop.fulfilment.provider import ParcelNews, ProviderOrder
from shop.orders.models import Order
from shop.orders.statuses import FULFILMENT_RANK, lock_order, move_order, tell
from shop.tenancy.profile import current_profile
from shop.workflows.announcements import announce_order, announce_parcel
from shop.workflows.letter_facts import parcel_facts, public_url
from shop.workflows.push_to_channels import push_parcel

logger = log.get_logger("fulfilment")
_BEING_MADE = frozenset({"in_production", "partly_shipped", "shipped", "delivered"})
_LEFT = FULFILMENT_RANK["shipped"]  # from here on, trouble in the making is old news


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
    held = _lock_rows(session, news.external_id, news.external_key)
    if held is None:
        return "unknown"
    order, work = held
    work.polled_at = clock.now()
    is_unheard_of = work.external_id is None
    if is_unheard_of:
        work.external_id = news.external_id  # the hook was faster than the answer to our own call
    here, told = FULFILMENT_RANK.get(work.status, 0), FULFILMENT_RANK.get(news.status)
    is_stale = here >= _LEFT if told is None else told < here
    is_trouble_new = bool(news.trouble) and not is_stale and work.provider_status != news.provider_status
    was_cancelled = work.status == "cancelled"
    is_ours = work.is_held and work.hold_reason == STOPPING  # we are cancelling it this moment
    if not is_stale:
        work.provider_status = news.provider_status
        work.cost_minor = news.cost_minor or work.cost_minor
    if told is not None and told > here:
        work.status = news.status
        if news.status in _BEING_MADE:
            _nothing_left_to_send(work)
        if not (news.status == "cancelled" and order.status == "cancelled"):
            _tell_move(session, order, work, _why(news.status))
    for parcel in news.parcels:  # after the move: the letter says whether more is to come
        merge_parcel(session, work, order, parcel)
    if order.fulfilment_status == "delivered" and order.status == "placed":
        move_order(session, order, "completed", why="Everything was delivered")
        announce_order(session, "order.delivered", order)
    if was_cancelled and is_unheard_of and news.status != "cancelled":
        _call_a_person(session, work, order, "This was cancelled here, but Printify has it. Cancel it there.")
    elif work.status == "cancelled" and not was_cancelled and order.status != "cancelled":
        why = "The print provider cancelled this order. Refund the buyer or order again."
        if is_ours:  # whoever stopped it goes on in a moment; if they died, it waits among the failures
            _park(work, why)
        else:
            _call_a_person(session, work, order, why)
    elif is_trouble_new:
        _call_a_person(session, work, order, news.trouble)
    return work.status


def _tell_move(session: Session, order: Order, work: FulfilmentOrder, why: str) -> None:
    """The order's own status where it changes with this; else the story names the part that moved."""
    if refresh_status(session, order, why=why):
        return
    others = select(FulfilmentOrder.id).where(FulfilmentOrder.order_id == order.id, FulfilmentOrder.id != work.id)
    if session.execute(others.limit(1)).first():
        tell(session, order, "part", why=f"{work.external_key}: {why}")


def _lock_rows(
    session: Session, external_id: str, external_key: str | None = None
) -> tuple[Order, FulfilmentOrder] | None:
    """Our order and its row, both locked, the order first. Their id decides; our number helps before we know it."""
    is_it = FulfilmentOrder.external_id == external_id
    found = session.execute(
        select(FulfilmentOrder.id, FulfilmentOrder.order_id)
        .where(or_(is_it, FulfilmentOrder.external_key == external_key) if external_key else is_it)
        .order_by(is_it.desc().nulls_last())
        .limit(1)
    ).first()
    if found is None:
        return None
    order = lock_order(session, found.order_id)
    row = select(FulfilmentOrder).where(FulfilmentOrder.id == found.id)
    work = session.execute(row.with_for_update().execution_options(populate_existing=True)).scalar_one()
    return order, work


def _nothing_left_to_send(work: FulfilmentOrder) -> None:
    """It is being made, whoever sent it: the row's work is over, and what stopped it is no longer so."""
    work.step, work.produced_at = "watch", work.produced_at or clock.now()
    work.is_held, work.hold_reason = False, ""
    if work.work_state in ("due", "parked"):
        work.work_state, work.finished_at, work.calling_since = "done", clock.now(), None
        work.error_kind = work.error_text = None


def merge_parcel(session: Session, work: FulfilmentOrder, order: Order, parcel: ParcelNews) -> None:
    """A parcel of this part: told once, however often it is told. The caller holds both rows, and commits."""
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
        announce_parcel(session, order, shipment)
        push_parcel(session, order, shipment)
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
    if order.letters_elsewhere:
        return
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
    _park(work, why)
    tell(session, order, "trouble", why=why)
    announce_order(session, "fulfilment.parked", order, why=why)
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


def _park(work: FulfilmentOrder, why: str) -> None:
    if work.work_state != "working":
        work.work_state, work.error_kind, work.error_text, work.error_at = "parked", "merchant", why, clock.now()


def _gone(session: Session, external_id: str) -> str:
    held = _lock_rows(session, external_id)
    if held is None:
        return "unknown"
    order, work = held
    work.polled_at = clock.now()
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
