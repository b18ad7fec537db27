"""The lowest price of the 30 days before a reduction: kept by the database, shown beside every reduction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from shop.catalog.documents import rebuild
from shop.catalog.models import Variant
from shop.catalog.past_prices.lowest import KEEP, let_old_prices_go
from shop.catalog.past_prices.models import PastPrice
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from tests.catalog_reading.goods import stock


def set_price(price: int, before: int | None = None) -> None:
    with transaction() as session:
        session.execute(text("UPDATE variants SET price_minor = :p, compare_at_minor = :b"), {"p": price, "b": before})


def days_go_by(days: int) -> None:
    with transaction() as session:
        session.execute(text("UPDATE past_prices SET until = until - make_interval(days => :n)"), {"n": days})


def show(product_id: int) -> None:
    with transaction() as session:
        rebuild(session, [product_id])
        profile.touch_catalog(session)
    profile.forget()


def by_sql(session: Session) -> None:
    session.execute(text("UPDATE variants SET price_minor = 1900"))


def by_attribute(session: Session) -> None:
    for variant in session.execute(select(Variant)).scalars():
        variant.price_minor = 1900


def by_upsert(session: Session) -> None:
    session.execute(
        text("""INSERT INTO variants (product_id, external_id, sku, title, option_value_ids, price_minor, cost_minor,
                                      grams, is_available, is_default, position)
                SELECT product_id, external_id, sku, title, option_value_ids, 1900, 0, 0, true, false, 0 FROM variants
                ON CONFLICT (product_id, external_id) DO UPDATE SET price_minor = excluded.price_minor""")
    )


def by_join(session: Session) -> None:
    session.execute(
        text(
            "UPDATE variants v SET price_minor = 1900 FROM products p WHERE p.id = v.product_id AND p.status = 'active'"
        )
    )


@pytest.mark.parametrize("change", [by_sql, by_attribute, by_upsert, by_join])
def test_no_way_of_changing_a_price_goes_round_its_history(app: object, change: Callable[[Session], None]) -> None:
    stock(colours=(), sizes=())
    with transaction() as session:
        change(session)
    kept = db.session.execute(select(PastPrice.price_minor, PastPrice.currency)).all()
    assert [tuple(row) for row in kept] == [(2400, "USD")]


def test_nothing_in_the_shop_switches_the_keeping_off() -> None:
    words = ("session_replication_role", "DISABLE TRIGGER")
    files = [p for folder in ("shop", "jobs") for p in Path(folder).rglob("*.py") if "versions" not in p.parts]
    assert not [p for p in files if any(word in p.read_text("utf-8") for word in words)]


def test_prices_of_one_transaction_and_unchanged_ones_leave_no_trace(app: object) -> None:
    stock(colours=(), sizes=())
    with transaction() as session:
        session.execute(text("UPDATE variants SET price_minor = 100"))
        session.execute(text("UPDATE variants SET price_minor = 1900"))
        session.execute(text("UPDATE variants SET price_minor = 1900, sku = 'x'"))
    assert db.session.execute(select(PastPrice.price_minor)).scalars().all() == [2400]


def test_fixed_prices_are_kept_in_their_currency(app: object) -> None:
    stock(colours=(), sizes=())
    for fixed in ('{"EUR": [2000, 0]}', '{"EUR": [1500, 2000]}'):
        with transaction() as session:
            session.execute(text("UPDATE variants SET fixed_prices = CAST(:f AS jsonb)"), {"f": fixed})
    assert [tuple(r) for r in db.session.execute(select(PastPrice.price_minor, PastPrice.currency))] == [(2000, "EUR")]


def test_the_lowest_of_the_thirty_days_before_stands_beside_the_reduction(app) -> None:
    client: FlaskClient = app.test_client()
    product = stock(colours=(), sizes=())
    assert "Lowest price" not in client.get("/products/quiet-fox-tee").text.replace("hidden>Lowest price", "")
    set_price(1100)  # 24 → 11 → 22 → 30 → reduced to 20
    days_go_by(50)
    set_price(2200)
    days_go_by(40)  # 11 was asked until 40 days before the reduction: too long ago
    set_price(3000)
    days_go_by(10)
    set_price(2000, before=3000)
    show(product)
    page = client.get("/products/quiet-fox-tee").text
    assert "Lowest price of the 30 days before the reduction:" in page and ">$22.00</span>" in page
    assert '"lowest_text":"$22.00"' in page, "chosen options are told without asking the server"
    assert "Lowest price in 30 days before: $22.00" in client.get("/search").text
    days_go_by(60)  # it is the days before the reduction that count, however long it lasts
    show(product)
    assert ">$22.00</span>" in client.get("/products/quiet-fox-tee").text


def test_a_price_that_was_never_another_is_its_own_lowest(app) -> None:
    product = stock(colours=(), sizes=())
    with transaction() as session:
        session.execute(text("UPDATE variants SET compare_at_minor = 3000"))
        session.execute(text("DELETE FROM past_prices"))
    show(product)
    assert ">$24.00</span>" in app.test_client().get("/products/quiet-fox-tee").text


def test_old_prices_go_but_never_those_a_reduction_needs(app: object) -> None:
    stock(colours=(), sizes=())
    set_price(2000)
    days_go_by(5)
    set_price(1500, before=2400)
    days_go_by(KEEP.days + 100)
    with transaction() as session:
        let_old_prices_go(session)
    assert db.session.execute(select(func.count()).select_from(PastPrice)).scalar_one() == 2
    set_price(1600)
    with transaction() as session:
        let_old_prices_go(session)
    assert db.session.execute(select(PastPrice.price_minor)).scalars().all() == [1500]
    assert clock.now() - timedelta(days=1) < db.session.execute(select(PastPrice.until)).scalar_one()
