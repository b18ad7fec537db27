"""Wishes and carts: kept through signing in, the same on every device, and nobody else's."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select, update

from shop.accounts.shopper_models import Shopper
from shop.cart.changing import MAX_LINES, MAX_QUANTITY
from shop.cart.kept_models import SavedCart, SavedCartLine, Wish
from shop.cart.models import Cart, CartLine
from shop.cart.wishing import MOST
from shop.catalog.models import Product, Variant
from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.workflows.export_customer import make_file
from shop.workflows.personal_data import find_person
from tests.admin.conftest import counting
from tests.storefront.account.conftest import PASSWORD, Visitor, count, open_account
from tests.town import Town

EMAIL = "ada@example.com"


def sign_in(visitor: Visitor, email: str = EMAIL) -> Visitor:
    visitor.get("/account/sign-in")
    assert visitor.post("/account/sign-in", {"email": email, "password": PASSWORD}).status_code == 303
    return visitor


def sold(many: int = 1) -> list[int]:
    found = (
        select(Variant.id).join(Product).where(Variant.is_available, Product.status == "active").order_by(Variant.id)
    )
    ids = list(db.session.execute(found.limit(many)).scalars())
    db.session.remove()
    return ids


def put(visitor: Visitor, variant: int, quantity: int = 1) -> Any:
    return visitor.bare_post("/cart/lines", data={"variant": variant, "quantity": quantity})


def held(visitor: Visitor) -> dict[int, int]:
    """{variant: quantity} as this browser's cart page shows it."""
    page = visitor.get("/cart").text
    shown = {int(v) for v in re.findall(r"/products/[a-z0-9-]+\?variant=(\d+)", page)}
    db.session.remove()
    rows = db.session.execute(select(CartLine.variant_id, CartLine.quantity).where(CartLine.variant_id.in_(shown)))
    found = {row[0]: row[1] for row in rows}
    db.session.remove()
    return found


def test_a_guests_cart_becomes_the_accounts_and_follows_to_other_devices(town: Town) -> None:
    open_account(EMAIL)
    a, b, c = sold(3)
    phone, desk = Visitor(town.app), Visitor(town.app)
    put(phone, a, 2)
    sign_in(phone)
    assert held(phone) == {a: 2}
    sign_in(desk)
    assert held(desk) == {a: 2}, "without any cart of its own"
    put(desk, b)
    assert held(phone) == {a: 2, b: 1}
    desk.post("/account/sign-out")
    assert held(desk) == {} and desk.client.get_cookie("cart") is None and desk.client.get_cookie("cart_count") is None
    put(desk, a, 19)
    put(desk, c)
    sign_in(desk)
    assert held(desk) == held(phone) == {a: MAX_QUANTITY, b: 1, c: 1}, "added up, within the limit"
    for _ in range(2):
        sign_in(desk)
    assert held(desk) == {a: MAX_QUANTITY, b: 1, c: 1}, "signing in again doubles nothing"
    assert desk.client.get_cookie("cart_count").value == str(MAX_QUANTITY + 2)  # type: ignore[union-attr]


def test_a_cart_of_an_account_opens_only_where_its_shopper_is_signed_in(town: Town) -> None:
    open_account(EMAIL)
    open_account("eve@example.com")
    a, b = sold(2)
    ada = Visitor(town.app)
    put(ada, a)
    sign_in(ada)
    stolen = ada.client.get_cookie("cart")
    assert stolen is not None
    for thief in (Visitor(town.app), sign_in(Visitor(town.app), "eve@example.com")):
        thief.client.set_cookie("cart", stolen.value)
        assert held(thief) == {}
        put(thief, b)
        assert held(ada) == {a: 1}, "nothing is added to it either"
    thief.client.set_cookie("cart", stolen.value)
    sign_in(thief, "eve@example.com")
    assert held(ada) == {a: 1} and a not in held(thief)
    sign_in(Visitor(town.app)).post("/account/sessions/end-others")
    assert held(ada) == {}, "signed out from afar"


