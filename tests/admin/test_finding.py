"""Find anything, saved views, and the dashboard's page."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select

from shop.accounts.models import SavedView
from shop.accounts.saved_views import MOST_VIEWS
from shop.core.transaction import transaction
from shop.extensions import db
from tests.admin import making
from tests.admin.conftest import Staff, counting


def views() -> int:
    return int(db.session.execute(select(func.count()).select_from(SavedView)).scalar_one())


def test_everything_is_found_by_its_beginning(staff: Staff) -> None:
    with transaction() as session:
        order = making.paid_order(session, name="Grace Hopper")
        number = order.number
    assert number in staff.get("/admin/find?q=hopp").text
    assert "Settings: Taxes" in staff.get("/admin/find?q=vat").text
    assert "Nothing is called that" in staff.get("/admin/find?q=zzzzzz").text
    assert "Orders" in staff.get("/admin/find").text


def test_a_fragment_is_only_the_hits(staff: Staff) -> None:
    text = staff.get("/admin/find?q=orders", headers={"HX-Request": "true"}).text
    assert "<html" not in text
    assert "/admin/orders" in text


def test_finding_asks_the_same_number_of_questions_however_much_there_is(staff: Staff) -> None:
    counts = []
    for _ in range(2):
        with transaction() as session:
            for _ in range(4):
                making.paid_order(session, name="Grace Hopper")
        with counting() as seen:
            staff.get("/admin/find?q=hopper")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_hostile_words_find_nothing_and_break_nothing(staff: Staff) -> None:
    for q in (
        "%00",
        "'; drop table orders;--",
        "%25%25%25",
        "_" * 400,
        "\\",
        "((((",
        "<script>alert(1)</script>",
        "a" * 5000,
    ):
        answer = staff.get("/admin/find", query_string={"q": q})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text


def test_a_view_is_saved_shown_and_deleted(staff: Staff) -> None:
    page = staff.press(
        "/admin/views", {"list": "admin.orders", "query": "payment=refunded&page=3", "name": " Given  back "}
    )
    assert "Given back" in page
    assert 'aria-current="page">Given back' in page
    assert "page=3" not in db.session.execute(select(SavedView.query)).scalar_one()
    view_id = db.session.execute(select(SavedView.id)).scalar_one()
    assert "The view is deleted" in staff.press(f"/admin/views/{view_id}/delete", {"list": "admin.orders"})
    assert views() == 0


def test_the_same_name_again_replaces(staff: Staff) -> None:
    for payment in ("refunded", "paid"):
        staff.post("/admin/views", {"list": "admin.orders", "query": f"payment={payment}", "name": "Mine"})
    assert views() == 1
    assert db.session.execute(select(SavedView.query)).scalar_one() == "payment=paid"


def test_bad_views_are_refused_with_a_sentence(staff: Staff) -> None:
    fields = {"list": "admin.orders", "query": "q=x", "name": "x"}
    for change, words in (
        ({"name": ""}, "Give the view a name"),
        ({"name": "\0 \n"}, "Give the view a name"),
        ({"name": "x" * 41}, "At most 40"),
        ({"query": ""}, "Search or filter first"),
        ({"query": "csrf_token=secret"}, "Search or filter first"),
    ):
        assert words in staff.press("/admin/views", {**fields, **change})
    for page in ("", "admin.sign_in", "http://evil.example", "admin.order"):
        assert staff.post("/admin/views", {**fields, "list": page}).status_code == 404
    assert views() == 0


def test_views_are_bounded(staff: Staff) -> None:
    for n in range(MOST_VIEWS + 2):
        staff.post("/admin/views", {"list": "admin.orders", "query": "q=x", "name": f"View {n}"})
    assert views() == MOST_VIEWS


def test_who_may_only_look_saves_nothing(staff_as: Callable[[str], Staff]) -> None:
    viewer = staff_as("viewer")
    assert viewer.post("/admin/views", {"list": "admin.orders", "query": "q=x", "name": "x"}).status_code == 403
    assert "Save view" not in viewer.get("/admin/orders?q=x").text


def test_home_answers_for_every_period_with_the_same_questions(app: Flask, staff: Staff) -> None:
    with transaction() as session:
        for _ in range(3):
            making.paid_order(session)
    counts = set()
    for days in ("1", "7", "30", "90", "365", "x", "-1", "10" * 40):
        with counting() as seen:
            answer = staff.get(f"/admin/?days={days}")
        assert answer.status_code == 200
        assert "Conversion" in answer.text
        counts.add(len(seen))
    assert len(counts) == 1
