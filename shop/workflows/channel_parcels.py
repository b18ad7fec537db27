"""What of an order a parcel holds, in the platform's own line ids; parts where they are known, all at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.channels.ordering.models import ChannelOrder, ChannelOrderLine, ChannelPush
from shop.fulfilment.models import FulfilmentLine, FulfilmentOrder, Shipment
from shop.orders.models import Order

ALL_SENT = ("shipped", "delivered")


@dataclass(frozen=True)
class Parcel:
    """`lines`: their line's id → how many; None: everything. `is_last`: nothing comes after it."""

    external_id: str
    lines: Mapping[str, int] | None
    carrier: str
    number: str
    url: str
    is_last: bool
    facts: dict[str, Any] = field(default_factory=dict)


def plan_parcel(session: Session, push: ChannelPush) -> Parcel | str:
    """What to say of the push's parcel, or in a sentence why nothing is said. Locks the platform's order, so that two
    parcels at once do not claim the same things. A repeat says the same again."""
    order = session.get_one(Order, push.order_id)
    shipment = session.get_one(Shipment, push.shipment_id)
    is_last = order.fulfilment_status in ALL_SENT
    if push.channel_order_id is None:
        return _of_sent_order(session, push, shipment, is_last)
    row = session.execute(
        select(ChannelOrder).where(ChannelOrder.id == push.channel_order_id).with_for_update()
    ).scalar_one()
    others = _others(session, push)
    if row.is_cancelled:
        return "Not told: the order was cancelled there."
    if "lines" in push.facts:  # asked before: the same again, under the same key
        lines = push.facts["lines"]
        return _parcel(row.external_id, lines, shipment, is_last, push.facts.get("numbers") or shipment.number)
    if any(other.facts.get("lines", 0) is None for other in others):
        return "Told together with another parcel."
    numbers = [*_waiting_numbers(session, others), shipment.number]
    if is_last and not any(other.facts.get("lines") for other in others):
        return _parcel(row.external_id, None, shipment, True, ", ".join(numbers))
    left = _left(session, row.id, others)
    inside = left if is_last else {key: n for key, n in _inside(session, shipment).items() if left.get(key)}
    lines = {key: min(n, left[key]) for key, n in inside.items() if left.get(key)}
    if not lines:
        return "All that it holds was told with an earlier parcel."
    return _parcel(row.external_id, lines, shipment, is_last, ", ".join(numbers if is_last else [shipment.number]))


def _parcel(
    external_id: str, lines: Mapping[str, int] | None, shipment: Shipment, is_last: bool, number: str
) -> Parcel:
    facts = {"lines": dict(lines) if lines is not None else None, "numbers": number}
    return Parcel(external_id, lines, shipment.carrier, number[:200], shipment.url, is_last, facts)


def _of_sent_order(session: Session, push: ChannelPush, shipment: Shipment, is_last: bool) -> Parcel | str:
    """An order that we made there: their line ids are not known, so it is told when everything is on its way."""
    there = sent_as(session, push.order_id or 0, push.connection_id)
    if not there:
        return "Not told: the order itself has not arrived there."
    others = _others(session, push)
    if not is_last:
        push.facts = {"waits_for_last": True}
        return "Is told with the last parcel."
    if any(other.facts.get("lines", 0) is None for other in others):
        return "Told together with another parcel."
    numbers = [*_waiting_numbers(session, others), shipment.number]
    return _parcel(there, None, shipment, True, ", ".join(numbers))


def sent_as(session: Session, order_id: int, connection_id: int) -> str | None:
    """Their id of an order that was made here; "" while it is on its way, None where it is not sent there."""
    found = session.execute(
        select(ChannelPush.external_id, ChannelPush.work_state).where(
            ChannelPush.order_id == order_id, ChannelPush.connection_id == connection_id, ChannelPush.kind == "order"
        )
    ).first()
    if found is None or (not found.external_id and found.work_state == "done"):
        return None
    return str(found.external_id)


def _others(session: Session, push: ChannelPush) -> list[ChannelPush]:
    """What is, or was, told of the same order's other parcels at the same place."""
    return list(
        session.execute(
            select(ChannelPush)
            .where(
                ChannelPush.order_id == push.order_id,
                ChannelPush.connection_id == push.connection_id,
                ChannelPush.kind == "tracking",
                ChannelPush.id != push.id,
            )
            .order_by(ChannelPush.id)
            .execution_options(populate_existing=True)
        ).scalars()
    )


def _waiting_numbers(session: Session, others: list[ChannelPush]) -> list[str]:
    waiting = [other.shipment_id for other in others if other.facts.get("waits_for_last")]
    return list(
        session.execute(select(Shipment.number).where(Shipment.id.in_(waiting)).order_by(Shipment.id)).scalars()
    )


def _left(session: Session, channel_order_id: int, others: list[ChannelPush]) -> dict[str, int]:
    """Their line → how many of it no parcel was told of yet."""
    rows = session.execute(
        select(ChannelOrderLine.external_id, ChannelOrderLine.quantity).where(
            ChannelOrderLine.channel_order_id == channel_order_id,
            ChannelOrderLine.order_line_id.is_not(None),
            ChannelOrderLine.external_id != "",
        )
    )
    left = Counter({external_id: int(quantity) for external_id, quantity in rows})
    for other in others:
        left.subtract(other.facts.get("lines") or {})
    return {key: n for key, n in left.items() if n > 0}


def _inside(session: Session, shipment: Shipment) -> dict[str, int]:
    """Their line → how many of it the parcel holds, as far as the print provider says."""
    rows = session.execute(
        select(ChannelOrderLine.external_id, FulfilmentLine.quantity, FulfilmentLine.sku)
        .join(FulfilmentLine, FulfilmentLine.order_line_id == ChannelOrderLine.order_line_id)
        .join(FulfilmentOrder, FulfilmentOrder.id == FulfilmentLine.fulfilment_order_id)
        .where(FulfilmentOrder.id == shipment.fulfilment_order_id, ChannelOrderLine.external_id != "")
    ).all()
    named = set(shipment.skus or ())
    found: Counter[str] = Counter()
    for external_id, quantity, sku in rows:
        if not named or sku in named:
            found[external_id] += int(quantity)
    return dict(found)