def test_a_full_cart_takes_what_fits(town: Town) -> None:
    open_account(EMAIL)
    many = sold(MAX_LINES + 5)
    ada = sign_in(Visitor(town.app))
    put(ada, many[-1])
    guest = Visitor(town.app)
    put(guest, many[-1])
    with transaction() as session:
        cart = session.execute(select(Cart).where(Cart.shopper_id.is_(None))).scalar_one()
        session.add_all(CartLine(cart_id=cart.id, variant_id=v, quantity=1, seen_price_minor=1) for v in many[:48])
        own = session.execute(select(Cart).where(Cart.shopper_id.is_not(None))).scalar_one()
        session.add_all(CartLine(cart_id=own.id, variant_id=v, quantity=1, seen_price_minor=1) for v in many[46:52])
    sign_in(guest)
    cart_id = db.session.execute(select(Cart.id).where(Cart.shopper_id.is_not(None))).scalar_one()
    lines = select(CartLine.variant_id, CartLine.quantity).where(CartLine.cart_id == cart_id)
    found = {row[0]: row[1] for row in db.session.execute(lines)}
    assert len(found) == MAX_LINES
    assert found[many[-1]] == found[many[46]] == 2, "what is in both adds up in any case"


def test_a_cart_is_put_aside_and_taken_up_again(town: Town) -> None:
    open_account(EMAIL)
    a, b = sold(2)
    ada = sign_in(Visitor(town.app))
    ada.get("/account/carts")
    assert ada.post("/account/carts", {"name": "Nothing"}).status_code == 422
    put(ada, a, 3)
    put(ada, b)
    ada.get("/account/carts")
    assert ada.post("/account/carts", {"name": " "}).status_code == 422
    assert ada.post("/account/carts", {"name": "Christmas"}).status_code == 303
    assert held(ada) == {} and "Christmas" in ada.get("/account/carts").text
    saved = db.session.execute(select(SavedCart.id)).scalar_one()
    eve = Visitor(town.app)
    open_account("eve@example.com")
    sign_in(eve, "eve@example.com").get("/account/carts")
    for move in ("restore", "remove"):
        assert eve.post(f"/account/carts/{saved}/{move}").status_code == 404
    for _ in range(2):
        ada.get("/account/carts")
        assert ada.post(f"/account/carts/{saved}/restore").location == "/cart"
        assert held(ada) == {a: 3, b: 1}
    with transaction() as session:
        session.execute(update(Variant).where(Variant.id == b).values(is_available=False))
    ada.get("/account/carts")
    assert ada.post(f"/account/carts/{saved}/restore").location == "/account/carts"
    page = ada.get("/account/carts").text
    assert "Not sold any more, so not in your cart" in page
    assert ada.post(f"/account/carts/{saved}/remove").status_code == 303 and count(SavedCartLine) == 0


def test_a_guests_wish_is_kept_through_signing_in(town: Town) -> None:
    open_account(EMAIL)
    a, b = sold(2)
    guest = Visitor(town.app)
    answer = guest.bare_post("/wishlist", data={"variant": a})
    assert answer.location == "/account/sign-in?next=/account/wishlist"
    with_script = guest.bare_post("/wishlist", data={"variant": b}, headers={"HX-Request": "true"})
    assert with_script.headers["HX-Redirect"].startswith("/account/sign-in")
    guest.get("/account/sign-in")
    sign_in(guest)
    assert count(Wish) == 2
    guest.bare_post("/wishlist", data={"variant": a})
    assert count(Wish) == 2
    slug = db.session.execute(select(Product.slug).join(Variant).where(Variant.id == a)).scalar_one()
    db.session.remove()
    assert guest.bare_post("/wishlist", data={"product": slug}).status_code == 303, "nothing chosen yet"
    assert guest.bare_post("/wishlist", data={"product": "no-such-thing"}).status_code == 404
    page = guest.get("/account/wishlist").text
    assert "Move to cart" in page
    wish = db.session.execute(select(Wish.id).where(Wish.variant_id == a)).scalar_one()
    guest.post(f"/account/wishlist/{wish}/note", {"note": "for <b>Bob</b>, he is 12"})
    assert "for &lt;b&gt;Bob&lt;/b&gt;, he is 12" in guest.get("/account/wishlist").text
    assert guest.post(f"/account/wishlist/{wish}/cart").status_code == 303
    assert held(guest) == {a: 1}
    db.session.remove()
    assert db.session.execute(select(Wish.id).where(Wish.variant_id == a)).first() is None


