"""Orders, letters and failures in every state a merchant meets, as rows, without the long way there."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.catalog.models import CatalogRun, Product, SizeGuide, Variant
from shop.catalog.runs.keeping import add_items, open_run, recount
from shop.catalog.runs.models import ChangeRun
from shop.catalog.runs.saving import keep_save
from shop.catalog.runs.settling import Item
from shop.core import clock
from shop.drafts.models import DraftItem, DraftOrder
from shop.email.models import Letter
from shop.fulfilment.models import FulfilmentOrder, Shipment
from shop.fulfilment.requesting import line_for
from shop.inbound.models import InboundEvent
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.orders.models import Order, OrderLine
from shop.orders.placing import Buyer, place_order
from shop.outbound.models import OutboundCall
from shop.payments.models import Dispute, Payment, Refund

ADA = {
    "name": "Ada Byron",
    "line1": "12 Mill Lane",
    "line2": "",
    "city": "Portland",
    "state": "OR",
    "postal_code": "97209",
    "country": "US",
}
SHEET_FACTS = {
    "name": "spring.csv",
    "encoding": "UTF-8",
    "delimiter": "comma",
    "columns": ["Handle", "Title", "Price"],
    "unknown": ["Colour"],
    "lines": 2,
    "same": 0,
}
_numbers = count(1)


def paid_order(
    session: Session,
    *,
    name: str = "Ada Byron",
    email: str = "ada@example.com",
    unit_minor: int = 2800,
    quantity: int = 2,
    ago: timedelta = timedelta(0),
    payment_status: str = "paid",
    fulfilment_status: str = "requested",
    step: str = "submit",
    hold_reason: str = "",
    **columns: Any,
) -> Order:
    """An order that was paid, and its row at the print provider (finished, so that no job touches it)."""
    n = next(_numbers)
    line = DraftLine(
        None, None, "Fern Study tee", "Moss / M", f"FERN-{n}", quantity, unit_minor, 1200, 0,
        {"product_id": "p1", "variant_id": 11},
    )  # fmt: skip
    draft = OrderDraft(
        currency="USD",
        lines=(line,),
        adjustments=(DraftAdjustment("shipping", "Standard", 499),),
        shipping_label="Standard",
        tax_included=False,
    )
    buyer = Buyer(
        email=email, name=name, phone="+1 503 555 0100", ship_to={**ADA, "name": name}, bill_to={**ADA, "name": name}
    )
    order, _ = place_order(session, draft, buyer, source_key=f"test:{n}", is_test=True)
    order.payment_status, order.fulfilment_status = payment_status, fulfilment_status
    order.placed_at = clock.now() - ago
    for column, value in columns.items():
        setattr(order, column, value)
    session.add(
        Payment(
            order_id=order.id,
            external_id=f"pi_test_{n}",
            status="paid",
            amount_minor=order.total_minor,
            currency="USD",
            method="Visa •••• 4242",
        )
    )
    work = FulfilmentOrder(
        order_id=order.id,
        external_key=order.number,
        external_id=f"printify-{n}" if step != "submit" else None,
        status=fulfilment_status if fulfilment_status != "partly_shipped" else "in_production",
        step=step,
        is_held=bool(hold_reason),
        hold_reason=hold_reason,
        work_state="parked" if hold_reason else "done",
        error_text=hold_reason or None,
        error_kind="merchant" if hold_reason else None,
        error_at=clock.now() if hold_reason else None,
    )
    session.add(work)
    session.flush()
    made = session.query(OrderLine).filter_by(order_id=order.id)
    session.add_all(line_for(work.id, one, one.quantity) for one in made)
    session.flush()
    return order


def work_of(session: Session, order: Order) -> FulfilmentOrder:
    return session.query(FulfilmentOrder).filter_by(order_id=order.id).one()


def parcel(session: Session, order: Order, number: str = "9400100000", delivered: bool = False) -> Shipment:
    row = Shipment(
        fulfilment_order_id=work_of(session, order).id,
        order_id=order.id,
        carrier="usps",
        number=number,
        url="https://tools.usps.com/go/TrackConfirmAction?tLabels=" + number,
        delivered_at=clock.now() if delivered else None,
    )
    session.add(row)
    return row


def dispute(session: Session, order: Order, days: int = 3) -> Dispute:
    payment = session.query(Payment).filter_by(order_id=order.id).one()
    row = Dispute(
        payment_id=payment.id,
        order_id=order.id,
        external_id=f"dp_{order.id}",
        status="needs_response",
        reason="product_not_received",
        amount_minor=order.total_minor,
        currency="USD",
        evidence_due_at=clock.now() + timedelta(days=days),
    )
    session.add(row)
    order.payment_status = "disputed"
    session.flush()
    return row


def draft(session: Session, **columns: Any) -> DraftOrder:
    """With one thing in it that is for sale, where there is one."""
    row = DraftOrder(currency="USD", email="ada@example.com", customer_name="Ada Byron", ship_to=ADA)
    for column, value in columns.items():
        setattr(row, column, value)
    session.add(row)
    session.flush()
    variant = session.query(Variant).filter(Variant.is_available).order_by(Variant.id).first()
    if variant is not None:
        session.add(
            DraftItem(draft_id=row.id, variant_id=variant.id, quantity=2, seen_minor=variant.price_minor, own_minor=900)
        )
    return row


def letter(session: Session, state: str = "done", *, kind: str = "order_confirmation", **columns: Any) -> Letter:
    from shop.email.samples import sample_facts

    n = next(_numbers)
    row = Letter(
        letter=kind,
        subject_key=f"order:{n}",
        to_email="ada@example.com",
        facts=sample_facts(kind),
        work_state=state,
        provider="smtp" if state == "done" else "",
        subject_line="We have your order" if state == "done" else "",
        finished_at=clock.now() if state == "done" else None,
    )
    if state == "parked":
        row.error_text, row.error_kind, row.error_at = "smtp: 550 no such mailbox", "merchant", clock.now()
        row.attempts = 1
    for column, value in columns.items():
        setattr(row, column, value)
    session.add(row)
    session.flush()
    return row


def parked_event(session: Session, **columns: Any) -> InboundEvent:
    n = next(_numbers)
    row = InboundEvent(
        source="printify",
        external_id=f"evt-{n}",
        topic="order:updated",
        subject_id=f"printify-{n}",
        payload={"id": f"evt-{n}", "resource": {"id": f"printify-{n}"}, "secret": "whsec_verysecretvalue"},
        work_state="parked",
        error_kind="us",
        error_text="printify: an order without line items",
        error_at=clock.now(),
        attempts=1,
    )
    for column, value in columns.items():
        setattr(row, column, value)
    session.add(row)
    session.flush()
    return row


def parked_refund(session: Session, order: Order, amount_minor: int = 500) -> Refund:
    payment = session.query(Payment).filter_by(order_id=order.id).one()
    row = Refund(
        payment_id=payment.id,
        order_id=order.id,
        amount_minor=amount_minor,
        currency="USD",
        reason="Chipped mug",
        requested_by="Owner",
        work_state="parked",
        error_kind="merchant",
        error_text="stripe: 400 charge_disputed",
        error_at=clock.now(),
        attempts=1,
    )
    session.add(row)
    session.flush()
    return row


def stopped_submission(session: Session) -> Order:
    """The print provider refused the address."""
    order = paid_order(session, name="Grace Hopper", email="grace@example.com")
    work = work_of(session, order)
    work.work_state, work.error_kind, work.attempts = "parked", "merchant", 1
    work.error_text, work.error_at = "printify: 400 code 8150: the address is missing a postal code", clock.now()
    session.add(
        OutboundCall(
            service="printify",
            subject=f"fulfilment:{work.id}",
            request="POST /v1/shops/815256/orders.json",
            status=400,
            answer='{"status": "error", "code": 8150, "errors": {"reason": "zip is required"}}',
            took_ms=212,
        )
    )
    session.flush()
    return order


def product(session: Session, title: str = "Fern Study tee", variants: int = 6, **columns: Any) -> Product:
    n = next(_numbers)
    row = Product(
        slug=f"product-{n}",
        title=title,
        product_type="T-shirts",
        price_min_minor=2400,
        price_max_minor=2800,
        external_id=f"ext-{n}",
        card={"image": None},
    )
    for column, value in columns.items():
        setattr(row, column, value)
    session.add(row)
    session.flush()
    session.add_all(
        Variant(product_id=row.id, external_id=n * 100 + i, title=f"V{i}", price_minor=2400, is_available=i > 0)
        for i in range(variants)
    )
    return row


def catalog_run(session: Session, state: str = "done", outcome: str = "completed", **columns: Any) -> CatalogRun:
    row = CatalogRun(
        cause="button",
        work_state=state,
        outcome=outcome,
        pages_done=3,
        pages_total=8,
        created_count=4,
        changed_count=2,
        unchanged_count=30,
        plan={"change": [{"external_id": "a", "title": "Tide Lines mug", "reason": "price of 2 variants"}]},
        started_at=clock.now() - timedelta(seconds=40),
        finished_at=clock.now() if state == "done" else None,
    )
    for column, value in columns.items():
        setattr(row, column, value)
    session.add(row)
    session.flush()
    return row


def many_products(session: Session, products: int, variants_each: int = 4) -> None:
    """By two statements: "p1", "p2", … each variant at 24.00."""
    session.execute(
        text("""INSERT INTO products (slug, title, description_html, product_type, brand, tags, status, seo_title,
                  seo_description, options, safety_html, price_min_minor, price_max_minor, in_stock, sold_count,
                  source_hash, edited_fields, card, document)
                SELECT 'p' || n, 'Product ' || n, '<p>Soft.</p>', '', '', '{}', 'active', '', '', '[]', '', 2400, 2400,
                       true, 0, 'x', '{}', '{}', '{}' FROM generate_series(1, :n) n"""),
        {"n": products},
    )
    session.execute(
        text("""INSERT INTO variants (product_id, external_id, sku, title, option_value_ids, price_minor, cost_minor,
                  grams, is_available, is_default, position)
                SELECT p.id, v, 'S' || p.id || '-' || v, 'V' || v, '{}', 2400, 900, 0, true, v = 1, v
                  FROM products p, generate_series(1, :n) v"""),
        {"n": variants_each},
    )


def change_run(session: Session, product_id: int) -> ChangeRun:
    """A file of two lines: one that was applied, one that could not be used; and a save of the same product."""
    run = open_run(session, "csv", "File spring.csv", "Owner", "applied", facts=SHEET_FACTS, total=2, progress=2)
    was = session.execute(text("SELECT title FROM products WHERE id = :id"), {"id": product_id}).scalar()
    done = Item(0, product_id, 0, "title", "An earlier title", was, 2, False, "done")
    wrong = Item(0, product_id, 0, "Price", None, "free", 3, False, "wrong", "Price is not an amount.")
    add_items(session, run.id, [done, wrong])
    recount(session, run.id)
    keep_save(session, product_id, [done], "Owner")
    return run


def size_guide(session: Session) -> SizeGuide:
    row = SizeGuide(
        name="Our tees",
        columns=["Size", "Width", "Length"],
        rows=[["S", "45", "70"], ["M", "50", "72"]],
        note_html="<p>Falls true to size.</p>",
    )
    session.add(row)
    session.flush()
    return row
