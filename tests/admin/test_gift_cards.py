"""The panel's gift cards: issued, found, corrected, switched off, sent again; hostile input is told beside its field."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.core import clock
from shop.core.transaction import transaction
from shop.extensions import db
from shop.promotions.gift_cards.issuing import expire_due, forget_codes
from shop.promotions.gift_cards.models import GiftCard
from shop.tenancy.profile import forget
from tests.admin.conftest import Staff, counting
from tests.admin.test_product_editor import form_of
from tests.promotions.gift_cards.making import a_card, balance, books_are_right

NEW = {
    "amount": "25.00", "currency": "USD", "recipient_name": "Grace", "recipient_email": "grace@example.com",
    "message": "Hello", "note": "Sorry for the wait", "locale": "en", "key": "one form",
}  # fmt: skip


def made() -> GiftCard:
    db.session.remove()
    return db.session.execute(select(GiftCard)).scalar_one()


def the_key(page: str) -> dict[str, str]:
    return {"key": page.split('name="key" value="')[1].split('"')[0]}


def test_issued_once_however_often_the_form_is_sent(staff: Staff) -> None:
    assert "No gift cards yet" in staff.get("/admin/gift-cards").text
    for _ in range(2):
        assert staff.post("/admin/gift-cards/new", NEW).status_code == 303
    card = made()
    assert (card.balance_minor, card.status, card.letters) == (2500, "active", 1)
    page = staff.get(f"/admin/gift-cards/{card.id}").text
    assert str(card.code) not in page and card.last_four in page and "Sorry for the wait" in page
    for query in (card.last_four, "grace@", str(card.code), "Grace"):
        assert f"•••• {card.last_four}" in staff.get("/admin/gift-cards", query_string={"q": query}).text
    assert "No gift card fits" in staff.get("/admin/gift-cards?q=nobody").text
    csv = staff.get("/admin/gift-cards.csv").text
    assert card.last_four in csv and str(card.code) not in csv
    books_are_right()


def test_a_balance_is_corrected_with_a_reason_and_never_below_zero(staff: Staff) -> None:
    card_id, _ = a_card(1000)
    path = f"/admin/gift-cards/{card_id}"
    form = {**the_key(staff.get(path).text), "amount": "2.50", "why": "A mistake"}
    for _ in range(2):
        staff.post(f"{path}/adjust", {**form, "do": "add"})
    assert balance(card_id) == 1250
    form = {**the_key(staff.get(path).text), "amount": "99", "why": "Too much", "do": "deduct"}
    assert "Only $12.50 is on this card" in staff.press(f"{path}/adjust", form)
    form = {**the_key(staff.get(path).text), "amount": "12.50", "why": "All of it", "do": "deduct"}
    assert "taken off" in staff.press(f"{path}/adjust", form)
    assert balance(card_id) == 0
    assert "A mistake" in staff.get(path).text and "All of it" in staff.get(path).text
    assert staff.post(f"{path}/adjust", {**form, "amount": "0", "why": ""}).status_code == 422
    books_are_right()


def test_switched_off_sent_again_and_a_new_code_once_the_old_is_forgotten(staff: Staff) -> None:
    card_id, code = a_card(1000, recipient_email="grace@example.com")
    path = f"/admin/gift-cards/{card_id}"
    assert "pays nothing until" in staff.press(f"{path}/switch")
    assert "its code is not sent" in staff.press(f"{path}/letter", {"to": ""})
    assert "pays again" in staff.press(f"{path}/switch", {"on": "1"})
    assert "on its way." in staff.press(f"{path}/letter", {"to": ""})
    assert made().code == code
    with transaction() as session:
        session.execute(update(GiftCard).values(created_at=clock.now() - timedelta(40)))
        assert forget_codes(session, clock.now() + timedelta(40)) == 1
    assert "with a new code" in staff.press(f"{path}/letter", {"to": ""})
    assert made().code not in (None, code)


def test_run_out_is_booked_and_money_opens_it_again(staff: Staff) -> None:
    card_id, _ = a_card(1000, expires_on=clock.now().date() - timedelta(1))
    with transaction() as session:
        assert expire_due(session) == 1
    with transaction() as session:
        assert expire_due(session) == 0
    assert balance(card_id) == 0 and made().status == "expired"
    assert "has run out" in staff.press(f"/admin/gift-cards/{card_id}/switch", {"on": "1"})
    form = {**the_key(staff.get(f"/admin/gift-cards/{card_id}").text), "amount": "5", "why": "Kindness", "do": "add"}
    staff.post(f"/admin/gift-cards/{card_id}/adjust", form)
    assert made().status == "active" and balance(card_id) == 500
    books_are_right()


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": ""}, {"amount": "-5"}, {"amount": "0"}, {"amount": "1e9"}, {"amount": "9" * 30}, {"currency": "XXX"},
        {"recipient_email": "nobody"}, {"message": "x" * 501}, {"locale": "xx"}, {"expires_on": "2001-01-01"},
        {"deliver_on": "soon"}, {"note": "\x00" + "n" * 301},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_made(staff: Staff, wrong: dict[str, str]) -> None:
    answer = staff.post("/admin/gift-cards/new", {**NEW, **wrong})
    assert answer.status_code == 422 and 'class="error' in answer.text
    assert db.session.execute(select(GiftCard.id)).first() is None


def test_a_list_costs_the_same_however_long(staff: Staff) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            a_card(1000)
        with counting() as statements:
            staff.get("/admin/gift-cards")
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_settings_switch_the_page_on_and_off(staff: Staff) -> None:
    client = staff.client
    assert client.get("/gift-card").status_code == 404
    form = form_of(staff.get("/admin/settings/gift_cards").text)
    bad = staff.post("/admin/settings/gift_cards", {**form, "on": "1", "amounts": "", "least": "50", "most": "10"})
    assert bad.status_code == 422
    chosen = {**form, "on": "1", "amounts": "25; 50,00", "least": "10", "most": "500", "months": "36"}
    assert staff.post("/admin/settings/gift_cards", chosen).status_code == 303
    forget()
    page = client.get("/gift-card").text
    assert "$25.00" in page and "$50.00" in page and "36 months" in page
    assert "/gift-card" in client.get("/").text
