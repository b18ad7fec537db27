"""Open an account, sign in and out, choose a new password: what works, what is refused, and what nobody learns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from shop.accounts.shopper_models import Shopper, ShopperRegistration, ShopperSession
from shop.accounts.signing_in import LETTERS_PER_ACCOUNT, PER_ACCOUNT
from shop.core import clock
from shop.workflows import clean_up
from tests.admin.conftest import Staff
from tests.storefront.account.conftest import PASSWORD, Visitor, count, letters, link_in, open_account

FORM = {"name": "Ada Byron", "email": "ada@example.com", "password": PASSWORD}


def test_register_confirm_and_be_signed_in(visitor: Visitor) -> None:
    visitor.get("/account/register")
    answer = visitor.post("/account/register", {**FORM, "email": " Ada@Example.COM "})
    assert answer.status_code == 303 and answer.location == "/account/register/sent"
    assert "ada@example.com" in visitor.get("/account/register/sent").text
    assert count(Shopper) == 0, "nobody has proven the mailbox yet"
    link = link_in("account_verify", "verify_url")
    assert "ada@example.com" in visitor.get(link).text
    assert count(Shopper) == 0, "looking at the link is not confirming it"
    assert visitor.post(link, {"password": PASSWORD}).location == "/account"
    assert "No orders yet" in visitor.get("/account").text
    assert count() == 0
    assert visitor.get(link).status_code == 404 and visitor.post(link, {"password": PASSWORD}).status_code == 404


def test_a_link_alone_or_a_password_alone_opens_nothing(app: Flask, visitor: Visitor) -> None:
    """A stranger registers my address with their password; I get the letter, they know the password."""
    visitor.post("/account/register", FORM)
    assert visitor.post("/account/sign-in", {"email": FORM["email"], "password": PASSWORD}).status_code == 401
    owner = Visitor(app)
    link = link_in("account_verify", "verify_url")
    owner.get(link)
    answer = owner.post(link, {"password": "my own other password"})
    assert answer.status_code == 422 and "not the password you chose" in answer.text
    assert count(Shopper) == 0 and not owner.is_in()
    owner.post("/account/register", {**FORM, "password": "my own other password"})
    mine = link_in("account_verify", "verify_url")
    assert owner.post(mine, {"password": "my own other password"}).status_code == 303
    assert visitor.get(link).status_code == 404, "what the stranger typed is gone"


def test_a_known_address_gets_the_same_answer_and_another_letter(app: Flask) -> None:
    open_account("known@example.com")
    seen = {}
    for email in ("known@example.com", "fresh@example.com"):
        visitor = Visitor(app)
        before, rows = len(letters()), count()
        answer = visitor.post("/account/register", {**FORM, "email": email})
        page = visitor.get("/account/register/sent").text.replace(email, "…")
        again = visitor.post("/account/register/again")
        seen[email] = (
            answer.status_code, answer.location, page.replace(visitor.token, "…"), len(page), again.status_code,
            again.location, len(letters()) - before, count() - rows,
        )  # fmt: skip
    assert seen["known@example.com"][:2] == seen["fresh@example.com"][:2]
    assert seen["known@example.com"][3:] == seen["fresh@example.com"][3:]
    assert [(kind, to) for kind, to, _ in letters()] == [
        ("account_exists", "known@example.com"), ("account_exists", "known@example.com"),
        ("account_verify", "fresh@example.com"), ("account_verify", "fresh@example.com"),
    ]  # fmt: skip


def test_signing_in_does_not_tell_which_half_was_wrong(app: Flask) -> None:
    open_account("known@example.com")
    Visitor(app).post("/account/register", {**FORM, "email": "pending@example.com"})
    said = set()
    for email, password in (("known@example.com", "wrong wrong wrong"), ("nobody@example.com", PASSWORD),
                            ("pending@example.com", PASSWORD)):  # fmt: skip
        visitor = Visitor(app)
        visitor.get("/account/sign-in")
        answer = visitor.post("/account/sign-in", {"email": email, "password": password})
        said.add((answer.status_code, answer.text.replace(email, "…").replace(visitor.token, "…")))
    assert len(said) == 1 and next(iter(said))[0] == 401


def test_asking_for_a_new_password_does_not_tell_who_has_an_account(app: Flask) -> None:
    open_account("known@example.com")
    said = set()
    for email in ("known@example.com", "nobody@example.com"):
        visitor = Visitor(app)
        answer = visitor.post("/account/forgotten", {"email": email})
        said.add((answer.status_code, answer.location))
    assert said == {(303, "/account/forgotten/sent")}
    assert [(kind, to) for kind, to, _ in letters()] == [("account_reset", "known@example.com")]


def test_letters_are_throttled_for_known_and_unknown_addresses_alike(app: Flask) -> None:
    open_account("known@example.com")
    for email in ("known@example.com", "fresh@example.com"):
        answers = []
        for _ in range(LETTERS_PER_ACCOUNT + 2):
            visitor = Visitor(app)
            answers.append(visitor.post("/account/register", {**FORM, "email": email}).status_code)
        assert answers == [303] * LETTERS_PER_ACCOUNT + [429] * 2
        assert Visitor(app).post("/account/forgotten", {"email": email}).status_code == 429
    again = Visitor(app)
    with again.client.session_transaction() as cookie:
        cookie["registration"] = [1, "fresh@example.com"]
    assert again.post("/account/register/again").status_code == 429
    assert len(letters()) == 2 * LETTERS_PER_ACCOUNT


def test_guessing_is_throttled_and_does_not_lock_the_panel(app: Flask) -> None:
    open_account("admin@example.com")
    visitor = Visitor(app)
    answers = [
        visitor.post("/account/sign-in", {"email": "admin@example.com", "password": "x"}).status_code
        for _ in range(PER_ACCOUNT + 1)
    ]
    assert answers == [401] * PER_ACCOUNT + [429]
    assert visitor.post("/account/sign-in", {"email": "admin@example.com", "password": PASSWORD}).status_code == 429
    assert Staff(app).sign_in().status_code == 303


def test_a_link_to_confirm_dies_after_a_day(visitor: Visitor) -> None:
    visitor.post("/account/register", FORM)
    link = link_in("account_verify", "verify_url")
    clock.fix(clock.now() + timedelta(hours=24, seconds=1))
    assert visitor.get(link).status_code == 404
    assert visitor.post(link, {"password": PASSWORD}).status_code == 404
    clean_up.run()
    assert count(ShopperRegistration) == count(Shopper) == 0


def test_sending_it_again_makes_the_link_before_useless(visitor: Visitor) -> None:
    visitor.post("/account/register", FORM)
    first = link_in("account_verify", "verify_url")
    assert visitor.post("/account/register/again").status_code == 303
    assert visitor.get(first).status_code == 404
    assert visitor.get(link_in("account_verify", "verify_url")).status_code == 200


def test_a_new_password_by_letter_works_once_and_signs_everybody_out(app: Flask, shopper: Visitor) -> None:
    visitor = Visitor(app)
    visitor.post("/account/forgotten", {"email": "ada@example.com"})
    link = link_in("account_reset", "reset_url")
    visitor.get(link)
    refused = visitor.post(link, {"password": "short"})
    assert refused.status_code == 422 and "at least 12" in refused.text
    assert visitor.post(link, {"password": "nine purple teapots"}).location == "/account/sign-in"
    assert visitor.post(link, {"password": "nine purple kettles"}).status_code == 404
    assert not shopper.is_in() and not visitor.is_in()
    assert letters()[-1][0] == "account_password"
    assert visitor.post("/account/sign-in", {"email": "ada@example.com", "password": PASSWORD}).status_code == 401
    newer = {"email": "ada@example.com", "password": "nine purple teapots"}
    assert visitor.post("/account/sign-in", newer).location == "/account"


def test_a_link_for_a_new_password_dies_after_an_hour_and_with_the_next_one(visitor: Visitor) -> None:
    open_account("ada@example.com")
    visitor.post("/account/forgotten", {"email": "ada@example.com"})
    first = link_in("account_reset", "reset_url")
    visitor.post("/account/forgotten", {"email": "ada@example.com"})
    second = link_in("account_reset", "reset_url")
    assert visitor.get(first).status_code == 404 and visitor.get(second).status_code == 200
    assert visitor.get(second.replace("new-password", "delete")).status_code == 404
    clock.fix(clock.now() + timedelta(hours=1, seconds=1))
    assert visitor.get(second).status_code == 404


def test_signing_in_gives_a_session_nobody_knew_before(app: Flask, shopper: Visitor) -> None:
    before = shopper.session_token
    thief = Visitor(app)
    thief.client.set_cookie("shopper", before)
    answer = shopper.post("/account/sign-in", {"email": "ada@example.com", "password": PASSWORD})
    assert answer.status_code == 303 and shopper.session_token != before
    assert shopper.is_in() and not thief.is_in()
    cookie = next(h for h in answer.headers.getlist("Set-Cookie") if h.startswith("shopper="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    fixed = Visitor(app)
    fixed.client.set_cookie("shopper", "a" * 32)
    fixed.post("/account/sign-in", {"email": "ada@example.com", "password": PASSWORD})
    assert fixed.session_token != "a" * 32 and fixed.is_in()


def test_the_form_s_token_changes_with_the_session(shopper: Visitor) -> None:
    shopper.get("/account/sign-in")
    before = shopper.token
    shopper.post("/account/sign-in", {"email": "ada@example.com", "password": PASSWORD})
    assert shopper.bare_post("/account/sign-out", data={"csrf_token": before}).status_code == 400
    assert shopper.is_in()


def test_signing_out_ends_the_row(app: Flask, shopper: Visitor) -> None:
    stolen = shopper.session_token
    shopper.get("/account/security")
    assert shopper.post("/account/sign-out").location == "/account/sign-in"
    thief = Visitor(app)
    thief.client.set_cookie("shopper", stolen)
    assert not shopper.is_in() and not thief.is_in() and count(ShopperSession) == 0


def test_a_session_nobody_came_back_to_has_ended(shopper: Visitor) -> None:
    clock.fix(clock.now() + timedelta(days=59))
    assert shopper.is_in(), "and it is counted anew from now on"
    clock.fix(clock.now() + timedelta(days=59))
    assert shopper.is_in()
    clock.fix(clock.now() + timedelta(days=61))
    assert not shopper.is_in()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/account//evil", "/admin/", "/accounts",
                                    "/account/../admin", "/account\\@evil", "javascript:alert(1)"])  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(target: str, visitor: Visitor) -> None:
    open_account("ada@example.com")
    where = visitor.post(
        "/account/sign-in", {"email": "ada@example.com", "password": PASSWORD, "next": target}
    ).location
    assert where in ("/account", "/account//evil")


def test_staff_are_no_shoppers_and_shoppers_no_staff(app: Flask, shopper: Visitor) -> None:
    staff = Staff(app).known_as("admin@example.com")
    assert staff.get("/account").location.startswith("/account/sign-in")
    assert shopper.get("/admin/").location.startswith("/admin/sign-in")
    both = Visitor(app)
    both.client.set_cookie("shopper", shopper.session_token)
    open_account("admin@example.com")
    assert both.sign_in().status_code == 303, "the panel's own sign-in"
    assert "ada@example.com" in both.get("/account").text
    both.post("/account/sign-out")
    assert both.get("/admin/account").status_code == 200, "signed out of the shop, still in the panel"
    as_staff = Visitor(app)
    given = as_staff.post("/admin/sign-in", {"email": "ada@example.com", "password": PASSWORD})
    assert given.status_code == 401
