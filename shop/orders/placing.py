"""Place an order: two entrances (checkout, channels), one `place_order`."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.core import clock
from shop.core.secrets import new_token
from shop.orders.draft import OrderDraft
from shop.orders.models import Adjustment, Order, OrderLine
from shop.orders.numbers import new_number
from shop.orders.statuses import tell


@dataclass(frozen=True)
class Buyer:
    """Addresses: {"name","line1","line2","city","state","postal_code","country"}."""

    email: str
    name: str = ""
    phone: str = ""
    ship_to: dict[str, Any] = field(default_factory=dict)
    bill_to: dict[str, Any] = field(default_factory=dict)
    customer_id: int | None = None


def place_order(
    session: Session, draft: OrderDraft, buyer: Buyer, *, source_key: str, is_test: bool = False
) -> tuple[Order, bool]:
    """The order made from `draft`, and whether it is new.

    Unique on `source_key` ("checkout:17"): a repeat, at once or later, returns the first order. Prices are frozen
    here. The caller commits.
    """
    order_id = _insert_order(session, draft, buyer, source_key, is_test)
    order = session.execute(select(Order).where(Order.source_key == source_key)).scalar_one()
    if order_id is None:
        return order, False
    session.add_all(
        OrderLine(
            order_id=order.id,
            product_id=line.product_id,
            variant_id=line.variant_id,
            title=line.title,
            variant_title=line.variant_title,
            sku=line.sku,
            printable=line.printable,
            image=line.image,
            quantity=line.quantity,
            unit_minor=line.unit_minor,
            unit_cost_minor=line.unit_cost_minor,
            total_minor=line.total_minor,
            tax_minor=line.tax_minor,
            discount_minor=line.discount_minor,
            is_personalised=line.is_personalised,
        )
        for line in draft.lines
    )
    session.add_all(
        Adjustment(
            order_id=order.id,
            kind=a.kind,
            label=a.label,
            amount_minor=a.amount_minor,
            included=a.included,
            source=a.source,
            rate=Decimal(a.rate) if a.rate else None,
        )
        for a in draft.adjustments
    )
    tell(session, order, "placed", to_status="placed", for_buyer=True, why=f"Order placed ({draft.channel})")
    session.flush()
    return order, True


def _insert_order(session: Session, draft: OrderDraft, buyer: Buyer, source_key: str, is_test: bool) -> int | None:
    statement = (
        insert(Order)
        .values(
            number=new_number(),
            token=new_token(),
            source_key=source_key,
            channel=draft.channel,
            customer_id=buyer.customer_id,
            email=buyer.email,
            customer_name=buyer.name,
            phone=buyer.phone,
            ship_to=buyer.ship_to,
            bill_to=buyer.bill_to,
            locale=draft.locale,
            note=draft.note,
            currency=draft.currency,
            subtotal_minor=draft.subtotal_minor,
            shipping_minor=draft.sum_of("shipping"),
            tax_minor=draft.sum_of("tax"),
            discount_minor=-draft.sum_of("discount"),
            total_minor=draft.total_minor,
            store_currency=draft.store_currency or draft.currency,
            rate=Decimal(draft.rate),
            to_store=Decimal(draft.to_store),
            tax_included=draft.tax_included,
            shipping_method=draft.shipping_method,
            shipping_label=draft.shipping_label,
            is_test=is_test,
            placed_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["source_key"])
        .returning(Order.id)
    )
    return session.execute(statement).scalar()
