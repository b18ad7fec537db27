"""Everything that is held about a person, as a file that does not stay."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from jobs.privacy import drain
from shop.accounts.models import AuditEntry, Customer
from shop.core import clock
from shop.core.transaction import transaction
from shop.customers.models import PrivacyRequest
from shop.extensions import db
from shop.workflows.clean_up import run as clean_up
from tests.admin import making
from tests.admin.conftest import Staff
from tests.customers.people import again, bought, buyer
from tests.customers.test_erasing import EMAIL, NAME, a_life


@pytest.fixture
def ada(app: Flask) -> Customer:
    with transaction() as session:
        return buyer(session, EMAIL, NAME, phone="+1 503 555 0100", tags=["press"])


def only_request() -> PrivacyRequest:
    db.session.remove()
    return db.session.execute(select(PrivacyRequest)).scalar_one()


def test_the_file_holds_everything_and_nobody_else(staff: Staff, ada: Customer) -> None:
    with transaction() as session:
        making.letter(session, kind="contact_received", to_email="grace@example.com", facts={"name": "Grace Hopper"})
        bought(session, buyer(session, "grace@example.com", "Grace Hopper"))
    order = a_life(ada)
    page = staff.press("/admin/customers/1/export")
    assert "The file is being made" in page
    assert "being made already" in staff.press("/admin/customers/1/export")
    drain()
    request = only_request()
    answer = staff.get(f"/admin/customers/1/export/{request.id}")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    data = json.loads(archive.read("data.json"))
    assert data["customers"][0]["email"] == EMAIL
    assert [row["number"] for row in data["orders"]] == [order.number]
    assert data["orders"][0]["ship_to"]["line1"] == "12 Mill Lane"
    for table in (
        "payments",
        "refunds",
        "disputes",
        "shipments",
        "letters",
        "customer_notes",
        "carts",
        "inbound_events",
        "outbound_calls",
        "order_lines",
        "subscribers",
        "letter_consents",
    ):
        assert data[table], table
    whole = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "grace@example.com" not in whole
    assert '"token"' not in whole
    assert any(name.startswith("letters/") and name.endswith(".txt") for name in archive.namelist())
    assert EMAIL in archive.read("README.txt").decode()
    assert only_request().handed_out == 1
    told = {row.what for row in db.session.execute(select(AuditEntry)).scalars()}
    assert "download everything held" in told


def test_the_file_is_gone_after_seven_days(staff: Staff, ada: Customer) -> None:
    staff.press("/admin/customers/1/export")
    drain()
    url = f"/admin/customers/1/export/{only_request().id}"
    assert staff.get(url).status_code == 200
    assert staff.get(url.replace("customers/1", "customers/2")).status_code == 404
    clock.advance(timedelta(days=7, minutes=1))
    assert staff.get(url).status_code == 404
    clean_up()
    db.session.remove()
    assert db.session.execute(select(PrivacyRequest.file)).scalar_one() is None
    assert "gone by now" in staff.get("/admin/customers/1").text


def test_a_worker_that_dies_is_followed_by_another(
    staff: Staff, ada: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shop.workflows import export_customer

    class Killed(BaseException):
        pass

    def die(_: object) -> bytes:
        raise Killed

    staff.press("/admin/customers/1/export")
    with monkeypatch.context() as patched:
        patched.setattr(export_customer, "make_file", die)
        with pytest.raises(Killed):
            drain()
    clock.advance(timedelta(minutes=20))
    drain()
    assert only_request().file_bytes > 0


def test_erasing_by_the_page_asks_once_names_the_person_and_takes_the_files_too(staff: Staff, ada: Customer) -> None:
    staff.press("/admin/customers/1/export")
    drain()
    page = staff.get("/admin/customers/1").text
    assert "Yes, erase Ada Byron" in page
    assert "What stays" in page
    assert "Tick the box" in staff.press("/admin/customers/1/erase")
    assert again(ada).erased_at is None
    page = staff.press("/admin/customers/1/erase", {"sure": "1"})
    assert "Ada Byron is being erased" in page
    assert "erased already" in staff.press("/admin/customers/1/erase", {"sure": "1"})
    drain()
    assert only_request().kind == "erasure"
    page = staff.get("/admin/customers/1").text
    assert "Erased customer 1" in page
    assert "since the law wants books to be kept" in page
    assert "Erased customer" in staff.get("/admin/customers?tab=erased").text
    for path, data in (("note", {"note": "x"}), ("consent", {"accepts": "no"}), ("export", {})):
        assert "erased" in staff.press(f"/admin/customers/1/{path}", data)


def test_an_open_order_is_named_instead_of_the_button(staff: Staff, ada: Customer) -> None:
    with transaction() as session:
        order = bought(session, session.merge(ada), status="placed", fulfilment_status="requested")
        number = order.number
    page = staff.get("/admin/customers/1").text
    assert f"Order {number} is still to be shipped" in page
    assert "Erase for good" not in page
    assert "still to be shipped" in staff.press("/admin/customers/1/erase", {"sure": "1"})
    assert again(ada).erased_at is None
