"""Pages and carts in another currency: by choice alone, kept apart, never mixed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from shop.cart.models import Cart, CartLine
from shop.catalog.documents import rebuild
from shop.catalog.models import Variant
from shop.core.transaction import transaction
from shop.extensions import db
from shop.tenancy import profile
from shop.tenancy.models import StoreProfile
from tests.catalog_reading.goods import counted_statements, stock

PAGE = "/products/quiet-fox-tee"


def offer(*rows: dict[str, Any]) -> None:
    with transaction() as session:
        session.query(StoreProfile).one().currencies = [{"rounding": "none", "way": "nearest", **row} for row in rows]
        profile.touch_settings(session)
    profile.forget()


def fix(product_id: int, position: int | None, prices: dict[str, list[int]]) -> None:
    with transaction() as session:
        which = [Variant.product_id == product_id] + ([Variant.position == position] if position else [])
        session.execute(update(Variant).where(*which).values(fixed_prices=prices))
        rebuild(session, [product_id])
        profile.touch_catalog(session)
    profile.forget()


@pytest.fixture
def product_id(app: Flask) -> int:
    found = stock()
    offer({"code": "EUR", "rate": "0.92", "rounding": "99", "way": "up"}, {"code": "JPY", "rate": "150"})
    return found


@pytest.fixture
def client(app: Flask, product_id: int) -> FlaskClient:
    return app.test_client()


def choose(client: FlaskClient, code: str, to: str = "/") -> str:
    return str(client.post("/currency", data={"currency": code, "to": to}).headers["Location"])


def test_a_shop_of_one_currency_has_no_switch_and_sets_no_cookie(app: Flask) -> None:
    stock()
    client = app.test_client()
    page = client.get(PAGE)
    assert "/currency" not in page.text and "Set-Cookie" not in page.headers
    answer = client.post("/currency", data={"currency": "EUR"})
    assert answer.status_code == 303 and "Set-Cookie" not in answer.headers
    assert client.get(PAGE + "?currency=EUR").data == page.data


def test_the_choice_holds_on_every_page_and_the_stores_own_needs_no_cookie(client: FlaskClient) -> None:
    own = client.get(PAGE)
    assert "$24.00" in own.text and 'value="EUR"' in own.text
    assert choose(client, "EUR", PAGE) == PAGE
    for path in (PAGE, "/", "/search", "/search/suggest?q=fox"):
        text = client.get(path).text
        assert "€22.99" in text and "$" not in re.sub(r"<option.*?</option>", "", text), path
    page = client.get(PAGE)
    assert '"price":"22.99","priceCurrency":"EUR"' in page.text and "&currency=EUR" in page.text.replace("\\u0026", "&")
    assert page.headers["Cache-Control"].startswith("private")
    choose(client, "JPY")
    assert "¥3,600" in client.get(PAGE).text
    choose(client, "USD")
    assert client.get_cookie("currency") is None and client.get(PAGE).data == own.data
    assert client.get(PAGE).headers["Cache-Control"].startswith("public")


def test_an_address_may_name_the_currency_and_chooses_nothing(client: FlaskClient) -> None:
    shared = client.get(PAGE + "?currency=EUR")
    assert "€22.99" in shared.text and "Set-Cookie" not in shared.headers
    assert "$24.00" in client.get(PAGE).text and client.get(PAGE + "?currency=XXX").data == client.get(PAGE).data
    choose(client, "EUR")
    assert "$24.00" in client.get(PAGE + "?currency=USD").text


def test_pages_of_a_second_currency_are_kept_and_cost_no_more_statements(client: FlaskClient) -> None:
    client.get("/")  # the settings and menus are known
    for path, most in (("/search", 4), (PAGE, 5)):
        with counted_statements() as seen:
            first = client.get(path + "?currency=EUR")
        assert len([s for s in seen if "store_state" not in s]) <= most
        with counted_statements() as seen:
            assert client.get(path + "?currency=EUR").data == first.data
        assert [s for s in seen if "store_state" not in s] == []


def test_a_fixed_price_wins_on_the_card_on_the_page_and_in_the_cart(client: FlaskClient, product_id: int) -> None:
    fix(product_id, 2, {"EUR": [1900, 2400]})
    choose(client, "EUR")
    assert "From €19.00" in client.get("/search").text
    page = client.get(PAGE + "?option.color=101&option.size=202")
    assert "€19.00" in page.text and "€24.00" in page.text
    variant = db.session.query(Variant).filter_by(position=2).one().id
    client.post("/cart/lines", data={"variant": variant, "quantity": "2"})
    assert "€38.00" in client.get("/cart").text
    fix(product_id, None, {"EUR": [1900, 0]})
    assert "€19.00" in client.get("/search").text and "From €" not in client.get("/search").text


def test_filters_and_orders_go_by_the_price_that_is_shown(client: FlaskClient, product_id: int) -> None:
    stock("Dear Bear Mug", price=9000, sizes=(), colours=("Black",))
    fix(product_id, None, {"EUR": [20000, 0]})

    def titles(address: str) -> list[str]:
        return re.findall(r'<h3><a href="/products/([a-z-]+)"', client.get(address).text)

    assert titles("/search?sort=price_up") == ["quiet-fox-tee", "dear-bear-mug"]
    assert titles("/search?sort=price_up&currency=EUR") == ["dear-bear-mug", "quiet-fox-tee"]
    assert titles("/search?price_max=100&currency=EUR") == ["dear-bear-mug"]
    assert titles("/search?price_min=100&currency=EUR") == ["quiet-fox-tee"]
    assert titles("/search?price_min=12000&currency=JPY") == ["dear-bear-mug"]


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x=1", "javascript:alert(1)",
     "/../admin", "", "x" * 3000],
)  # fmt: skip
def test_the_way_back_never_leaves_the_shop(client: FlaskClient, to: str) -> None:
    assert choose(client, "EUR", to) == "/"


def test_the_way_back_keeps_what_was_filtered(client: FlaskClient) -> None:
    back = {"Referer": "http://localhost/search?color=black&currency=JPY"}
    answer = client.post("/currency", data={"currency": "EUR"}, headers=back)
    assert answer.headers["Location"] == "/search?color=black"
    answer = client.post("/currency", data={"currency": "EUR"}, headers={"Referer": "http://evil.example/search"})
    assert answer.headers["Location"] == "/"


def test_the_cart_follows_the_choice_and_a_change_of_rate_is_told(client: FlaskClient) -> None:
    variant = db.session.query(Variant).filter_by(position=1).one().id
    client.post("/cart/lines", data={"variant": variant})
    assert "$24.00" in client.get("/cart").text
    choose(client, "EUR")
    page = client.get("/cart").text
    assert "€22.99" in page and "changed from" not in page and 'name="currency" value="EUR"' in page
    offer({"code": "EUR", "rate": "1", "rounding": "99", "way": "up"})
    told = client.get("/cart").text
    assert "changed from €22.99 to €24.99" in told and "changed from" not in client.get("/cart").text
    offer()  # not offered any more: the store's own again
    assert "$24.00" in client.get("/cart").text
    assert db.session.query(CartLine).one().seen_price_minor == 2400


def test_what_is_bought_from_a_shared_address_is_bought_at_its_price(client: FlaskClient) -> None:
    page = client.get(PAGE + "?currency=JPY").text
    assert '<input type="hidden" name="currency" value="JPY">' in page
    variant = db.session.query(Variant).filter_by(position=1).one().id
    client.post("/cart/lines", data={"variant": variant, "currency": "JPY"})
    assert "¥3,600" in client.get("/cart").text and db.session.query(Cart).one().currency == "JPY"
    assert "¥3,600" in client.get(PAGE).text
    client.post("/cart/lines", data={"variant": variant, "currency": "nonsense"})
    assert "¥7,200" in client.get("/cart").text
