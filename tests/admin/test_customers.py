"""The list of customers, the page of one, and what staff write there."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from shop.accounts.models import Customer
from shop.core.transaction import transaction
from shop.customers.models import ConsentChange, CustomerNote
from shop.extensions import db
from tests.admin.conftest import Staff, counting
from tests.customers.people import again, bought, buyer, give_back

MARKS = re.compile(r'name="marks" value="([^"]*)"')


@pytest.fixture
def ada(app: Flask) -> Customer:
    with transaction() as session:
        return buyer(session, phone="+1 503 555 0100", tags=["press"])


def form(staff: Staff, ada: Customer, **changes: str) -> dict[str, str]:
    """As the page fills it."""
    marks = MARKS.search(staff.get(f"/admin/customers/{ada.id}").text)
    assert marks is not None
    filled = {
        "name": "Ada Byron",
        "email": "ada@example.com",
        "phone": "+1 503 555 0100",
        "locale": "en",
        "tags": "press",
    }
    return {**filled, "marks": marks[1], **changes}


def test_an_empty_shop_says_what_comes_next(staff: Staff) -> None:
    assert "No customers yet" in staff.get("/admin/customers").text


def test_customers_are_found_by_name_address_and_telephone(staff: Staff, ada: Customer) -> None:
    with transaction() as session:
        buyer(session, "emilie@exemple.fr", "Émilie du Châtelet", phone="+33 1 23 45 67 89")
    for query in (
        "ada",
        "byr",
        "Byron ada",
        "ada@example.com",
        "example.com",
        "+1 503 555",
        "555 0100",
        "(503) 555-0100",
    ):
        page = staff.get("/admin/customers", query_string={"q": query}).text
        assert "Ada Byron" in page, query
        assert "Châtelet" not in page, query
    assert "Châtelet" in staff.get("/admin/customers", query_string={"q": "01 23 45 67 89"}).text
    assert "No customer fits" in staff.get("/admin/customers?q=nobody").text


def test_tabs_filters_and_sorting(staff: Staff, ada: Customer) -> None:
    with transaction() as session:
        grace = buyer(session, "grace@example.com", "Grace Hopper", accepts_marketing=True)
        bought(session, grace, unit_minor=9000, ago=timedelta(days=400))
        bought(session, grace)
        mary = buyer(session, "mary@example.com", "Mary Somerville", tags=["press", "friend"])
        bought(session, mary, ago=timedelta(days=400))
    names = {"Ada Byron", "Grace Hopper", "Mary Somerville"}
    expected = {
        "": names, "tab=bought": {"Grace Hopper", "Mary Somerville"}, "tab=never": {"Ada Byron"},
        "tab=returning": {"Grace Hopper"}, "tab=mail": {"Grace Hopper"}, "tab=erased": set(), "consent=no": names - {"Grace Hopper"},
        "tag=press": {"Ada Byron", "Mary Somerville"}, "tag=friend&country=us": {"Mary Somerville"}, "country=FR": set(),
        "orders_from=1&orders_to=1": {"Mary Somerville"}, "spent_from=100": {"Grace Hopper"}, "spent_to=0": {"Ada Byron"},
        "last_from=2026-01-01": {"Grace Hopper"}, "last_to=2026-01-01": {"Mary Somerville"},
        "tab=x&orders_from=abc&spent_from=zz&last_from=nonsense&sort=x&dir=y&page=-3": names,
    }  # fmt: skip
    for query, found in expected.items():
        page = staff.get(f"/admin/customers?{query}").text
        assert {name for name in names if name in page} == found, query
    for query, order in {
        "sort=name": "AGM",
        "sort=name&dir=down": "MGA",
        "sort=spent": "GMA",
        "sort=orders&dir=up": "AMG",
        "sort=last": "GMA",
    }.items():
        page = staff.get(f"/admin/customers?{query}").text
        assert (
            "".join(
                sorted(
                    "AGM",
                    key=lambda n: page.index({"A": ">Ada Byron<", "G": ">Grace Hopper<", "M": ">Mary Somerville<"}[n]),
                )
            )
            == order
        ), query


def test_hostile_searches_are_only_text(staff: Staff, ada: Customer) -> None:
    for query in ("'", "%", "\\", "a:*&|!", "<script>alert(1)</script>", "\x00", "(((", "é" * 300, "١٢٣٤٥", "' OR 1=1"):
        for name in ("q", "tag", "country", "spent_from", "last_from", "orders_to"):
            answer = staff.get("/admin/customers", query_string={name: query})
            assert answer.status_code == 200, (name, query)
            assert "<script>alert" not in answer.text


def test_statements_do_not_grow_with_customers_or_orders(staff: Staff, ada: Customer) -> None:
    def statements(path: str) -> int:
        staff.get(path)
        with counting() as seen:
            assert staff.get(path).status_code == 200
        return len(seen)

    paths = ("/admin/customers?sort=spent", f"/admin/customers/{ada.id}")
    with transaction() as session:
        give_back(session, bought(session, session.merge(ada)), 100)
    before = [statements(path) for path in paths]
    with transaction() as session:
        for n in range(9):
            other = buyer(session, f"c{n}@example.com", f"Customer {n}", tags=[f"t{n}"])
            bought(session, other)
            give_back(session, bought(session, session.merge(ada)), 100)
    assert [statements(path) for path in paths] == before
    assert max(before) <= 16


def test_many_are_tagged_and_untagged_at_once(staff: Staff, ada: Customer) -> None:
    with transaction() as session:
        grace = buyer(session, "grace@example.com", "Grace Hopper")
    ids = [str(ada.id), str(grace.id), "99999"]
    page = staff.press("/admin/customers/tags", {"customer": ids, "tag": "friend", "do": "add"})
    assert "“friend” given to 2 customers" in page
    assert "given to 0 customers" in staff.press(
        "/admin/customers/tags", {"customer": ids, "tag": "friend", "do": "add"}
    )
    assert again(ada).tags == ["press", "friend"]
    staff.press("/admin/customers/tags", {"customer": [str(ada.id)], "tag": "press", "do": "remove"})
    assert again(ada).tags == ["friend"]
    for bad in ({"tag": "x", "do": "add"}, {"customer": ["x"], "tag": "x", "do": "add"}, {"customer": ids, "tag": "", "do": "add"},
                {"customer": ids, "tag": "a,b", "do": "add"}, {"customer": ids, "tag": "x", "do": "burn"}, {"customer": ids, "tag": "x" * 41, "do": "add"}):  # fmt: skip
        assert "toast bad" in staff.press("/admin/customers/tags", bad), bad
    assert again(ada).tags == ["friend"]


def test_the_file_holds_the_view_and_no_formula(staff: Staff, ada: Customer) -> None:
    with transaction() as session:
        evil = buyer(session, "evil@example.com", '=HYPERLINK("http://evil.example")', phone="+49 30 1")
        bought(session, evil)
    answer = staff.get("/admin/customers.csv?tab=bought")
    assert answer.headers["Content-Type"].startswith("text/csv")
    lines = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [line[1] for line in lines] == ["E-mail", "evil@example.com"]
    assert lines[1][0].startswith("'=HYPERLINK")
    assert lines[1][2] == "'+49 30 1"
    assert lines[1][7:10] == ["1", "60.99", "USD"]


def test_the_file_is_made_piece_by_piece(staff: Staff) -> None:
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO customers (email, name) SELECT 'c' || n || '@example.com', 'C' || n FROM generate_series(1, 1203) n"
            )
        )
    with counting() as seen:
        answer = staff.get("/admin/customers.csv")
        assert len(answer.text.splitlines()) == 1204
    assert sum("FROM customers" in statement for statement in seen) == 3


def test_the_page_tells_all_there_is(staff: Staff, ada: Customer) -> None:
    with transaction() as session:
        ada = session.merge(ada)
        order = bought(session, ada)
        give_back(session, bought(session, ada), 1000)
    staff.press(f"/admin/customers/{ada.id}/note", {"note": "Likes moss"})
    page = staff.press(f"/admin/customers/{ada.id}/note", {"note": "Likes moss"})
    for told in (order.number, "$111.98", "$55.99", "$10.00", "12 Mill Lane", "Used 2 times", "Likes moss", "press"):
        assert told in page, told
    assert db.session.execute(select(CustomerNote)).scalars().one().who == "Owner"
    note = db.session.execute(select(CustomerNote.id)).scalar_one()
    assert "The note is removed" in staff.press(f"/admin/customers/{ada.id}/note/{note}/remove")
    assert "removed already" in staff.press(f"/admin/customers/{ada.id}/note/{note}/remove")


def test_details_are_saved_and_a_repeat_changes_nothing(staff: Staff, ada: Customer) -> None:
    filled = form(staff, ada, name="Ada Lovelace", email="ADA@Lovelace.example", tags="Friend, friend ,  old  friend")
    assert "Saved." in staff.press(f"/admin/customers/{ada.id}", filled)
    now = again(ada)
    assert (now.name, now.email, now.tags) == ("Ada Lovelace", "ada@lovelace.example", ["Friend", "old friend"])
    assert "Nothing was different" in staff.press(
        f"/admin/customers/{ada.id}",
        form(staff, ada, name="Ada Lovelace", email="ada@lovelace.example", tags="Friend, old friend"),
    )


def test_bad_details_come_back_with_the_reason_beside_the_field(staff: Staff, ada: Customer) -> None:
    with transaction() as session:
        buyer(session, "grace@example.com", "Grace Hopper")
    for field, value, said in (
        ("email", "", "is missing"), ("email", "nonsense", "not an e-mail address"), ("email", "grace@example.com", "Another customer has this address"),
        ("email", "a" * 250 + "@example.com", "too long"), ("name", "x" * 201, "too long"), ("phone", "call me", "not a telephone number"),
        ("locale", "xx", "choose one of the options"), ("tags", "x" * 41, "at most 40"), ("tags", ",".join(map(str, range(51))), "At most 50"),
        ("tags", "a\x00b", "letters, numbers and signs"),
    ):  # fmt: skip
        answer = staff.post(f"/admin/customers/{ada.id}", form(staff, ada, **{field: value}))
        assert answer.status_code == 422, (field, value)
        assert said in answer.text, (field, value)
    answer = staff.post(f"/admin/customers/{ada.id}", {})
    assert answer.status_code == 422
    assert again(ada).email == "ada@example.com"
    for path in ("", "/note", "/consent", "/note/1/remove", "/erase", "/export"):
        assert staff.post(f"/admin/customers/4711{path}").status_code in (303, 404), path
    assert staff.get("/admin/customers/99999999999999999999").status_code == 404


def test_the_second_of_two_editors_sees_what_changed(staff: Staff, ada: Customer) -> None:
    mine = form(staff, ada, name="Ada, Countess")
    staff.press(f"/admin/customers/{ada.id}", form(staff, ada, name="Ada Lovelace", phone="+44 20 7946 0000"))
    answer = staff.post(f"/admin/customers/{ada.id}", mine)
    assert answer.status_code == 422
    assert "Somebody else saved this" in answer.text
    assert "Ada Lovelace" in answer.text
    assert "Ada, Countess" in answer.text
    assert 'value="+44 20 7946 0000"' in answer.text
    assert again(ada).name == "Ada Lovelace"


def test_each_change_of_consent_is_a_row(staff: Staff, ada: Customer) -> None:
    url = f"/admin/customers/{ada.id}/consent"
    assert "How you know is missing" in staff.press(url, {"accepts": "yes", "why": ""})
    staff.press(url, {"accepts": "yes", "why": "Asked for it at the stall"})
    assert "It was so already" in staff.press(url, {"accepts": "yes", "why": "Again"})
    page = staff.press(url, {"accepts": "no"})
    assert "Asked for it at the stall" in page
    assert "wants no marketing mail" in page
    assert "toast bad" in staff.press(url, {"accepts": "perhaps"})
    rows = db.session.execute(select(ConsentChange).order_by(ConsentChange.id)).scalars().all()
    assert [(r.accepts, r.source, r.who) for r in rows] == [(True, "panel", "Owner"), (False, "panel", "Owner")]


def test_who_may_only_look_sees_no_forms(staff_as: Callable[[str], Staff], ada: Customer) -> None:
    viewer, support = staff_as("viewer"), staff_as("support")
    page = viewer.get(f"/admin/customers/{ada.id}").text
    assert "ada@example.com" in page
    assert 'name="marks"' not in page
    assert viewer.post(f"/admin/customers/{ada.id}/note", {"note": "x"}).status_code == 403
    assert support.post(f"/admin/customers/{ada.id}/note", {"note": "x"}).status_code == 303
    for path in ("export", "erase", "merge"):
        assert support.post(f"/admin/customers/{ada.id}/{path}").status_code == 403, path
    assert support.get("/admin/customers.csv").status_code == 403
    assert "Erase" not in support.get(f"/admin/customers/{ada.id}").text
