"""Passkeys: whose they are, what they are good for, and every way in which an answer does not count."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from shop.accounts.shopper_models import ShopperChallenge, ShopperPasskey, ShopperSession
from shop.accounts.shoppers.passkeys import MOST
from shop.accounts.signing_in import PER_ADDRESS
from shop.core import clock
from shop.core.transaction import transaction
from tests.bad_input.hostile import TEXTS, is_civil
from tests.storefront.account.authenticator import PRESENT, Authenticator
from tests.storefront.account.conftest import PASSWORD, Visitor, count, letters

ORIGIN = "http://shop.example.com"


@pytest.fixture(autouse=True)
def _has_a_name(app: Flask) -> Iterator[None]:
    """Browsers make no passkeys for a bare number."""
    before = app.config["IMPRINT"]
    app.config["IMPRINT"] = replace(before, public_url=ORIGIN)
    yield
    app.config["IMPRINT"] = before


def a_key(**values: Any) -> Authenticator:
    return Authenticator(**{"origin": ORIGIN, "rp_id": "shop.example.com", **values})


def question(who: Visitor, path: str) -> dict[str, Any]:
    answer = who.bare_post(path, data={"csrf_token": who.token})
    assert answer.status_code == 200, answer.text
    return dict(json.loads(answer.text))


def add(who: Visitor, key: Authenticator, name: str = "My phone") -> Any:
    who.get("/account/security")
    asked = question(who, "/account/passkeys/question")
    return who.post("/account/passkeys", {"answer": key.create(asked), "name": name})


def sign_in(who: Visitor, key: Authenticator, **more: str) -> Any:
    who.get("/account/sign-in")
    asked = question(who, "/account/sign-in/passkey/question")
    return who.post("/account/sign-in/passkey", {"answer": key.get(asked), **more})


def test_a_passkey_is_added_and_opens_the_account_without_a_password(app: Flask, shopper: Visitor) -> None:
    key = a_key()
    assert add(shopper, key).location == "/account/security#passkeys"
    assert "My phone" in shopper.get("/account/security").text
    assert letters("account_security")[0][2]["change"] == "passkey_added"
    phone = Visitor(app)
    assert sign_in(phone, key, next="/account/addresses").location == "/account/addresses"
    assert phone.is_in() and "Passkey ·" in phone.get("/account/security").text
    assert sign_in(Visitor(app), key).status_code == 303, "the counter went up"


def test_nothing_but_a_right_answer_signs_in(app: Flask, shopper: Visitor) -> None:
    key = a_key()
    add(shopper, key)
    sign_in(Visitor(app), key)
    wrong: dict[str, Callable[[], Authenticator]] = {
        "another site": lambda: replace(key, origin="https://evil.example"),
        "another site's key": lambda: replace(key, rp_id="evil.example"),
        "nobody was verified": lambda: replace(key, flags=PRESENT),
        "nobody was there": lambda: replace(key, flags=0),
        "a copy: the counter stands still": lambda: replace(key, count=0),
        "another key's signature": lambda: replace(key, key=a_key().key),
        "an unknown key": lambda: replace(key, credential_id=b"never heard of it"),
        "somebody else's name": lambda: replace(key, handle=b"somebody else"),
        "no name": lambda: replace(key, handle=b""),
    }
    said = set()
    for why, make in wrong.items():
        visitor = Visitor(app)
        answer = sign_in(visitor, make())
        assert answer.status_code == 401 and not visitor.is_in(), why
        said.add(answer.text.split("passkey does not open")[1][:60])
    assert len(said) == 1, "one answer, whatever it was"
    assert sign_in(Visitor(app), replace(key, count=5)).status_code == 303


def test_a_challenge_counts_once_and_in_the_browser_that_asked(app: Flask, shopper: Visitor) -> None:
    key = a_key()
    add(shopper, key)
    thief, victim = Visitor(app), Visitor(app)
    for visitor in (thief, victim):
        visitor.get("/account/sign-in")
    asked = question(victim, "/account/sign-in/passkey/question")
    kept = victim.client.get_cookie("session")
    signed = key.get(asked)
    question(thief, "/account/sign-in/passkey/question")
    assert thief.post("/account/sign-in/passkey", {"answer": signed}).status_code == 401
    assert victim.post("/account/sign-in/passkey", {"answer": signed}).status_code == 303
    assert kept is not None
    again = Visitor(app)
    again.client.set_cookie("session", kept.value)
    again.get("/account/sign-in")
    assert again.post("/account/sign-in/passkey", {"answer": signed}).status_code == 401, "a replayed cookie"
    late = Visitor(app)
    late.get("/account/sign-in")
    asked = question(late, "/account/sign-in/passkey/question")
    with transaction() as session:
        session.execute(update(ShopperChallenge).values(expires_at=clock.now() - timedelta(seconds=1)))
    assert late.post("/account/sign-in/passkey", {"answer": key.get(asked)}).status_code == 401
    shopper.get("/account/security")
    asked = question(shopper, "/account/passkeys/question")
    late.post("/account/sign-in/passkey", {"answer": key.get(asked)})
    assert not late.is_in(), "a challenge to add one is none to sign in"


def test_whatever_is_sent_is_refused_politely_and_uses_the_challenge_up(app: Flask, shopper: Visitor) -> None:
    answers = [*TEXTS[:12], "{}", "[]", "null", '{"id": 1}', '{"id":"a","rawId":"a","type":"public-key","response":{}}']
    for bad in answers:
        shopper.get("/account/security")
        question(shopper, "/account/passkeys/question")
        answer = shopper.post("/account/passkeys", {"answer": bad, "name": "x"})
        assert answer.status_code == 422 and "could not be added" in answer.text, bad
        is_civil(shopper.post("/account/sign-in/passkey", {"answer": bad}), bad)
    assert count(ShopperPasskey) == 0 and count(ShopperChallenge) == 0


def test_adding_and_removing_want_a_recent_sign_in(app: Flask, shopper: Visitor) -> None:
    add(shopper, a_key())
    with transaction() as session:
        session.execute(update(ShopperSession).values(created_at=clock.now() - timedelta(minutes=16)))
    shopper.get("/account/security")
    assert shopper.bare_post("/account/passkeys/question", data={"csrf_token": shopper.token}).status_code == 403
    removed = shopper.post("/account/passkeys/1/remove")
    assert removed.location == "/account/prove?next=/account/security"
    shopper.get(removed.location)
    assert shopper.post("/account/prove", {"password": "wrong wrong wrong"}).status_code == 422
    assert shopper.post("/account/prove", {"password": PASSWORD, "next": "//evil.example"}).location == "/account"
    assert add(shopper, a_key(credential_id=b"the second one..")).status_code == 303
    assert count(ShopperPasskey) == 2


def test_a_passkey_that_is_removed_ends_what_it_opened(
    app: Flask, shopper: Visitor, another: Callable[[str], Visitor]
) -> None:
    key = a_key()
    add(shopper, key, name="")
    phone = Visitor(app)
    sign_in(phone, key)
    eve = another("eve@example.com")
    eve.get("/account/security")
    number = shopper.get("/account/security").text.split("/account/passkeys/")[1:]
    path = next(f"/account/passkeys/{part.split('/')[0]}" for part in number if part[0].isdigit())
    assert eve.post(f"{path}/remove").status_code == 404
    assert eve.post(f"{path}/name", {"passkey_name": "x"}).status_code == 404
    assert shopper.post(f"{path}/name", {"passkey_name": " Old \n phone "}).status_code == 303
    assert "Old phone" in shopper.get("/account/security").text
    assert shopper.post(f"{path}/remove").status_code == 303
    assert shopper.is_in() and not phone.is_in()
    assert sign_in(Visitor(app), key).status_code == 401
    assert [facts["change"] for _, _, facts in letters("account_security")] == ["passkey_added", "passkey_removed"]


def test_there_are_at_most_ten_and_none_twice(shopper: Visitor, another: Callable[[str], Visitor]) -> None:
    key = a_key()
    add(shopper, key)
    assert add(another("eve@example.com"), key).status_code == 422, "somebody else's"
    for n in range(1, MOST):
        add(shopper, a_key(credential_id=f"key number {n:5}".encode()))
    assert count(ShopperPasskey) == MOST
    shopper.get("/account/security")
    answer = shopper.bare_post("/account/passkeys/question", data={"csrf_token": shopper.token})
    assert answer.status_code == 409 and "Remove one first" in answer.text


def test_questions_are_few_and_say_nothing_about_anybody(app: Flask, shopper: Visitor) -> None:
    add(shopper, a_key())
    visitor = Visitor(app)
    visitor.get("/account/sign-in")
    for _ in range(PER_ADDRESS // 4):  # without Redis' help each process allows a part of it
        asked = question(visitor, "/account/sign-in/passkey/question")
        assert asked.get("allowCredentials", []) == [] and asked["userVerification"] == "required"
