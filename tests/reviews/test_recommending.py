"""What is bought together, and what was looked at."""

from __future__ import annotations

import os
import time

import pytest
from sqlalchemy import select, text

from shop.catalog.models import Product
from shop.core.transaction import transaction
from shop.extensions import db
from shop.recommending.bought_together import choose, in_order
from shop.recommending.models import ViewedProduct
from shop.tenancy import profile
from shop.tenancy.profile import touch_catalog
from shop.workflows import recommend_products
from tests.admin.conftest import Staff, counting
from tests.town import Town

ORDERS = """
    INSERT INTO orders (number, token, source_key, channel, status, payment_status, fulfilment_status, email, customer_name,
        phone, ship_to, bill_to, locale, note, currency, subtotal_minor, shipping_minor, tax_minor, discount_minor,
        total_minor, tax_included, shipping_method, shipping_label, is_test, placed_at, tags)
    SELECT 'T-' || n, 'token-' || n, 'test:' || n, 'storefront', 'completed', 'paid', 'delivered', '', '', '', '{}', '{}',
           'en', '', 'USD', 100, 0, 0, 0, 100, true, 'standard', '', false, now() - n * interval '1 minute', '{}'
      FROM generate_series(1, :many) n"""
LINES = """
    INSERT INTO order_lines (order_id, product_id, title, variant_title, sku, printable, image, quantity, unit_minor,
        unit_cost_minor, total_minor, tax_minor, discount_minor)
    SELECT o.id, (:ids)[1 + (o.id * w.factor + w.shift) % :n], '', '', '', '{}', '{}', 1, 100, 0, 100, 0, 0
      FROM orders o CROSS JOIN (VALUES (1, 0), (1, 1)) w(factor, shift)"""


def products() -> list[Product]:
    db.session.remove()
    return list(db.session.execute(select(Product).where(Product.status == "active").order_by(Product.id)).scalars())


def sell(many: int, ids: list[int]) -> None:
    """Orders of two products each: one and its neighbour."""
    with db.engine.begin() as connection:
        connection.execute(text(ORDERS), {"many": many})
        connection.execute(text(LINES.replace(":ids", f"ARRAY{ids}::bigint[]").replace(":n", str(len(ids)))))


def test_pins_come_first_and_what_is_ruled_out_never() -> None:
    assert in_order([5, 2], [2, 3, 4, 5], [3]) == [5, 2, 4]
    product = Product(goes_with=[], goes_not_with=[])
    for what in ("pin", "pin", "exclude", "exclude"):
        choose(product, 7, what)
    assert (product.goes_with, product.goes_not_with) == ([], [7])
    choose(product, 7, "pin")
    assert (product.goes_with, product.goes_not_with) == ([7], [])


def test_bought_together_is_counted_shown_and_ruled_by_the_merchant(town: Town) -> None:
    some = [p.id for p in products()[:5]]
    sell(60, some)
    assert recommend_products.run() == 5
    assert recommend_products.run() == 0
    first, second, _third, fourth, last = products()[:5]
    assert set(first.bought_with) == {second.id, last.id}
    profile.forget()
    page = town.buyer.get(f"/products/{first.slug}").text
    assert f'href="/products/{second.slug}"' in page and "Goes well with" in page  # filled up with others of its kind
    with transaction() as session:
        choose(session.get_one(Product, first.id), fourth.id, "pin")
        choose(session.get_one(Product, first.id), second.id, "exclude")
        session.get_one(Product, last.id).status = "archived"
        touch_catalog(session)
    profile.forget()
    page = town.buyer.get(f"/products/{first.slug}").text.split("Goes well with")[1]
    assert f'/products/{fourth.slug}"' in page
    assert f'/products/{second.slug}"' not in page and f'/products/{last.slug}"' not in page
    staff = Staff(town.app).known_as("admin@example.com")
    assert fourth.title in staff.get(f"/admin/catalog/{first.id}/goes-with?q=tee").text
    said = staff.press(f"/admin/catalog/{first.id}/goes-with", {"do": "allow", "other": str(second.id)})
    assert "may be shown here again" in said
    shirt = town.a_shirt()
    with transaction() as session:
        choose(session.get_one(Product, shirt.product_id), fourth.id, "pin")
    town.buyer.fill_cart(variant=shirt)
    assert shirt.product_id == fourth.id or f'href="/products/{fourth.slug}"' in town.buyer.get("/cart").text


def test_recently_viewed_needs_no_cookie_of_its_own(town: Town) -> None:
    some = products()[:14]
    htmx = {"HX-Request": "true"}
    town.buyer.get("/cart")
    with counting() as statements:
        guest = town.buyer.get(f"/recently-viewed?product={some[0].id}", headers=htmx)
    assert guest.status_code == 204 and not guest.cookies and statements == []
    town.buyer.fill_cart()
    for product in some:
        assert town.buyer.get(f"/recently-viewed?product={product.id}", headers=htmx).ok
    town.buyer.get(f"/recently-viewed?product={some[3].id}")  # a link somebody planted writes nothing
    shown = town.buyer.get(f"/recently-viewed?product={some[13].id}", headers=htmx)
    assert f'/products/{some[12].slug}"' in shown.text and f'/products/{some[13].slug}"' not in shown.text
    db.session.remove()
    assert len(db.session.execute(select(ViewedProduct)).scalars().all()) == 12
    assert f'/products/{some[2].slug}"' in town.buyer.get("/recently-viewed").text
    assert "Nothing here" in town.buyer.post("/recently-viewed/clear").text
    db.session.remove()
    assert db.session.execute(select(ViewedProduct)).first() is None


@pytest.mark.skipif(not os.environ.get("MEASURE"), reason="a measurement: MEASURE=1")
def test_a_hundred_thousand_orders_are_counted_in_seconds(town: Town) -> None:
    sell(100_000, [p.id for p in products()])
    began = time.monotonic()
    changed = recommend_products.run()
    took = time.monotonic() - began
    print(f"bought together of 100,000 orders: {took:.2f} s, {changed} products")
    assert took < 30
