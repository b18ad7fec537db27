"""Files in the panel: columns confirmed, dry run, taken in, report; and what is no file."""

from __future__ import annotations

import io

from sqlalchemy import select

from shop.accounts.models import Customer
from shop.channels.files.models import FileImport
from shop.extensions import db
from tests.admin.conftest import Staff
from tests.town import Town


def upload(staff: Staff, content: bytes, entity: str = "customers", name: str = "people.csv") -> object:
    sent = {"entity": entity, "file": (io.BytesIO(content), name)}
    return staff.post("/admin/files", sent, content_type="multipart/form-data")


def test_a_file_goes_its_way_and_its_report_is_no_formula(town: Town, staff: Staff) -> None:
    answer = upload(staff, b"Who,Mail\nAda,ada@example.com\n=1+1,=2+5\n")
    assert answer.status_code == 303  # type: ignore[attr-defined]
    where = answer.location  # type: ignore[attr-defined]
    page = staff.get(where).text
    assert "Which column is which" in page and "Mail (“ada@example.com”)" in page
    assert staff.post(f"{where}/check", {"column-name": "0"}).status_code == 422
    assert staff.post(f"{where}/check", {"column-name": "0", "column-email": "99"}).status_code == 422
    assert staff.post(f"{where}/check", {"column-name": "0", "column-email": "1"}).status_code == 303
    assert "being checked" in staff.get(where).text
    assert "Look at the dry run first." in staff.get(staff.post(f"{where}/apply").location).text
    town.work()
    page = staff.get(where).text
    assert "Take in 1" in page and "This is no e-mail address." in page
    report = staff.get(f"{where}/report.csv").text
    assert "3,'=2+5,Cannot be used,email,This is no e-mail address." in report
    staff.post(f"{where}/apply")
    town.work()
    assert db.session.execute(select(Customer.name)).scalars().all() == ["Ada"]
    assert "What it did" in staff.get(where).text and "people.csv" in staff.get("/admin/files").text
    again = upload(staff, b"Who,Mail\nEve,eve@example.com\n")
    assert "As you said for a file with the same headings" in staff.get(again.location).text  # type: ignore[attr-defined]


def test_what_is_no_file_is_said_beside_the_field(town: Town, staff: Staff) -> None:
    for content in (b"", b"only,headings\n", b"\x00"):
        assert upload(staff, content).status_code == 422  # type: ignore[attr-defined]
    assert upload(staff, b"a,b\n1,2\n", entity="robots").status_code == 422  # type: ignore[attr-defined]
    assert staff.post("/admin/files", {}).status_code == 422
    assert staff.get("/admin/files/99").status_code == 404
    assert db.session.execute(select(FileImport)).first() is None
