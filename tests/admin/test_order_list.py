"""Filters, orders of the rows, many orders at once, and orders as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from shop.core.transaction import transaction
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.exporting import safe
from shop.orders.models import Order, OrderEntry
from tests.admin import making
from tests.admin.conftest import Staff, counting


def numbers(page: str, orders: list[Order]) -> list[int]:
    """The orders (by their place) that a page shows, as they stand."""
    found = [(page.find(f'">{o.number}</a>'), n) for n, o in enumerate(orders)]
    return [n for at, n in sorted(found) if at >= 0]


@pytest.fixture
def three(app: object) -> list[Order]:
    with transaction() as session:
        made = [
            making.paid_order(session, name="Ada", unit_minor=1000, ago=timedelta(days=1)),
            making.paid_order(session, name="Bea", unit_minor=3000, ago=timedelta(days=3), tags=["Gift", "VIP"]),
            making.paid_order(session, name="Cleo", unit_minor=2000, ago=timedelta(days=40), channel="etsy"),
        ]
        made[2].ship_to = {**made[2].ship_to, "country": "DE"}
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2]),
        ("dir=asc&sort=placed", [2, 1, 0]),
        ("sort=total", [1, 2, 0]),
        ("sort=customer", [0, 1, 2]),
        ("sort=customer&dir=desc", [2, 1, 0]),
        ("tag=Gift", [1]),
        ("country=de", [2]),
        ("channel=etsy", [2]),
        ("channel=storefront&low=30", [1]),
        ("low=24.99&high=46", [0, 2]),
        ("since=nonsense&until=9999-99-99&low=abc&country=XX&sort=x&dir=y", [0, 1, 2]),
        ("since=9999-12-31&until=0001-01-01", [0, 1, 2]),
        ("tag=%00&channel=%00", [0, 1, 2]),
    ],
)
def test_filters_and_orders_of_the_rows(staff: Staff, three: list[Order], query: str, expected: list[int]) -> None:
    assert numbers(staff.get(f"/admin/orders?{query}").text, three) == expected


def test_days_include_their_ends(staff: Staff, three: list[Order]) -> None:
    since, until = (f"{three[n].placed_at:%Y-%m-%d}" for n in (1, 0))
    assert numbers(staff.get(f"/admin/orders?since={since}&until={until}").text, three) == [0, 1]


def test_each_filter_can_be_taken_away_alone(staff: Staff, three: list[Order]) -> None:
    page = staff.get("/admin/orders?tag=Gift&country=US&q=bea").text
    assert 'href="/admin/orders?q=bea&amp;country=US"' in page and 'href="/admin/orders?q=bea&amp;tag=Gift"' in page


def test_rows_that_are_equal_are_on_one_page_each(staff: Staff, app: object) -> None:
    with transaction() as session:
        made = [making.paid_order(session, name="Same") for _ in range(60)]
        session.execute(text("UPDATE orders SET placed_at = '2026-01-01'"))
    for sort in ("placed", "total", "customer"):
        seen = [n for page in (1, 2) for n in numbers(staff.get(f"/admin/orders?sort={sort}&page={page}").text, made)]
        assert sorted(seen) == list(range(60)), sort


def test_what_is_archived_has_its_own_tab_and_is_found_by_words(staff: Staff, three: list[Order]) -> None:
    staff.get("/admin/orders")
    done = staff.press("/admin/orders/bulk", {"do": "archive", "order": [str(three[0].id), str(three[1].id)]})
    assert "2 orders are archived" in done
    assert numbers(staff.get("/admin/orders").text, three) == [2]
    assert numbers(staff.get("/admin/orders?tab=archived").text, three) == [0, 1]
    assert numbers(staff.get("/admin/orders?q=bea").text, three) == [1]
    assert staff.get("/admin/orders", query_string={"q": three[0].number}).status_code == 303
    assert "so already" in staff.press("/admin/orders/bulk", {"do": "archive", "order": str(three[0].id)})
    back = staff.press("/admin/orders/bulk", {"do": "unarchive", "order": str(three[0].id), "back": "order"})
    assert "out of the archive" in back and f"<h1>{three[0].number}</h1>" in back
    told = db.session.execute(
        select(OrderEntry.why).where(OrderEntry.order_id == three[0].id, OrderEntry.what == "staff")
    )
    assert list(told.scalars()) == ["Archived", "Taken out of the archive"]


def test_all_that_fit_are_archived_and_nothing_else(staff: Staff, three: list[Order]) -> None:
    staff.get("/admin/orders")
    done = staff.press("/admin/orders/bulk", {"do": "archive", "all": "1", "country": "US", "order": str(three[2].id)})
    assert "2 orders are archived" in done
    assert numbers(staff.get("/admin/orders").text, three) == [2]


def test_many_are_submitted_at_once_but_not_what_is_on_hold(staff: Staff) -> None:
    with transaction() as session:
        waiting = [making.paid_order(session) for _ in range(2)]
        held = making.paid_order(session, hold_reason="Look at it")
        made = making.paid_order(session, fulfilment_status="in_production", step="watch")
    staff.get("/admin/orders")
    chosen = [str(o.id) for o in (*waiting, held, made)]
    done = staff.press("/admin/orders/bulk", {"do": "release", "order": chosen})
    assert "2 go to print now. 1 on hold" in done and "1 left as they were" in done
    states = {w.order_id: w.work_state for w in db.session.execute(select(FulfilmentOrder)).scalars()}
    assert [states[o.id] for o in (*waiting, held)] == ["due", "due", "parked"]


@pytest.mark.parametrize(
    "form", [{}, {"do": "archive"}, {"do": "archive", "order": "x"}, {"do": "fly", "order": "1"}, {"order": "9" * 30}]
)
def test_a_bad_choice_changes_nothing(staff: Staff, three: list[Order], form: dict[str, str]) -> None:
    staff.get("/admin/orders")
    assert 'class="toast bad"' in staff.press("/admin/orders/bulk", form)
    assert numbers(staff.get("/admin/orders").text, three) == [0, 1, 2]


def test_who_may_only_help_buyers_submits_nothing(staff_as: Callable[[str], Staff], three: list[Order]) -> None:
    support = staff_as("support")
    assert "Submit to print" not in support.get("/admin/orders").text
    answer = support.post("/admin/orders/bulk", {"do": "release", "order": str(three[0].id)})
    assert answer.status_code == 403


def test_packing_slips_of_the_chosen(staff: Staff, three: list[Order]) -> None:
    staff.get("/admin/orders")
    answer = staff.post("/admin/orders/bulk", {"do": "slips", "order": [str(three[0].id), str(three[1].id)]})
    assert three[0].number in answer.location and three[1].number in answer.location
    assert staff.get(answer.location).status_code == 200


def rows_of(staff: Staff, query: str) -> list[dict[str, str]]:
    answer = staff.get(f"/admin/orders/export.csv?{query}")
    assert answer.mimetype == "text/csv" and "attachment; filename=" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_file_holds_what_the_list_shows(staff: Staff, three: list[Order]) -> None:
    rows = rows_of(staff, "country=US")
    assert [(r["Customer"], r["Total"], r["Country"], r["Items"]) for r in rows] == [
        ("Ada", "24.99", "US", "2"), ("Bea", "64.99", "US", "2"),
    ]  # fmt: skip
    lines = rows_of(staff, f"rows=lines&bom=1&only={three[2].id},x,{10**17}")
    assert [(r["Order"], r["Product"], r["Quantity"], r["Unit price"]) for r in lines] == [
        (three[2].number, "Fern Study tee", "2", "20.00")
    ]
    assert staff.get("/admin/orders/export.csv?bom=1").data.startswith(b"\xef\xbb\xbf")
    assert not staff.get("/admin/orders/export.csv").data.startswith(b"\xef\xbb\xbf")
    assert "2 orders" in staff.get("/admin/orders/export?country=US").text


def test_no_cell_is_a_formula(staff: Staff) -> None:
    for evil in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        assert safe(evil).startswith("'")
    assert safe("Ada =") == "Ada ="
    with transaction() as session:
        making.paid_order(session, name='=HYPERLINK("http://evil")', note='-2+3\n"quoted", ünïcode', tags=["@x"])
    (row,) = rows_of(staff, "")
    assert row["Customer"].startswith("'=HYPER") and row["Note"] == '\'-2+3\n"quoted", ünïcode' and row["Tags"] == "'@x"


def test_a_file_takes_one_statement_however_long_and_a_viewer_none(
    staff: Staff, staff_as: Callable[[str], Staff]
) -> None:
    with transaction() as session:
        for _ in range(30):
            making.paid_order(session)
    with counting() as seen:
        assert len(rows_of(staff, "rows=lines")) == 30
    assert len([s for s in seen if "FROM orders" in s]) == 1
    assert staff_as("viewer").get("/admin/orders/export.csv").status_code == 403


def test_long_lists_walk_indexes(staff: Staff) -> None:
    """With 20,000 orders: no way of asking reads many in vain, by the database's own account."""
    from sqlalchemy import event

    from shop.admin.order_search import read_asked, search_orders

    with transaction() as session:
        making.paid_order(session)
        session.execute(text(MANY))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE orders"))
    plans: list[str] = []

    def explain(_c: object, _cur: object, statement: str, parameters: object, *_: object) -> None:
        if "FROM orders" in statement and not statement.startswith("EXPLAIN"):
            with db.engine.connect() as other:
                told = other.exec_driver_sql("EXPLAIN (ANALYZE, TIMING OFF) " + statement, parameters)  # type: ignore[arg-type]
                plans.append(statement[:300] + "\n" + "\n".join(row[0] for row in told))

    for query in (
        {}, {"sort": "total"}, {"sort": "customer"}, {"tab": "archived"}, {"country": "DE"}, {"channel": "etsy"},
        {"tag": "VIP"}, {"low": "190", "high": "195"}, {"q": "nobody"}, {"since": "2026-11-01", "sort": "total"},
    ):  # fmt: skip
        event.listen(db.engine, "before_cursor_execute", explain)
        try:
            search_orders(db.session(), read_asked(query))
        finally:
            event.remove(db.engine, "before_cursor_execute", explain)
            db.session.remove()
    assert len(plans) == 20
    in_vain = {plan: sum(int(n) for n in re.findall(r"Rows Removed by Filter: (\d+)", plan)) for plan in plans}
    assert [plan for plan, rows in in_vain.items() if rows > 5000] == []


MANY = """
INSERT INTO orders (number, token, source_key, channel, status, payment_status, fulfilment_status, email, customer_name,
  phone, ship_to, bill_to, locale, note, currency, subtotal_minor, shipping_minor, tax_minor, discount_minor,
  total_minor, tax_included, shipping_method, shipping_label, is_test, placed_at, archived_at, tags)
SELECT 'N' || n, 'T' || n, 'S' || n, CASE WHEN n % 1000 = 0 THEN 'etsy' ELSE 'storefront' END, 'placed', 'paid',
  'delivered', 'x' || n || '@example.com', 'Name ' || (n * 7919 % 20000), '',
  jsonb_build_object('country', CASE WHEN n % 500 = 0 THEN 'DE' ELSE 'US' END), '{}', 'en', '', 'USD', 1, 0, 0, 0,
  n * 37 % 20000, true, 'standard', '', true, now() - n * interval '1 minute',
  CASE WHEN n > 1000 THEN now() END, CASE WHEN n % 700 = 0 THEN ARRAY['VIP'] ELSE '{}' END
FROM generate_series(1, 20000) n
"""
