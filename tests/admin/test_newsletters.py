"""Subscribers in the panel, files out and in, and when carts are reminded."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.core.transaction import transaction
from shop.extensions import db
from shop.subscribers.choosing import confirm_newsletter, keep_subscriber, switch
from shop.subscribers.models import LetterConsent, Subscriber
from shop.tenancy.profile import current_profile, forget
from shop.tenancy.reminder_rules import reminder_rules
from tests.admin.conftest import Staff

IMPORT = {
    "addresses": 'email,name\nNEW@example.com,"New"\n"left@example.com";x\nknown@example.com\nnot an address\n',
    "words": "A list at the market in May 2026",
    "declared": "1",
}


@pytest.fixture
def owner(app: Flask) -> Staff:
    return Staff(app).known_as("admin@example.com")


def stock() -> None:
    with transaction() as session:
        confirm_newsletter(session, keep_subscriber(session, "known@example.com", "en"), source="page", words="Yes")
        row = keep_subscriber(session, "left@example.com", "en")
        confirm_newsletter(session, row, source="page", words="Yes")
        switch(session, row, "newsletter", False, source="letter")


def marks(owner: Staff, path: str) -> str:
    return owner.get(path).text.split('name="marks" value="')[1].split('"')[0]


def test_an_import_is_checked_first_and_brings_nobody_back_who_left(owner: Staff) -> None:
    stock()
    page = owner.post("/admin/subscribers/import", {**IMPORT, "do": "check"}).text
    assert "1 new." in page and "2 lines were no address" in page
    assert db.session.execute(select(func.count(Subscriber.id))).scalar_one() == 2, "checking writes nothing"
    for _ in range(2):
        assert owner.post("/admin/subscribers/import", {**IMPORT, "do": "import"}).status_code == 303
    rows = db.session.execute(select(Subscriber.email, Subscriber.newsletter))
    states = {row.email: row.newsletter for row in rows}
    assert states == {"known@example.com": "on", "left@example.com": "off", "new@example.com": "on"}
    proof = db.session.execute(select(LetterConsent).where(LetterConsent.what == "imported")).scalars().all()
    assert [row.words for row in proof] == ["A list at the market in May 2026"]


@pytest.mark.parametrize("missing", ["addresses", "words", "declared"])
def test_an_import_without_addresses_words_or_a_yes_writes_nothing(owner: Staff, missing: str) -> None:
    answer = owner.post("/admin/subscribers/import", {**IMPORT, missing: "", "do": "import"})
    assert answer.status_code == 422
    assert not db.session.execute(select(Subscriber)).first()


def test_the_list_is_searched_and_leaves_as_a_file(owner: Staff) -> None:
    stock()
    page = owner.get("/admin/subscribers?q=KNOWN").text
    assert "known@example.com" in page and "left@example.com" not in page
    file = owner.get("/admin/subscribers.csv?tab=off").text
    assert "left@example.com,en,Left" in file and "known" not in file
    row = db.session.execute(select(Subscriber.id).where(Subscriber.email == "known@example.com")).scalar_one()
    assert "Yes" in owner.get(f"/admin/subscribers/{row}").text
    owner.press(f"/admin/subscribers/{row}/unsubscribe")
    assert db.session.execute(select(Subscriber.newsletter).where(Subscriber.id == row)).scalar_one() == "off"


def test_an_address_that_never_bought_is_forgotten_with_its_proofs(owner: Staff) -> None:
    stock()
    row = db.session.execute(select(Subscriber.id).where(Subscriber.email == "known@example.com")).scalar_one()
    owner.press(f"/admin/subscribers/{row}/erase")
    assert db.session.execute(select(Subscriber.email)).scalars().all() == ["left@example.com"]
    assert {c.what for c in db.session.execute(select(LetterConsent)).scalars()} == {"confirmed", "withdrawn"}


def test_the_schedule_of_reminders_is_checked_and_saved(owner: Staff) -> None:
    path = "/admin/cart-reminders"
    form = {
        "on_1": "1",
        "hours_1": "2",
        "hours_2": "30",
        "on_3": "1",
        "hours_3": "90",
        "code_3": "",
        "soft_opt_in": "1",
    }
    bad = owner.post(path, {**form, "hours_2": "1", "hours_3": "x", "code_1": "NOPE", "marks": marks(owner, path)})
    assert bad.status_code == 422
    for said in ("Each letter comes later", "must be a whole number", "No discount that can be used now"):
        assert said in bad.text
    old = marks(owner, path)
    assert owner.post(path, {**form, "marks": old}).status_code == 303
    forget()
    rules = reminder_rules(current_profile().reminders)
    assert [(step.hours, step.on) for step in rules.steps] == [(2, True), (30, False), (90, True)]
    assert rules.soft_opt_in and rules.next_step(1) == 2
    late = owner.post(path, {**form, "hours_1": "3", "marks": old})
    assert late.status_code == 409 and "Somebody else saved this" in late.text
