"""The page of the audit log."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select

from shop.accounts.audit_models import AuditEntry
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from tests.admin.conftest import Staff, counting
from tests.admin.test_product_editor import form_of


def some_entries(count: int) -> None:
    with transaction() as session:
        session.add_all(
            AuditEntry(
                who="ada@example.com" if n % 2 else "API key Warehouse",
                what="update product",
                subject=f"product {n}",
                before={"title": f"Old {n}"},
                after={"title": f"New {n}"},
                at=clock.now() - timedelta(minutes=n),
            )
            for n in range(count)
        )


def test_what_staff_change_in_the_panel_is_written_down(staff: Staff) -> None:
    form = form_of(staff.get("/admin/collections/1").text)
    firefox = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    answer = staff.post("/admin/collections/1", {**form, "title": "Other things"}, headers={"User-Agent": firefox})
    assert answer.status_code == 303
    entry = db.session.execute(select(AuditEntry).where(AuditEntry.subject == "collection 1")).scalars().first()
    assert entry is not None
    assert (entry.who, entry.staff_id, entry.address) == ("admin@example.com", 1, "127.0.0.1")
    assert entry.browser == "Firefox on Linux" and len(entry.request_id) == 16
    assert entry.after["title"] == "Other things" and entry.before["title"] != "Other things"
    text = staff.get("/admin/staff/audit").text
    assert "Collection 1" in text or "collection 1" in text
    assert "Other things" in text and "Firefox on Linux" in text


def test_looking_at_pages_leaves_no_entry(staff: Staff) -> None:
    for path in ("/admin/", "/admin/orders", "/admin/settings", "/admin/staff/audit"):
        assert staff.get(path).status_code == 200
    assert db.session.execute(select(AuditEntry)).first() is None


def test_it_is_filtered_by_person_thing_and_date(staff: Staff) -> None:
    some_entries(4)
    by_key = staff.get("/admin/staff/audit?person=API+key").text
    assert "product 2" in by_key and ">product 1<" not in by_key
    assert "product 3" not in staff.get("/admin/staff/audit?subject=product+1").text
    tomorrow = (clock.now() + timedelta(days=1)).date()
    assert "No entry fits" in staff.get(f"/admin/staff/audit?from={tomorrow}").text
    assert "product 3" in staff.get(f"/admin/staff/audit?to={tomorrow}").text


def test_odd_filters_are_left_out(staff: Staff) -> None:
    some_entries(1)
    for query in (
        "from=yesterday",
        "to=9999-99-99",
        "after=x~y",
        "after=2026-01-01~1",
        "after=~",
        "page=-1",
        "from=0001-01-01",
    ):
        answer = staff.get(f"/admin/staff/audit?{query}")
        assert answer.status_code == 200 and "product 0" in answer.text, query
    for query in (
        "person=%00",
        "subject=%25",
        "subject=" + "x" * 9000,
        "person=%27%20OR%201=1",
        "after=2026-01-01T00:00:00%2B00:00~1",
    ):
        assert staff.get(f"/admin/staff/audit?{query}").status_code == 200, query


def test_older_entries_are_one_page_on_and_none_is_lost_or_doubled(staff: Staff) -> None:
    some_entries(120)
    seen: list[str] = []
    url: str | None = "/admin/staff/audit"
    while url:
        text = staff.get(url).text
        seen += [part.split("<")[0] for part in text.split('<span class="subject">')[1:]]
        url = (
            text.split('" rel="next"')[0].rpartition('href="')[2].replace("&amp;", "&")
            if 'rel="next"' in text
            else None
        )
    assert seen == [f"product {n}" for n in range(120)]


def test_the_page_asks_as_often_for_many_entries_as_for_few(app: Flask, staff: Staff) -> None:
    some_entries(3)
    staff.get("/admin/staff/audit")
    with counting() as few:
        staff.get("/admin/staff/audit")
    some_entries(60)
    with counting() as many:
        staff.get("/admin/staff/audit")
    assert len(few) == len(many) <= 6
