"""Every form of the storefront, every field of it, everything that may be typed or sent into it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from shop.cart.models import CartLine
from shop.extensions import db
from tests.bad_input.hostile import NUMBERS, TEXTS, cart_with_a_shirt, is_civil, ours, rows
from tests.town import Town

#: address → (its fields with values that are fine, fields that are numbers)
FORMS: dict[str, tuple[dict[str, str], set[str]]] = {
    "/cart/lines": ({"variant": "{variant}", "quantity": "1", "product": "", "option.0": ""}, {"variant", "quantity"}),
    "/cart/lines/<int:line_id>": ({"quantity": "2"}, {"quantity"}),
    "/cart/lines/<int:line_id>/remove": ({}, set()),
    "/currency": ({"currency": "EUR", "to": "/search"}, set()),
    "/cart/destination": ({"country": "US", "method": "standard"}, set()),
    "/cart/note": ({"note": "Leave it at the door"}, set()),
    "/cart/codes": ({"code": "SUMMER10"}, set()),
    "/cart/codes/remove": ({"code": "SUMMER10"}, set()),
    "/cart/gift-cards/remove": ({"card": "1"}, {"card"}),
    "/gift-card": (
        {
            "amount": "2500",
            "own_amount": "",
            "recipient_name": "Grace",
            "recipient_email": "grace@example.com",
            "sender_name": "Ada",
            "message": "Hello",
            "deliver_on": "",
        },
        {"amount"},
    ),
    "/gift-card/balance": ({"code": "K7QM-4T2X-WD9N-3HVB-8F0R"}, set()),
    "/checkout/details/<reference>": ({"email": "ada@example.com", "name": "Ada", "line1": "1 Lane"}, set()),
    "/cart/reminder": ({"email": "ada@example.com", "reminder": "yes"}, set()),
    "/wishlist": ({"variant": "{variant}", "product": "", "option.0": ""}, {"variant"}),
    "/checkout": ({}, set()),
    "/pay/<token>": ({}, set()),
    "/reviews/<token>/<int:product_id>": (
        {"rating": "5", "title": "Soft", "body": "Fits well", "name": "Ada"},
        {"rating"},
    ),
    "/reviews/<token>/<int:product_id>/delete": ({}, set()),
    "/recently-viewed/clear": ({}, set()),
    "/orders/find": ({"number": "K7QM-4T2X", "email": "ada@example.com"}, set()),
    "/orders/<token>/cancel": ({}, set()),
    "/orders/<token>/address": (
        {"name": "Ada", "line1": "14 Moss Street", "city": "Portland", "state": "OR", "postal_code": "97210"},
        set(),
    ),
    "/orders/<token>/invoice": ({}, set()),
    "/orders/<token>/again": ({}, set()),
    "/orders/<token>/return": (
        {"line-1": "1", "reason": "damaged", "words": "", "wish": "refund", "key": "k"},
        {"line-1"},
    ),
    "/orders/<token>/returns/<int:return_id>": ({"words": "Here", "do": "answer"}, set()),
    "/orders/<token>/withdraw": ({"name": "Ada", "email": "ada@example.com", "words": "", "line-1": "1"}, {"line-1"}),
    "/orders/<token>/withdraw/confirm": ({"name": "Ada", "email": "ada@example.com", "key": "k"}, set()),
    "/withdraw": ({"name": "Ada", "email": "ada@example.com", "order_number": "K7QM-4T2X", "words": ""}, set()),
    "/withdraw/confirm": (
        {"name": "Ada", "email": "ada@example.com", "order_number": "K7QM-4T2X", "words": "", "key": "k"},
        set(),
    ),
    "/contact": (
        {"name": "Ada", "email": "ada@example.com", "order_number": "", "message": "Hello there"},
        set(),
    ),
    "/newsletter": ({"email": "ada@example.com"}, set()),
    "/letters/confirm/<token>": ({}, set()),
    "/letters/unsubscribe/<token>": ({"List-Unsubscribe": "One-Click"}, set()),
    "/letters/preferences/<token>": ({"newsletter": "1", "stock": "1", "nothing": ""}, set()),
    "/letters/watch/<slug>": ({"kind": "stock", "variant": "{variant}", "email": "ada@example.com"}, {"variant"}),
}
MAY_STORE = {"/contact", "/cart/note", "/cart/destination", "/checkout", "/withdraw/confirm"}


@pytest.fixture
def client(town: Town) -> FlaskClient:
    return town.app.test_client()


def storefront_posts(app: Flask) -> set[str]:
    return {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("storefront.") and "POST" in (rule.methods or ())
    }


def address(rule: str) -> str:
    line = db.session.execute(select(CartLine.id).order_by(CartLine.id).limit(1)).scalar() or 1
    db.session.remove()
    return rule.replace("<int:line_id>", str(line)).replace("<int:return_id>", "1")


def test_every_form_is_tried_here(app: Flask) -> None:
    assert storefront_posts(app) == set(FORMS)


@pytest.mark.parametrize("rule", [rule for rule in FORMS if rule != "/checkout"])
def test_nothing_typed_breaks_a_form_or_leaves_something_wrong(rule: str, town: Town, client: FlaskClient) -> None:
    fine, numbers = FORMS[rule]
    shirt = str(town.a_shirt().id)
    fine = {k: v.replace("{variant}", shirt) for k, v in fine.items()}
    if rule.startswith("/cart") and rule != "/cart/lines":
        cart_with_a_shirt(client, int(shirt))
    path = address(rule)
    before = rows()
    is_civil(client.post(path, headers=ours()), "no fields at all")
    is_civil(client.post(path, data={"unknown": "field", "id": "1", "total": "0"}, headers=ours()), "unknown fields")
    for field in fine:
        for bad in NUMBERS if field in numbers else TEXTS:
            answer = client.post(path, data={**fine, field: bad}, headers=ours())
            is_civil(answer, (rule, field, bad))
        is_civil(client.post(path, data={k: v for k, v in fine.items() if k != field}, headers=ours()), (rule, field))
        is_civil(
            client.post(path, data=MultiDict([(field, "1"), (field, "2"), *fine.items()]), headers=ours()),
            "a field twice",
        )
    after = rows()
    if rule not in MAY_STORE:
        unchanged = {k: v for k, v in after.items() if k not in ("carts", "cart_lines")}
        assert unchanged == {k: v for k, v in before.items() if k not in ("carts", "cart_lines")}
    assert after["orders"] == after["checkouts"] == 0


def test_a_bad_quantity_or_variant_is_told_and_changes_nothing(town: Town, client: FlaskClient) -> None:
    shirt = town.a_shirt().id
    cart_with_a_shirt(client, shirt)
    line = db.session.execute(select(CartLine.id)).scalar_one()
    db.session.remove()
    for bad in NUMBERS:
        for path, data in (
            ("/cart/lines", {"variant": shirt, "quantity": bad}),
            ("/cart/lines", {"variant": bad or "nothing", "quantity": "1"}),
            (f"/cart/lines/{line}", {"quantity": bad if bad != "0" else "-0"}),
        ):
            answer = client.post(path, data=data, headers=ours(), follow_redirects=True)
            is_civil(answer, (path, bad))
            assert 'role="alert"' in answer.text, f"{path} {data}: nothing is said"
        db.session.remove()
        held = [(x.quantity, x.variant_id) for x in db.session.execute(select(CartLine)).scalars()]
        assert held == [(1, shirt)], bad


def test_zero_takes_a_line_out(town: Town, client: FlaskClient) -> None:
    cart_with_a_shirt(client, town.a_shirt().id)
    line = db.session.execute(select(CartLine.id)).scalar_one()
    db.session.remove()
    client.post(f"/cart/lines/{line}", data={"quantity": "0"}, headers=ours())
    assert rows()["cart_lines"] == 0


def test_an_unknown_country_is_told_and_kept_out(town: Town, client: FlaskClient) -> None:
    cart_with_a_shirt(client, town.a_shirt().id)
    for country in ("XX", "", "EU", "USA", "ÅÅ", "u\x00", "US' --"):
        answer = client.post("/cart/destination", data={"country": country}, headers=ours(), follow_redirects=True)
        assert answer.status_code == 200 and "country from the list" in answer.text, country


BODIES: list[tuple[str, bytes]] = [
    ("application/x-www-form-urlencoded", b"\xff\xfe=%ff&name=\xc3\x28&quantity=\xff&email=%00%ff"),
    ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(5000))),
    ("application/x-www-form-urlencoded", b"message=" + b"x" * 400_000),
    ("application/x-www-form-urlencoded", b"message=" + b"x" * 2_200_000),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nno end'),
    ("multipart/form-data; boundary=x", b"--x\r\n" * 3000),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=" + "b" * 500, b"\xff" * 1000),
    ("application/json", b'{"email": 1}'),
    ("text/plain; charset=utf-7", b"+ADw-script+AD4-"),
    ("", b"\x00" * 100),
]


@pytest.mark.parametrize("path", ["/cart/lines", "/contact", "/orders/find", "/checkout", "/cart/note"])
def test_broken_and_oversized_bodies_are_refused_politely(path: str, town: Town, client: FlaskClient) -> None:
    before = rows()
    for kind, body in BODIES:
        is_civil(client.post(path, data=body, content_type=kind, headers=ours()), (path, kind, body[:40]))
        assert rows() == before, (path, kind, body[:40])


def test_a_cart_cookie_of_any_shape_is_only_an_unknown_cart(town: Town) -> None:
    for cookie in ("", "x", "a" * 5000, '"a\\000b"', "\\377", "../..", "%00", "é", "null", "1; DROP TABLE carts"):
        client = town.app.test_client()
        for method, path in (("GET", "/cart"), ("POST", "/cart/note"), ("POST", "/checkout"), ("POST", "/cart/lines")):
            answer = client.open(path, method=method, headers={**ours(), "Cookie": f"cart={cookie}"})
            is_civil(answer, (cookie, path))
    assert rows()["carts"] == 0
