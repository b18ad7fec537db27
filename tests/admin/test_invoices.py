"""Invoices and packing slips in the panel."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shop.core.transaction import transaction
from shop.orders.models import Order
from shop.tenancy import profile
from shop.workflows.issue_invoice import issue_invoice
from tests.admin import making
from tests.admin.conftest import Staff, counting

GOOD = {
    "legal_name": "Fern Ltd", "address": "1 Road\nTown", "tax_number": "DE1", "register_number": "", "footer": "IBAN",
    "prefix": "re-", "credit_prefix": "GS-", "with_year": "1", "automatic": "1", "do": "save",
}  # fmt: skip


def an_order(**how: object) -> Order:
    with transaction() as session:
        return making.paid_order(session, **how)  # type: ignore[arg-type]


def save(staff: Staff, **changes: str) -> object:
    page = staff.get("/admin/settings/invoices").text
    version = page.split('name="version" value="')[1].split('"')[0]
    return staff.post("/admin/settings/invoices", {**GOOD, "version": version, **changes})


def test_two_presses_issue_one_invoice(staff: Staff) -> None:
    number = an_order().number
    for _ in range(2):
        page = staff.press(f"/admin/orders/{number}/invoice")
        assert "INV-" in page and "0001 is issued" in page
    assert "Issue the invoice" not in staff.get(f"/admin/orders/{number}").text


def test_the_page_and_the_pdf_of_an_invoice(staff: Staff) -> None:
    invoice = issue_invoice(an_order(name="<script>alert(1)</script>").id, who="Owner")
    page = staff.get(f"/admin/invoices/{invoice.id}")
    assert "<script>alert" not in page.text and "&lt;script&gt;alert" in page.text
    answer = staff.get(f"/admin/invoices/{invoice.id}/pdf")
    assert answer.data.startswith(b"%PDF") and answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{invoice.name}.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_list_finds_by_its_number_and_by_the_orders(staff: Staff) -> None:
    order = an_order()
    name = issue_invoice(order.id, who="Owner").name
    for query in (name, name.lower(), order.number):
        assert name in staff.get("/admin/invoices", query_string={"q": query}).text
    for query in ("INV-1999-0001", "\x00'; DROP", "%"):
        assert "Nothing fits" in staff.get("/admin/invoices", query_string={"q": query}).text
    assert "Nothing fits" in staff.get("/admin/invoices?tab=credit_note").text


def test_the_list_costs_the_same_however_long(staff: Staff) -> None:
    def cost() -> int:
        with counting() as seen:
            staff.get("/admin/invoices")
        return len(seen)

    for _ in range(3):
        issue_invoice(an_order().id, who="Owner")
    few = cost()
    for _ in range(9):
        issue_invoice(an_order().id, who="Owner")
    assert cost() == few


def test_packing_slips_of_many_orders_cost_the_same(staff: Staff) -> None:
    numbers = [an_order().number for _ in range(9)]

    def cost(some: list[str]) -> int:
        with counting() as seen:
            assert staff.get("/admin/packing-slips", query_string={"orders": ",".join(some)}).status_code == 200
        return len(seen)

    assert cost(numbers[:3]) == cost(numbers)


@pytest.mark.parametrize(
    ("orders", "status"),
    [("", 422), (",,;", 422), ("\x00", 422), ("nonsense", 422), ("AAAA-AAAA", 404), ("AAAA-AAA2," * 201, 422)],
)
def test_packing_slips_refuse_what_is_no_order(staff: Staff, orders: str, status: int) -> None:
    for path in ("/admin/packing-slips", "/admin/packing-slips/pdf"):
        assert staff.get(path, query_string={"orders": orders}).status_code == status


def test_settings_are_kept_and_used(staff: Staff) -> None:
    assert save(staff).status_code == 303  # type: ignore[attr-defined]
    profile.forget()
    name = issue_invoice(an_order().id, who="Owner").name
    assert name.startswith("RE-20") and name.endswith("-0001")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("legal_name", ""), ("address", " "), ("prefix", "INV1"), ("prefix", "Ä-"), ("prefix", ""), ("prefix", "A" * 13),
        ("credit_prefix", "RE-"), ("tax_number", "1" * 41), ("footer", "x" * 301), ("prefix", "<b>"),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_beside_the_field(staff: Staff, field: str, value: str) -> None:
    answer = save(staff, **{field: value})
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert f'id="f-{field}-error"' in answer.text  # type: ignore[attr-defined]


def test_a_stale_form_of_the_settings_loses_nothing(staff: Staff) -> None:
    assert save(staff).status_code == 303  # type: ignore[attr-defined]
    answer = staff.post("/admin/settings/invoices", {**GOOD, "footer": "Mine", "version": "old"})
    assert answer.status_code == 409 and "Mine" in answer.text


def test_who_only_looks_cannot_issue(staff_as: Callable[[str], Staff]) -> None:
    number = an_order().number
    viewer = staff_as("viewer")
    assert viewer.post(f"/admin/orders/{number}/invoice").status_code == 403
    assert "Issue the invoice" not in viewer.get(f"/admin/orders/{number}").text