def test_a_shared_wishlist_is_read_only_and_can_be_closed(town: Town, another: Callable[[str], Visitor]) -> None:
    ada, eve, stranger = another(EMAIL), another("eve@example.com"), Visitor(town.app)
    a = sold()[0]
    ada.bare_post("/wishlist", data={"variant": a})
    wish = db.session.execute(select(Wish.id)).scalar_one()
    ada.get("/account/wishlist")
    ada.post(f"/account/wishlist/{wish}/note", {"note": "my secret"})
    ada.post("/account/wishlist/share", {"on": "1"})
    token = db.session.execute(select(Shopper.wishlist_token).where(Shopper.email == EMAIL)).scalar_one()
    db.session.remove()
    page = stranger.get(f"/wishlist/{token}")
    assert page.status_code == 200 and page.headers["X-Robots-Tag"] == "noindex"
    assert EMAIL not in page.text and "my secret" not in page.text and "/account/wishlist/" not in page.text
    eve.get("/account/wishlist")
    for move in ("remove", "note", "cart"):
        eve.post(f"/account/wishlist/{wish}/{move}", {"note": "mine"})
    assert count(Wish) == 1 and "my secret" in ada.get("/account/wishlist").text
    ada.post("/account/wishlist/share", {"on": "0"})
    assert stranger.get(f"/wishlist/{token}").status_code == 404
    for guess in ("x", "x" * 32, "%00" * 20, "é" * 30, token[:-1]):
        assert stranger.get(f"/wishlist/{guess}").status_code == 404


def test_a_wishlist_is_bounded_and_costs_the_same_however_long(town: Town, another: Callable[[str], Visitor]) -> None:
    ada = another(EMAIL)
    many = sold(MOST + 1)
    shopper_id = db.session.execute(select(Shopper.id)).scalar_one()
    costs = []
    for some in (many[:5], many[5:40], many[40:MOST]):
        with transaction() as session:
            session.add_all(Wish(shopper_id=shopper_id, variant_id=v, is_chosen=True) for v in some)
        ada.get("/account/wishlist")
        with counting() as seen:
            assert ada.get("/account/wishlist").status_code == 200
        costs.append(len(seen))
    assert costs[0] == costs[-1] <= 5, costs
    ada.bare_post("/wishlist", data={"variant": many[-1]})
    assert count(Wish) == MOST and "full" in ada.get("/account/wishlist").text


def test_what_is_kept_goes_with_the_account_and_into_its_file(town: Town) -> None:
    open_account(EMAIL)
    ada = sign_in(Visitor(town.app))
    a, b = sold(2)
    put(ada, a)
    ada.get("/account/carts")
    ada.post("/account/carts", {"name": "Kept for Christmas"})
    put(ada, b)
    ada.bare_post("/wishlist", data={"variant": a})
    with transaction() as session:
        person = find_person(session, session.execute(select(Shopper.customer_id)).scalar_one(), clock.now())
    data = zipfile.ZipFile(io.BytesIO(make_file(person))).read("data.json").decode()
    for word in ("wishes", "saved_carts", "Kept for Christmas", "saved_cart_lines", "cart_lines"):
        assert word in data, word
    with transaction() as session:
        session.delete(session.execute(select(Shopper)).scalar_one())
    for table in (Wish, SavedCart, SavedCartLine, CartLine):
        assert db.session.execute(select(func.count()).select_from(table)).scalar_one() == 0, table
