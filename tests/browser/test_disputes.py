"""A merchant answers a dispute in a real browser: words, a document, one press; the bank has it once."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from shop.extensions import db
from shop.payments.models import Dispute
from tests.browser.axe import violations
from tests.browser.test_accessibility import a_page, sign_in
from tests.conftest import ADMIN_PASSWORD
from tests.town import Town

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def disputed(town: Town) -> Dispute:
    """Somebody bought a shirt, it was shipped, and their bank took the money back."""
    town.paid_order()
    charge = town.stripe.v1.charges.list({"limit": 1}).data[0]
    town.control("POST", f"stripe/charges/{charge.id}/dispute", reason="product_not_received")
    town.work()
    db.session.remove()
    return db.session.execute(select(Dispute)).scalar_one()


def test_evidence_with_a_document_is_seen_by_the_bank_once(town: Town, browser: Browser, tmp_path: Path) -> None:
    row = disputed(town)
    proof = tmp_path / "from the carrier.pdf"
    proof.write_bytes(PDF)
    with a_page(browser, town.url, "desktop") as page:
        page.goto("/admin/sign-in")
        sign_in(page, ADMIN_PASSWORD)
        page.wait_for_url(re.compile("/admin/$"))
        page.goto("/admin/disputes")
        page.locator("a.open").click()
        expect(page.locator(".quote")).to_contain_text("never came")
        assert violations(page) == []
        page.get_by_label("Carrier").fill("USPS")
        page.get_by_label("Proof of shipping").set_input_files(proof)
        page.get_by_role("button", name="Keep the draft").click()
        expect(page.get_by_text("The bank has not seen it yet")).to_be_visible()
        expect(page.get_by_role("link", name="shipping_documentation.pdf")).to_be_visible()
        send(page)
        expect(page.get_by_text("on its way to the bank", exact=False).first).to_be_visible()
        town.work()
        page.reload()
        expect(page.get_by_text("It can no longer be changed", exact=False)).to_be_visible()
        assert page.get_by_role("button", name="Send to the bank").count() == 0
        assert violations(page) == []
    theirs = town.stripe.v1.disputes.retrieve(row.external_id)
    assert theirs.evidence_details.submission_count == 1
    assert theirs.evidence.shipping_carrier == "USPS"
    assert town.stripe.v1.files.retrieve(theirs.evidence.shipping_documentation).size == len(PDF)


def send(page: Page) -> None:
    """Without the tick the page asks for it; with it, one press is one answer."""
    page.get_by_role("button", name="Send to the bank").click()
    expect(page.locator(".error-summary")).to_contain_text("whole answer")
    page.get_by_label("Yes, this is my whole answer", exact=False).check()
    page.get_by_role("button", name="Send to the bank").dblclick()
