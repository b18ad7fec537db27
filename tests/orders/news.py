"""News about one order, as the provider and the gateway would tell them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.core.transaction import run_in_transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder, Shipment
from shop.fulfilment.provider import ParcelNews, ProviderOrder
from shop.fulfilment.requesting import request_fulfilment
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.orders.models import Order, OrderEntry
from shop.orders.placing import Buyer, place_order
from shop.orders.statuses import FULFILMENT_RANK, set_payment_status
from shop.payments.gateway import DisputeFacts, RefundFacts
from shop.payments.models import Dispute, Payment, Refund
from shop.workflows.record_dispute import merge_dispute
from shop.workflows.record_fulfilment import merge_news
from shop.workflows.record_refund import merge_refund

DELIVERED = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOTAL = 2999
T = TypeVar("T")
_made = 0


@dataclass(frozen=True)
class Sale:
    order_id: int
    work_id: int
    external_id: str
    payment: str
    number: str


@contextmanager
def imagined() -> Iterator[None]:
    """All that is told inside happens in one transaction that never was."""
    session = db.session()
    session.info["imagined"] = True
    try:
        yield
    finally:
        session.info.pop("imagined")
        db.session.remove()


def write(work: Callable[[Session], T]) -> T:
    session = db.session()
    if "imagined" not in session.info:
        return run_in_transaction(work)
    result = work(session)
    session.flush()
    return result


def look_anew() -> None:
    if "imagined" in db.session().info:
        db.session.expire_all()
    else:
        db.session.remove()


def paid_sale() -> Sale:
    """A paid order that was submitted, written straight into the tables."""
    return write(_paid_sale)


def _paid_sale(session: Session) -> Sale:
    global _made
    _made += 1
    tag = f"{_made}"
    draft = OrderDraft(
        currency="USD",
        lines=(
            DraftLine(None, None, "Fern tee", "M", "SKU-1", 1, 2500, printable={"product_id": "p", "variant_id": 1}),
        ),
        adjustments=(DraftAdjustment("shipping", "Standard", 499, source="standard"),),
        shipping_label="Standard",
    )
    buyer = Buyer("ada@example.com", "Ada", ship_to={"name": "Ada", "line1": "1 Main Street", "country": "US"})
    order, _ = place_order(session, draft, buyer, source_key=f"test:{tag}")
    session.add(Payment(order_id=order.id, external_id=f"pi_{tag}", status="paid", amount_minor=TOTAL, currency="USD"))
    session.flush()
    set_payment_status(session, order, "paid")
    work = request_fulfilment(session, order)
    work.external_id, work.status, work.step, work.work_state = f"pfy{tag}", "submitted", "produce", "due"
    return Sale(order.id, work.id, f"pfy{tag}", f"pi_{tag}", order.number)


def parcel(number: str, delivered: bool = False) -> ParcelNews:
    return ParcelNews("usps", number, f"https://track.example/{number}", DELIVERED if delivered else None)


def told(
    sale: Sale, status: str, theirs: str, *parcels: ParcelNews, trouble: str = "", cost: int = 1500
) -> ProviderOrder:
    return ProviderOrder(
        sale.external_id, sale.number, status, theirs, cost, parcels, status in ("submitted", ""), trouble
    )


def tell(sale: Sale, news: ProviderOrder) -> None:
    write(lambda session: merge_news(session, news))


def refund(sale: Sale, refund_id: str, status: str, amount: int = 700) -> None:
    facts = RefundFacts(refund_id, sale.payment, amount, "USD", status, "", None)
    write(lambda session: merge_refund(session, facts))


def dispute(sale: Sale, status: str) -> None:
    facts = DisputeFacts("dp_1" + sale.payment, sale.payment, TOTAL, "USD", status, "fraudulent", None)
    write(lambda session: merge_dispute(session, facts))


def state(sale: Sale) -> dict[str, Any]:
    """All that must not depend on the order of the news."""
    look_anew()
    order = db.session.get_one(Order, sale.order_id)
    work = db.session.get_one(FulfilmentOrder, sale.work_id)
    parcels = db.session.execute(select(Shipment).where(Shipment.order_id == sale.order_id)).scalars()
    refunds = db.session.execute(select(Refund).where(Refund.order_id == sale.order_id)).scalars()
    disputes = db.session.execute(select(Dispute.status).where(Dispute.order_id == sale.order_id)).scalars()
    letters = db.session.execute(select(Letter.letter).where(Letter.order_id == sale.order_id)).scalars()
    found = {
        "order": (order.status, order.payment_status, order.fulfilment_status),
        "work": (work.status, work.step, work.work_state, work.is_held, work.provider_status, work.cost_minor),
        "parcels": sorted((p.number, p.carrier, p.delivered_at is not None) for p in parcels),
        "refunds": sorted((r.external_id, r.status, r.amount_minor) for r in refunds),
        "disputes": sorted(disputes),
        "letters": sorted(letters),
    }
    look_anew()
    return found


def steps_back(sale: Sale) -> list[str]:
    """Entries of the order's story that lower its fulfilment status."""
    look_anew()
    entries: Sequence[OrderEntry] = (
        db.session.execute(select(OrderEntry).where(OrderEntry.order_id == sale.order_id).order_by(OrderEntry.id))
        .scalars()
        .all()
    )
    return [
        f"{e.from_status} → {e.to_status}"
        for e in entries
        if e.from_status in FULFILMENT_RANK
        and e.to_status in FULFILMENT_RANK
        and FULFILMENT_RANK[e.to_status] < FULFILMENT_RANK[e.from_status]
    ]
