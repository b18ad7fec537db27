"""What others are told of an event: thin facts, described in docs/panel/webhooks.md.

Ids, states and amounts, never a name, a postal or an e-mail address: whoever may know more asks the API by the id.
Each call writes rows in the caller's transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.fulfilment.models import Shipment
from shop.orders.models import Order
from shop.payments.models import Dispute, Refund
from shop.returns.models import Return
from shop.webhook_delivery.announcing import announce, somebody_listens
from shop.workflows.letter_facts import public_url


def announce_order(session: Session, event: str, order: Order, **more: Any) -> None:
    """order.placed | order.paid | order.cancelled | order.delivered | fulfilment.parked; with the first order of
    somebody, customer.created as well"""
    announce(session, event, {"order": order_data(order), **more}, f"order:{order.number}")
    if event == "order.placed" and order.customer_id is not None and somebody_listens(session, "customer.created"):
        _announce_first(session, order)


def _announce_first(session: Session, order: Order) -> None:
    others = select(Order.id).where(Order.customer_id == order.customer_id, Order.id != order.id).limit(1)
    if session.execute(others).first() is None:
        data = {"customer": {"id": order.customer_id}, "order": order_data(order)}
        announce(session, "customer.created", data, f"order:{order.number}")


def announce_failure(session: Session, table: str, row_id: int, what: str, why: str) -> None:
    """failure.parked: where to look, and why; nothing of what the row holds."""
    told = {"kind": table, "id": row_id, "url": public_url(f"/admin/failures?row={table}:{row_id}")}
    announce(session, "failure.parked", {"failure": told, "what": what, "why": why}, "")


def announce_parcel(session: Session, order: Order, shipment: Shipment) -> None:
    """order.shipped, once for each parcel."""
    parcel = {"carrier": shipment.carrier, "number": shipment.number, "url": shipment.url, "skus": list(shipment.skus)}
    announce_order(session, "order.shipped", order, parcel=parcel)


def announce_refund(session: Session, order: Order, refund: Refund) -> None:
    """refund.succeeded"""
    told = {"id": refund.id, "amount": amount(refund.amount_minor, refund.currency), "status": refund.status}
    announce_order(session, "refund.succeeded", order, refund=told)


def announce_return(session: Session, order: Order, held: Return) -> None:
    """return.requested"""
    told = {"id": held.id, "number": held.number, "reason": held.reason, "wish": held.wish, "status": held.status}
    announce_order(session, "return.requested", order, **{"return": told})


def announce_dispute(session: Session, event: str, order: Order, dispute: Dispute) -> None:
    """dispute.opened | dispute.closed"""
    due = dispute.evidence_due_at
    told = {
        "id": dispute.id,
        "status": dispute.status,
        "reason": dispute.reason,
        "amount": amount(dispute.amount_minor, dispute.currency),
        "evidence_due_at": due.isoformat() if due else None,
    }
    announce_order(session, event, order, dispute=told)


def order_data(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "channel": order.channel,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfilment_status": order.fulfilment_status,
        "total": amount(order.total_minor, order.currency),
        "is_test": order.is_test,
    }


def amount(minor: int, currency: str) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": currency}
