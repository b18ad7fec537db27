"""What a shopper finds and changes in the account, and what stays other people's."""

from __future__ import annotations

import importlib
import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.accounts.models import Customer
from shop.accounts.shopper_models import Shopper, ShopperAddress, ShopperSession
from shop.core import clock
from shop.core.transaction import transaction
from shop.customers.models import ConsentChange
from shop.extensions import db
from shop.storefront.account.blueprint import OPEN
from tests.admin import making
from tests.admin.conftest import counting
from tests.bad_input.hostile import TEXTS, is_civil
from tests.bad_input.test_foreign_sites import FOREIGN
from tests.customers.people import bought, buyer
from tests.storefront.account.conftest import PASSWORD, Visitor, count, letters, link_in, open_account
from tests.town import Town

ADDRESS = {"name": "Ada Byron", "line1": "12 Mill Lane", "line2": "", "city": "Portland", "state": "OR",
           "postal_code": "97209", "country": "US"}  # fmt: skip


def an_order(email: str, **columns: Any) -> str:
    with transaction() as session:
        return bought(session, buyer(session, email), **columns).number


def rules(app: Flask) -> list[tuple[str, str, str]]:
    """[(endpoint, method, path)] below /account."""
    return [
        (rule.endpoint, method, re.sub(r"<[^>]+>", "1", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/account")
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


def test_every_page_of_an_account_leads_strangers_to_the_sign_in(app: Flask, visitor: Visitor) -> None:
    found = rules(app)
    assert len(found) > 30
    for endpoint, method, path in found:
        answer = visitor._open(path, method=method)
        assert answer.headers["Cache-Control"] == "private, no-store", path
        if endpoint not in OPEN:
            assert answer.status_code == 303 and answer.location.startswith("/account/sign-in"), (method, path)
    answer = visitor.get("/account/addresses?x=1")
    assert answer.location == "/account/sign-in?next=/account/addresses?x%3D1"


def test_nothing_is_done_without_the_forms_token_or_from_another_site(app: Flask, shopper: Visitor) -> None:
    shopper.get("/account/security")
    for _, method, path in rules(app):
        if method == "POST":
            assert shopper.bare_post(path, data={"sure": "1"}).status_code == 400, path
            assert shopper.bare_post(path, data={"csrf_token": "x" * 90}).status_code == 400, path
            for headers in FOREIGN:
                data = {"csrf_token": shopper.token}
                assert shopper.bare_post(path, data=data, headers=headers).status_code == 403, (path, headers)
    assert shopper.is_in() and letters() == []


def test_an_account_shows_what_its_own_mailbox_bought(app: Flask, another: Callable[[str], Visitor]) -> None:
    mine, theirs = an_order("ada@example.com"), an_order("eve@example.com")
    with transaction() as session:
        making.paid_order(session, email="Ada@Example.COM", name="Ada")
    ada, eve = another("ada@example.com"), another("eve@example.com")
    assert mine in ada.get("/account").text and theirs not in ada.get("/account").text
    assert ada.get("/account").text.count('account-order"') == 2, "however the address was spelt"
    assert theirs in eve.get("/account").text and mine not in eve.get("/account").text
    later = an_order("ada@example.com")
    assert later in ada.get("/account").text


def test_an_address_nobody_confirmed_shows_nothing(app: Flask, visitor: Visitor) -> None:
    number = an_order("ada@example.com")
    form = {"name": "Eve", "email": "ada@example.com", "password": PASSWORD}
    visitor.post("/account/register", form)
    visitor.post("/account/sign-in", form)
    assert not visitor.is_in()
    eve = Visitor(app)
    open_account("eve@example.com")
    eve.known_as("eve@example.com")
    eve.post("/account/email", {"new_email": "ada@example.com", "email_password": PASSWORD})
    old = link_in("account_email_confirm", "confirm_url", "eve@example.com")
    eve.get(old)
    eve.post(old)
    assert number not in eve.get("/account").text
    with transaction() as session:  # staff put the address into the wrong customer's record
        session.execute(select(Customer).where(Customer.email == "eve@example.com")).scalar_one().name = "Ada"
        session.execute(
            select(Customer).where(Customer.email == "ada@example.com")
        ).scalar_one().email = "x@example.com"
        session.flush()
        session.execute(
            select(Customer).where(Customer.email == "eve@example.com")
        ).scalar_one().email = "ada@example.com"
    assert number not in eve.get("/account").text


def test_the_history_is_paged_and_costs_the_same_however_long(shopper: Visitor) -> None:
    costs = []
    shopper.get("/account")
    for more in (4, 8):
        for _ in range(more):
            an_order("ada@example.com")
        with counting() as seen:
            assert shopper.get("/account").status_code == 200
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 5, costs
    first, second = shopper.get("/account").text, shopper.get("/account?page=2").text
    assert (first.count('account-order"'), second.count('account-order"')) == (10, 2)
    for odd in ("0", "-1", "999999999", "x", "%00"):
        assert shopper.get(f"/account?page={odd}").status_code == 200


def test_a_new_password_wants_the_old_one_and_signs_the_others_out(app: Flask, shopper: Visitor) -> None:
    other, before = Visitor(app).known_as("ada@example.com"), shopper.session_token
    shopper.get("/account/security")
    wrong = shopper.post("/account/password", {"current": "wrong", "password": "nine purple teapots"})
    assert wrong.status_code == 422 and "not your current password" in wrong.text and other.is_in()
    weak = shopper.post("/account/password", {"current": PASSWORD, "password": "ada@example.com"})
    assert weak.status_code == 422 and "your e-mail address" in weak.text
    done = shopper.post("/account/password", {"current": PASSWORD, "password": "nine purple teapots"})
    assert done.location == "/account/security"
    assert shopper.is_in() and shopper.session_token != before and not other.is_in()
    assert [kind for kind, _, _ in letters()] == ["account_password"]


def test_browsers_are_listed_and_can_be_signed_out(app: Flask, shopper: Visitor, another: Any) -> None:
    other, eve = Visitor(app).known_as("ada@example.com"), another("eve@example.com")
    page = shopper.get("/account/security").text
    ids = re.findall(r"/account/sessions/(\d+)/end", page)
    assert len(ids) == 2 and page.count("This one") == 1
    eve.get("/account/security")
    for row in ids:
        eve.post(f"/account/sessions/{row}/end")
    assert shopper.is_in() and other.is_in(), "not somebody else's"
    shopper.get("/account/security")
    assert shopper.post("/account/sessions/end-others").status_code == 303
    assert shopper.is_in() and not other.is_in() and eve.is_in()
    row = re.findall(r"/account/sessions/(\d+)/end", shopper.get("/account/security").text)[0]
    assert shopper.post(f"/account/sessions/{row}/end").location == "/account/sign-in"
    assert not shopper.is_in() and count(ShopperSession) == 1


def test_another_address_counts_once_both_mailboxes_have_confirmed(app: Flask, shopper: Visitor) -> None:
    mine, guest = an_order("ada@example.com"), an_order("countess@example.com")
    shopper.get("/account/security")
    shopper.post("/account/email", {"new_email": "Countess@example.com", "email_password": PASSWORD})
    old = link_in("account_email_confirm", "confirm_url", "ada@example.com")
    new = link_in("account_email_confirm", "confirm_url", "countess@example.com")
    assert old != new and len(letters()) == 2
    anybody = Visitor(app)
    anybody.get(new)
    for _ in range(2):
        assert "Now open the link" in anybody.post(new).text, "the same mailbox twice is one mailbox"
        anybody.get(new)
    assert guest not in shopper.get("/account").text
    assert anybody.post(old).location == "/account/sign-in"
    assert not shopper.is_in(), "every browser is signed out"
    assert anybody.get(old).status_code == anybody.post(new).status_code == 404
    assert {to for kind, to, _ in letters("account_email_changed")} == {"ada@example.com", "countess@example.com"}
    again = Visitor(app).known_as("countess@example.com")
    page = again.get("/account").text
    assert mine in page and guest in page
    clock.fix(clock.now() + timedelta(days=1))
    with transaction() as session:
        late = making.paid_order(session, email="ada@example.com", name="Somebody", placed_at=clock.now()).number
    assert late not in again.get("/account").text, "the mailbox may be somebody else's by now"
    db.session.remove()
    customer = db.session.execute(select(Customer).join(Shopper, Shopper.customer_id == Customer.id)).scalar_one()
    assert customer.email == "countess@example.com" and customer.orders_count == 2


def test_an_address_with_an_account_is_not_told_to_whoever_asks(shopper: Visitor) -> None:
    open_account("taken@example.com")
    shopper.get("/account/security")
    said = []
    for email in ("taken@example.com", "fresh@example.com"):
        answer = shopper.post("/account/email", {"new_email": email, "email_password": PASSWORD})
        page = shopper.get("/account/security").text
        said.append((answer.status_code, answer.location, len(page.replace(email, "")), len(letters())))
    assert said[0][:3] == said[1][:3] and [row[3] for row in said] == [2, 4]
    assert letters("account_exists")[0][1] == "taken@example.com"


def test_a_change_of_address_dies_after_a_day_and_when_it_is_stopped(shopper: Visitor) -> None:
    shopper.get("/account/security")
    shopper.post("/account/email", {"new_email": "b@example.com", "email_password": PASSWORD})
    link = link_in("account_email_confirm", "confirm_url")
    shopper.get("/account/security")
    shopper.post("/account/email/stop")
    assert shopper.get(link).status_code == 404
    shopper.get("/account/security")
    shopper.post("/account/email", {"new_email": "b@example.com", "email_password": PASSWORD})
    link = link_in("account_email_confirm", "confirm_url")
    clock.fix(clock.now() + timedelta(hours=24, seconds=1))
    assert shopper.get(link).status_code == 404


def test_addresses_are_kept_changed_and_removed_and_one_is_the_usual(shopper: Visitor, another: Any) -> None:
    shopper.get("/account/addresses/new")
    assert shopper.post("/account/addresses/new", ADDRESS).location == "/account/addresses"
    shopper.post("/account/addresses/new", {**ADDRESS, "line1": "2 Second Street", "default": "1"})
    db.session.remove()
    rows = db.session.execute(select(ShopperAddress).order_by(ShopperAddress.id)).scalars().all()
    assert [row.is_default for row in rows] == [False, True]
    first, second = rows[0].id, rows[1].id
    page = shopper.get("/account/addresses").text
    assert page.index("2 Second Street") < page.index("12 Mill Lane") and "United States" in page
    shopper.post(f"/account/addresses/{first}", {**ADDRESS, "city": "Salem"})
    assert "Salem" in shopper.get("/account/addresses").text
    eve = another("eve@example.com")
    eve.get("/account/security")
    for path in (f"/{first}", f"/{first}/default", f"/{first}/remove"):
        assert eve.post(f"/account/addresses{path}", ADDRESS).status_code == 404
    assert eve.get(f"/account/addresses/{first}").status_code == 404
    shopper.get("/account/addresses")
    shopper.post(f"/account/addresses/{second}/remove")
    assert shopper.post(f"/account/addresses/{second}/remove").status_code == 404
    db.session.remove()
    assert db.session.execute(select(ShopperAddress)).scalar_one().is_default
    shopper.get("/account/addresses/new")
    for _ in range(20):
        answer = shopper.post("/account/addresses/new", ADDRESS)
    assert answer.status_code == 409 and count(ShopperAddress) == 20


def test_marketing_letters_are_the_shoppers_choice_and_the_change_is_kept(shopper: Visitor) -> None:
    shopper.get("/account/data")
    for wanted in ({"newsletter": "1"}, {"newsletter": "1"}, {}):
        assert shopper.post("/account/letters", wanted).status_code == 303
    db.session.remove()
    changes = db.session.execute(select(ConsentChange).order_by(ConsentChange.id)).scalars().all()
    assert [(row.accepts, row.source) for row in changes] == [(True, "account"), (False, "account")]


def test_a_shopper_gets_everything_that_is_held_by_letter_and_sign_in(town: Town) -> None:
    number = an_order("ada@example.com")
    open_account("ada@example.com")
    shopper = Visitor(town.app).known_as("ada@example.com")
    shopper.get("/account/data")
    assert shopper.post("/account/export", {"export_password": "wrong"}).status_code == 422
    assert shopper.post("/account/export", {"export_password": PASSWORD}).status_code == 303
    assert "Being made" in shopper.get("/account/data").text
    town.work()
    assert "account/data" in town.letters(to="ada@example.com")[-1]["text"]
    path = re.findall(r"/account/data/\d+", shopper.get("/account/data").text)[0]
    answer = shopper.get(path)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        held = archive.read("data.json").decode()
    assert number in held and "shoppers" in held and "argon2" not in held and "token_hash" not in held
    open_account("eve@example.com")
    eve = Visitor(town.app).known_as("eve@example.com")
    assert eve.get(path).status_code == 404
    assert Visitor(town.app).get(path).status_code == 303


def test_an_account_is_deleted_by_a_link_and_the_person_is_erased(town: Town) -> None:
    an_order("ada@example.com")
    open_account("ada@example.com")
    shopper = Visitor(town.app).known_as("ada@example.com")
    shopper.get("/account/addresses/new")
    shopper.post("/account/addresses/new", ADDRESS)
    assert shopper.post("/account/delete", {"delete_password": "wrong"}).status_code == 422
    shopper.post("/account/delete", {"delete_password": PASSWORD})
    link = link_in("account_delete", "confirm_url")
    assert "ada@example.com" in shopper.get(link).text and count(Shopper) == 1
    assert shopper.post(link).location == "/account/gone"
    assert not shopper.is_in() and shopper.get(link).status_code == 404
    assert "signed out everywhere" in shopper.get("/account/gone").text
    town.work()
    db.session.remove()
    assert count(Shopper) == count(ShopperAddress) == count(ShopperSession) == 0
    assert db.session.execute(select(Customer.erased_at)).scalar_one() is not None


def test_what_is_still_to_be_shipped_must_end_before_an_account_does(shopper: Visitor) -> None:
    number = an_order("ada@example.com", status="placed", fulfilment_status="in_production")
    shopper.get("/account/data")
    answer = shopper.post("/account/delete", {"delete_password": PASSWORD})
    assert answer.status_code == 409 and number in answer.text and letters() == []


FORMS: dict[str, dict[str, str]] = {
    "/account/register": {"name": "Ada", "email": "x@example.com", "password": PASSWORD},
    "/account/sign-in": {"email": "x@example.com", "password": "x", "next": "/account"},
    "/account/forgotten": {"email": "x@example.com"},
    "/account/password": {"current": "x", "password": "nine purple teapots"},
    "/account/email": {"new_email": "x@example.com", "email_password": "x"},
    "/account/addresses/new": {**ADDRESS, "default": "1"},
    "/account/letters": {"newsletter": "1"},
    "/account/export": {"export_password": "x"},
    "/account/delete": {"delete_password": "x"},
}


@pytest.mark.parametrize("path", FORMS)
def test_nothing_typed_breaks_a_form(path: str, shopper: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("shop.storefront.account.forgotten"), "AT_LEAST_SECONDS", 0)
    shopper.get("/account/security")
    fine = FORMS[path]
    for field in fine:
        for bad in TEXTS:
            is_civil(shopper.post(path, {**fine, field: bad}), (path, field, bad[:60]))
        is_civil(shopper.post(path, {k: v for k, v in fine.items() if k != field}), (path, field))
    for token in ("x", "%00", "é" * 300, "a" * 5000):
        for page in ("verify", "new-password", "confirm-email", "delete"):
            assert shopper.get(f"/account/{page}/{token}").status_code == 404
    assert count(Shopper) == 1


@pytest.mark.parametrize(
    ("path", "field", "bad", "said"),
    [
        ("/account/register", "email", "nobody", "an e-mail address we can write to"),
        ("/account/register", "email", "", "an e-mail address we can write to"),
        ("/account/register", "password", "short", "at least 12 characters"),
        ("/account/register", "password", "", "enter the password"),
        ("/account/register", "name", "x" * 101, "too long"),
        ("/account/sign-in", "email", "a b", "an e-mail address we can write to"),
        ("/account/email", "new_email", "ada@example.com", "your address already"),
        ("/account/addresses/new", "country", "XX", "country from the list"),
        ("/account/addresses/new", "line1", " \x00 ", "street and number"),
        ("/account/addresses/new", "city", "x" * 81, "too long"),
    ],
)
def test_bad_input_is_told_beside_its_field(path: str, field: str, bad: str, said: str, shopper: Visitor) -> None:
    shopper.get("/account/security")
    answer = shopper.post(path, {**FORMS[path], field: bad})
    assert answer.status_code == 422
    beside = re.search(rf'id="f-{field}-error">([^<]+)<', answer.text)
    assert beside and said in beside[1]
    assert PASSWORD not in answer.text


def test_the_headers_link_is_the_same_for_everybody_so_pages_stay_kept(shopper: Visitor, visitor: Visitor) -> None:
    for page in ("/", "/collections"):
        mine, theirs = shopper.get(page), visitor.get(page)
        assert 'href="/account"' in mine.text and mine.text == theirs.text
        assert mine.headers["ETag"] == theirs.headers["ETag"] and "Set-Cookie" not in mine.headers


def test_account_pages_are_never_packed_or_kept(shopper: Visitor) -> None:
    answer = shopper.get("/account/security", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers and "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in answer.headers["Vary"] and answer.headers["X-Robots-Tag"] == "noindex"
