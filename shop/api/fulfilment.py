"""Send a paid order to print, for API callers with the store's key."""

from __future__ import annotations

from flask import Response, current_app, jsonify, request
from sqlalchemy import select

from shop.api.reading import json_body, text_of
from shop.core.secrets import same
from shop.errors import Conflict, InvalidInput, NotAllowed, NotFound
from shop.extensions import db, limiter
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.orders.numbers import read_number
from shop.workflows.submit_fulfilment import release


class KeyMissing(NotAllowed):
    status = 401
    title = "An API key is needed: Authorization: Bearer …"


@limiter.limit("120 per minute")
def fulfill() -> tuple[Response, int]:
    """POST /api/orders/fulfill {"order_number": "K7QM-4T2X"} → 202 {"order_number", "fulfilment_status", "released"}.

    Lifts a hold, submits, sends a waiting order to production. A repeat releases nothing more. 401 without the key,
    404 for an unknown order, 409 for one that is cancelled or not paid.
    """
    _check_key()
    number = read_number(text_of(json_body(), "order_number", most=40))
    if number is None:
        raise InvalidInput(fields={"order_number": "is missing or not an order number"})
    order = db.session.execute(select(Order).where(Order.number == number)).scalar_one_or_none()
    if order is None:
        raise NotFound("This order does not exist.")
    if order.status == "cancelled":
        raise Conflict("This order is cancelled.")
    if order.payment_status not in ("paid", "partly_refunded"):
        raise Conflict(f"This order is {order.payment_status.replace('_', ' ')}, not paid.")
    rows = db.session.execute(select(FulfilmentOrder.id).where(FulfilmentOrder.order_id == order.id)).scalars().all()
    status = order.fulfilment_status
    db.session.rollback()
    released = [release(row_id) for row_id in rows]
    return jsonify(order_number=number, fulfilment_status=status, released=any(released)), 202


def _check_key() -> None:
    expected = current_app.config["IMPRINT"].fulfil_api_key
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    if not expected or scheme.lower() != "bearer" or not same(given.strip(), expected):
        raise KeyMissing
