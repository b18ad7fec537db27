"""An order that was delivered, made from its rows alone."""

from __future__ import annotations

import io
from datetime import timedelta
from itertools import count

from PIL import Image
from sqlalchemy import select

from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.fulfilment.models import Shipment
from shop.fulfilment.requesting import request_fulfilment
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.orders.models import Order
from shop.orders.placing import Buyer, place_order
from shop.payments.models import Payment

_numbers = count(1)
HOME = {"name": "Ada Byron", "line1": "12 Mill Lane", "city": "Berlin", "postal_code": "10115", "country": "DE"}


def delivered_order(
    *quantities: int, days_ago: int = 3, personalised: tuple[int, ...] = (), status: str = "delivered"
) -> Order:
    """Lines of these quantities at 20.00 each, 4.99 for shipping, paid; `personalised`: places of lines."""
    n = next(_numbers)
    lines = tuple(
        DraftLine(None, None, f"Thing {i}", "M", f"S{i}", q, 2000, is_personalised=i in personalised)
        for i, q in enumerate(quantities or (3,))
    )
    draft = OrderDraft("EUR", lines, (DraftAdjustment("shipping", "Standard", 499),), locale="en")
    with transaction() as session:
        order, _ = place_order(
            session, draft, Buyer("ada@example.com", "Ada Byron", ship_to=HOME), source_key=f"returns:{n}"
        )
        payment = Payment(
            order_id=order.id, external_id=f"pi_r{n}", status="paid", amount_minor=order.total_minor, currency="EUR"
        )
        session.add(payment)
        order.payment_status, order.fulfilment_status = "paid", status
        order.status = "completed" if status == "delivered" else "placed"
        work = request_fulfilment(session, order)
        work.status, work.work_state = status, "done"
        work.step = "watch" if status in ("in_production", "shipped", "delivered") else "submit"
        session.flush()
        if status == "delivered":
            arrived = clock.now() - timedelta(days=days_ago)
            session.add(
                Shipment(
                    fulfilment_order_id=work.id, order_id=order.id, number=f"T{n}", shipped_at=arrived,
                    delivered_at=arrived,
                )
            )  # fmt: skip
        order_id = order.id
    return db.session.execute(select(Order).where(Order.id == order_id)).scalar_one()


def picture(side: int = 300, kind: str = "JPEG") -> io.BytesIO:
    out = io.BytesIO()
    made = Image.new("RGB", (side, side), (180, 90, 60))
    exif = made.getexif()
    exif[0x010E] = "where Ada lives"
    made.save(out, kind, exif=exif)
    out.seek(0)
    return out
