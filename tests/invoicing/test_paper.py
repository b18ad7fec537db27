"""The PDF says what the page says, in any alphabet, whatever a name contains."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from pypdf import PdfReader

from shop.core.transaction import transaction
from shop.invoicing.paper import Brand
from shop.invoicing.pdf import draw_document, draw_packing_slips
from shop.invoicing.sheet import sheet_of
from shop.orders.models import Order
from shop.workflows.issue_invoice import issue_invoice
from shop.workflows.packing_slips import slips_for
from tests.admin import making

HOSTILE = "<b>Ada</b> & <font size=90>&lt;script&gt;</para>\x00\x1b"


def pages(body: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(body)).pages]


def an_order(name: str) -> Order:
    with transaction() as session:
        return making.paid_order(session, name=name)


@pytest.mark.parametrize(
    "name", ["Łukasz Żółć", "Ελένη Παπαδοπούλου", "Дмитрий Щукин", "Ağaoğlu Işık", HOSTILE.replace("\x00", "")]
)
def test_a_name_in_any_alphabet_reads_back_as_it_is(app: Flask, name: str) -> None:
    body = draw_document(sheet_of(issue_invoice(an_order(name).id, who="Owner")), Brand("Fern & Fable"))
    assert name.replace("\x1b", "") in " ".join("".join(pages(body)).split("\n")).replace("  ", " ")


def test_east_asian_names_do_not_break_the_page(app: Flask) -> None:
    body = draw_document(sheet_of(issue_invoice(an_order("山田 太郎 김철수 ヤマダ").id, who="Owner")), Brand("Fern"))
    assert "INV-" in pages(body)[0]


def test_the_pdf_has_number_totals_and_seller(app: Flask) -> None:
    invoice = issue_invoice(an_order("Ada Byron").id, who="Owner")
    said = pages(draw_document(sheet_of(invoice), Brand("Fern & Fable", "not a colour", b"not a picture", "US")))[0]
    for part in (invoice.name, "$60.99", "Fern & Fable Studio", "Fern Study tee", "12 Mill Lane"):
        assert part in said


def test_the_same_invoice_is_the_same_file(app: Flask) -> None:
    invoice = issue_invoice(an_order("Ada").id, who="Owner")
    assert draw_document(sheet_of(invoice), Brand("F")) == draw_document(sheet_of(invoice), Brand("F"))


def test_a_long_word_and_many_lines_stay_on_the_paper(app: Flask) -> None:
    invoice = issue_invoice(an_order("W" * 200).id, who="Owner")
    sheet = sheet_of(invoice)
    long = type(sheet)(**{**sheet.__dict__, "lines": sheet.lines * 60})
    body = draw_document(long, Brand("F"))
    assert len(pages(body)) >= 3
    assert "Description" in pages(body)[1]


def test_packing_slips_are_one_a_page_and_show_no_price(app: Flask) -> None:
    found = [an_order(name).number for name in ("Ada", "Grace", "Дмитрий")]
    with transaction() as session:
        slips = slips_for(session, found)
    said = pages(draw_packing_slips(slips, Brand("Fern")))
    assert len(said) == 3
    for page, number in zip(said, found, strict=True):
        assert number in page
        assert "$" not in page
