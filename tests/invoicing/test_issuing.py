"""What an invoice and its credit notes say: the facts of their moment, and sums that meet."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from shop.core.transaction import transaction
from shop.errors import Conflict
from shop.extensions import db
from shop.invoicing.finding import find_invoice, list_documents
from shop.invoicing.issuing import credited_rows, tax_rows
from shop.invoicing.models import Invoice
from shop.invoicing.sheet import sheet_of
from shop.orders.draft import DraftAdjustment, DraftLine, OrderDraft
from shop.orders.models import Order, OrderLine
from shop.orders.placing import Buyer, place_order
from shop.payments.gateway import RefundFacts
from shop.payments.models import Payment, Refund
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from shop.workflows.issue_invoice import issue_invoice
from shop.workflows.record_refund import merge_refund
from tests.admin.making import ADA
from tests.town import Town


def taxed_order(total: int = 11900, tax: int = 1900) -> Order:
    """Prices that include 19 % VAT, shipping within."""
    with transaction() as session:
        line = DraftLine(None, None, "Fern tee", "M", "FERN", 1, total - 500, 0, tax - 80)
        draft = OrderDraft(
            "EUR",
            (line,),
            (
                DraftAdjustment("shipping", "Standard", 500),
                DraftAdjustment("tax", "Includes 19% VAT", tax, included=True),
            ),
            locale="fr",
        )
        buyer = Buyer(email="ada@example.com", name="Ada", ship_to=ADA, bill_to=ADA)
        order, _ = place_order(session, draft, buyer, source_key="test:taxed")
        session.add(
            Payment(
                order_id=order.id,
                external_id="pi_x",
                status="paid",
                amount_minor=total,
                currency="EUR",
                method="Visa •••• 4242",
            )
        )
        order.payment_status = "paid"
    return order


def settings(**invoicing: Any) -> None:
    with transaction() as session:
        row = session.execute(select(StoreProfile)).scalar_one()
        row.invoicing = invoicing
        profile.touch_settings(session)
    profile.forget()


def refund(order: Order, amount: int, n: int, status: str = "succeeded") -> None:
    with transaction() as session:
        merge_refund(session, RefundFacts(f"re_{n}", "pi_x", amount, "EUR", status, "", None))


def test_an_invoice_says_who_sold_what_to_whom_with_which_tax(app: Flask) -> None:
    settings(tax_number="DE123456789", register_number="HRB 99")
    invoice = issue_invoice(taxed_order().id, who="Owner")
    facts = invoice.facts
    assert facts["seller"]["name"] == "Fern & Fable Studio"
    assert facts["seller"]["tax_number"] == "DE123456789"
    assert facts["buyer"]["address"][0] == "Ada Byron"
    assert facts["taxes"] == [{"label": "VAT 19%", "net_minor": 10000, "tax_minor": 1900}]
    assert (invoice.total_minor, invoice.tax_minor, invoice.name[-4:]) == (11900, 1900, "0001")
    assert facts["paid_with"] == "Visa •••• 4242"


def test_what_is_issued_stays_when_order_and_settings_change(app: Flask) -> None:
    order = taxed_order()
    before = dict(issue_invoice(order.id, who="Owner").facts)
    settings(tax_number="NEW")
    with transaction() as session:
        session.execute(select(OrderLine).where(OrderLine.order_id == order.id)).scalar_one().title = "Another thing"
        session.get_one(Order, order.id).bill_to = {"name": "Somebody else"}
    db.session.remove()
    again = issue_invoice(order.id, who="Somebody")
    assert again.facts == before
    assert again.issued_by == "Owner"


def test_without_an_address_there_is_no_invoice(app: Flask) -> None:
    order = taxed_order()
    with transaction() as session:
        session.execute(select(StoreProfile)).scalar_one().address = ""
        profile.touch_settings(session)
    profile.forget()
    with pytest.raises(Conflict, match="Settings → Invoices"):
        issue_invoice(order.id, who="Owner")
    assert find_invoice(db.session(), order.id) is None


def test_each_refund_has_its_credit_note_and_together_they_are_the_invoice(app: Flask) -> None:
    order = taxed_order()
    invoice = issue_invoice(order.id, who="Owner")
    for n, amount in enumerate((3333, 3333, 5234)):
        refund(order, amount, n)
        refund(order, amount, n)
    db.session.remove()
    _, *notes = list_documents(db.session(), order.id)
    assert [n.name[-4:] for n in notes] == ["0001", "0002", "0003"]
    assert all(n.corrects_id == invoice.id for n in notes)
    assert sum(n.total_minor for n in notes) == invoice.total_minor
    assert sum(n.tax_minor for n in notes) == invoice.tax_minor
    assert sum(n.facts["taxes"][0]["net_minor"] for n in notes) == 10000


def test_a_refund_on_its_way_has_no_credit_note_yet(app: Flask) -> None:
    order = taxed_order()
    issue_invoice(order.id, who="Owner")
    refund(order, 1000, 1, "pending")
    assert len(list_documents(db.session(), order.id)) == 1
    refund(order, 1000, 1)
    assert len(list_documents(db.session(), order.id)) == 2


def test_a_refund_before_the_invoice_gets_its_credit_note_with_it(app: Flask) -> None:
    order = taxed_order()
    refund(order, 1000, 1)
    assert list_documents(db.session(), order.id) == []
    issue_invoice(order.id, who="Owner")
    assert [d.kind for d in list_documents(db.session(), order.id)] == ["invoice", "credit_note"]
    assert db.session.execute(select(Refund)).scalar_one().status == "succeeded"


def test_a_paid_order_gets_its_invoice_by_itself_where_the_shop_wants_it(town: Town) -> None:
    order = town.paid_order()
    assert find_invoice(db.session(), order.id) is None
    settings(automatic=True)
    order = town.paid_order()
    town.buyer.come_back("cs_unknown")
    found = find_invoice(db.session(), order.id)
    assert found is not None
    assert found.total_minor == order.total_minor


@given(st.integers(1, 90_000), st.integers(0, 3000), st.integers(0, 3000), st.lists(st.integers(1, 100), max_size=6))
def test_credit_notes_never_lose_a_cent(net: int, tax: int, untaxed: int, shares: list[int]) -> None:
    total = net + untaxed + tax
    rows = [{"label": "VAT", "net_minor": net, "tax_minor": tax}, {"label": "", "net_minor": untaxed, "tax_minor": 0}]
    left, notes = total, []
    for share in [*shares, 100]:
        amount = max(1, left * share // 100)
        if not left:
            break
        notes.append(credited_rows(rows, notes, invoice_total=total, credited_before=total - left, amount=amount))
        assert sum(r["net_minor"] + r["tax_minor"] for r in notes[-1]) == amount
        left -= amount
    for i, row in enumerate(rows):
        assert sum(note[i]["tax_minor"] for note in notes) == row["tax_minor"]
        assert sum(note[i]["net_minor"] for note in notes) == row["net_minor"]


def test_shipping_without_tax_stands_in_a_row_of_its_own() -> None:
    lines = [{"total_minor": 10000, "tax_minor": 1000}]
    rows = tax_rows(lines, [("Tax 10%", 1000)], 500, 11500)
    assert rows == [
        {"label": "Tax 10%", "net_minor": 10000, "tax_minor": 1000},
        {"label": "", "net_minor": 500, "tax_minor": 0},
    ]


def test_an_invoice_in_another_currency_tells_the_tax_in_the_sellers_own(app: Flask) -> None:
    order = taxed_order()
    with transaction() as session:
        values = {"store_currency": "USD", "rate": "0.8", "to_store": "1.25"}
        session.execute(update(Order).where(Order.id == order.id).values(values))
    refund(order, 5950, 1)
    invoice = issue_invoice(order.id, who="Owner")
    label, amount, _ = sheet_of(invoice).totals[-1]
    assert "1 USD" in label and "0,8 EUR" in label and amount == "23,75\xa0$US"
    note = db.session.execute(select(Invoice).where(Invoice.kind == "credit_note")).scalar_one()
    assert sheet_of(note).totals[-1][1] == "11,88\xa0$US"
