"""Guessing order links, other people's cart lines, and who bought here."""

from __future__ import annotations

import secrets

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from shop.cart.models import CartLine
from shop.email.models import Letter
from shop.extensions import db, limiter
from tests.bad_input.hostile import cart_with_a_shirt, is_civil, ours, rows
from tests.town import Town


@pytest.fixture
def client(town: Town) -> FlaskClient:
    return town.app.test_client()


def test_an_order_is_behind_its_whole_link_alone(town: Town, client: FlaskClient) -> None:
    order = town.paid_order()
    token, number = order.token, order.number
    assert len(token) >= 32  # 192 bits
    assert client.get(f"/orders/{token}").status_code == 200
    near = [
        token[:-1],
        token + "a",
        token.swapcase(),
        token[::-1],
        token + "/",
        f" {token}",
        f"{token}%00",
        number,
        str(order.id),
    ]
    guesses = near + [secrets.token_urlsafe(24) for _ in range(100)]
    for guess in guesses:
        if guess.rstrip("/") == token:
            continue
        answer = client.get(f"/orders/{guess}")
        is_civil(answer, guess)
        assert answer.status_code == 404 and order.email not in answer.text and number not in answer.text, guess
    page = client.get(f"/orders/{token}")
    assert "ada@example.com" not in page.text  # masked
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_order_numbers_leak_neither_count_nor_order(town: Town) -> None:
    numbers = []
    for _ in range(2):
        numbers.append(town.paid_order().number)
    assert len(set(numbers)) == 2 and all(len(n) == 9 and n[4] == "-" for n in numbers)
    assert abs(int(numbers[0].replace("-", ""), 36) - int(numbers[1].replace("-", ""), 36)) > 1000


def test_a_line_of_another_cart_cannot_be_touched(town: Town, client: FlaskClient) -> None:
    other = town.app.test_client()
    shirt = town.a_shirt().id
    cart_with_a_shirt(other, shirt)
    theirs = db.session.execute(select(CartLine.id)).scalar_one()
    cart_with_a_shirt(client, shirt)
    for path, data in (
        (f"/cart/lines/{theirs}", {"quantity": "9"}),
        (f"/cart/lines/{theirs}", {"quantity": "0"}),
        (f"/cart/lines/{theirs}/remove", {}),
    ):
        is_civil(client.post(path, data=data, headers=ours()), path)
    db.session.remove()
    assert db.session.get_one(CartLine, theirs).quantity == 1


def test_the_look_up_form_answers_the_same_whoever_asks(town: Town, client: FlaskClient) -> None:
    order = town.paid_order()
    before = rows()["letters"]
    asked = [
        {"number": order.number, "email": order.email},
        {"number": order.number, "email": "mallory@example.com"},
        {"number": "ZZZZ-ZZZZ", "email": order.email},
        {"number": "ZZZZ-ZZZZ", "email": "mallory@example.com"},
    ]
    answers = [client.post("/orders/find", data=form, headers=ours()) for form in asked]
    told = {(a.status_code, a.headers["Location"], a.get_data()) for a in answers}
    assert len(told) == 1
    assert rows()["letters"] == before + 1
    letter = db.session.execute(select(Letter).where(Letter.letter == "order_link")).scalar_one()
    assert letter.to_email == order.email
    for _ in range(5):  # at most one an hour, however often somebody asks
        client.post("/orders/find", data=asked[0], headers=ours())
    assert rows()["letters"] == before + 1


def test_the_look_up_form_is_throttled_by_machine_and_by_address(town: Town) -> None:
    limiter.enabled = True
    form = {"number": "ZZZZ-ZZZZ", "email": "ada@example.com"}
    one = town.app.test_client()
    codes = [one.post("/orders/find", data=form, headers=ours()).status_code for _ in range(8)]
    assert codes.count(303) <= 5 and codes[-1] == 429
    limiter.reset()
    many = [
        town.app.test_client().post(
            "/orders/find", data=form, headers=ours(), environ_overrides={"REMOTE_ADDR": f"10.0.{n}.1"}
        )
        for n in range(60)
    ]
    codes = [a.status_code for a in many]
    assert codes.count(303) <= 20 and codes[-1] == 429, "a botnet guesses as often as it likes"


def test_the_contact_form_is_throttled_by_machine_and_by_address(town: Town) -> None:
    limiter.enabled = True
    form = {"name": "Ada", "email": "victim@example.com", "message": "hello there"}
    one = town.app.test_client()
    codes = [one.post("/contact", data={**form, "message": f"m{n} ..."}, headers=ours()).status_code for n in range(8)]
    assert codes.count(303) <= 5 and codes[-1] == 429
    limiter.reset()
    for n in range(40):
        town.app.test_client().post(
            "/contact",
            data={**form, "message": f"n{n} ..."},
            headers=ours(),
            environ_overrides={"REMOTE_ADDR": f"10.1.{n}.1"},
        )
    db.session.remove()
    receipts = db.session.execute(select(Letter).where(Letter.to_email == "victim@example.com")).scalars().all()
    assert len(receipts) == 1, "the form fills somebody's mailbox"
    to_shop = db.session.execute(select(Letter).where(Letter.letter == "contact")).scalars().all()
    assert len(to_shop) <= 15


def test_a_payment_session_that_is_not_ours_is_unknown(town: Town, client: FlaskClient) -> None:
    for guess in (
        "",
        "cs_",
        "cs_test_nothing",
        "cs_" + "a" * 5000,
        "cs_../../v1/refunds",
        "cs_%00",
        "pi_123",
        "cs_a?b=c",
    ):
        answer = client.get("/api/checkout/success", query_string={"session_id": guess})
        is_civil(answer, guess)
        assert answer.status_code == 422 or answer.json == {"state": "unknown", "order": None}, guess
        page = client.get("/checkout/return", query_string={"session_id": guess})
        assert page.status_code == 200 and "Thank you" not in page.text
