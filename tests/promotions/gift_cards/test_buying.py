"""A gift card is bought, arrives on its day, and loses what is refunded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shop.core import clock
from shop.core.transaction import transaction
from shop.errors import Conflict
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.payments.models import Payment
from shop.promotions.gift_cards.codes import shown
from shop.promotions.gift_cards.ledger import transfer
from shop.promotions.gift_cards.models import GiftCard
from shop.workflows import watch_subscriptions
from shop.workflows.gift_card_letters import deliver_due
from shop.workflows.refund_order import request_refund
from tests.promotions.gift_cards.making import a_card, balance, books_are_right, sell_gift_cards
from tests.town import Town

WISH = {
    "amount": "2500", "recipient_name": "Grace", "recipient_email": "grace@example.com", "sender_name": "Ada",
    "message": "Happy birthday!\nAda", "deliver_on": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _selling(town: Town) -> None:
    watch_subscriptions.run()
    sell_gift_cards()


def buy(town: Town, **changes: str) -> None:
    answer = town.buyer.post("/gift-card", {**WISH, **changes}, allow_redirects=False)
    assert answer.status_code == 303, answer.text[:600]
    session_id = answer.headers["Location"].rpartition("/")[2].partition("?")[0].partition("#")[0]
    town.buyer.pay(session_id)
    town.work()


def card() -> Any:
    db.session.remove()
    return db.session.execute(select(GiftCard)).scalar_one()


def test_bought_paid_delivered_and_spent(town: Town) -> None:
    assert "€" not in town.buyer.get("/gift-card").text
    buy(town)
    order, bought = town.order(), card()
    assert (order.total_minor, order.tax_minor, order.shipping_minor) == (2500, 0, 0)
    assert (order.status, order.payment_status, order.ship_to) == ("completed", "paid", {})
    assert db.session.execute(select(FulfilmentOrder.id)).first() is None and town.provider_orders() == []
    assert (bought.status, bought.balance_minor, bought.order_id) == ("active", 2500, order.id)
    (letter,) = town.letters(to="grace@example.com")
    assert shown(bought.code) in letter["text"] and "Happy birthday!" in letter["text"]
    sheet = town.buyer.get(f"/gift-card/print/{bought.token}").text
    assert shown(bought.code) in sheet and "Happy birthday!" in sheet
    assert any("gift card is ready" in x["text"] for x in town.letters(to="ada@example.com"))
    facts = db.session.connection().exec_driver_sql("SELECT string_agg(facts::text, ' ') FROM letters").scalar_one()
    assert shown(bought.code) not in facts and bought.token not in facts, "codes are sealed in stored letters"
    page = town.buyer.get(f"/orders/{order.token}").text
    assert "Print the gift card" in page and shown(bought.code) not in page
    found = town.buyer.post("/gift-card/balance", {"code": shown(bought.code).lower()})
    assert "$25.00" in found.text and "grace" not in found.text.lower()
    town.buyer.fill_cart()
    assert f"•••• {bought.last_four}" in town.buyer.post("/cart/codes", {"code": bought.code}).text
    books_are_right()


def test_the_letter_waits_for_its_day(town: Town) -> None:
    day = clock.now().date() + timedelta(3)
    buy(town, deliver_on=day.isoformat(), amount="own", own_amount="12,50")
    assert card().initial_minor == 1250 and card().delivered_at is None
    assert deliver_due() == 0 and town.letters(to="grace@example.com") == []
    with transaction() as session:
        session.execute(update(GiftCard).values(deliver_at=clock.now()))
    assert (deliver_due(), deliver_due()) == (1, 0)
    town.work()
    assert len(town.letters(to="grace@example.com")) == 1


def test_without_an_address_it_is_the_buyers_to_print(town: Town) -> None:
    buy(town, recipient_email="")
    assert card().deliver_at is None and deliver_due() == 0
    assert any("Print it and hand it over" in x["text"] for x in town.letters(to="ada@example.com"))


def test_what_is_refunded_leaves_the_card_and_what_is_spent_cannot_be(town: Town) -> None:
    buy(town)
    order, card_id = town.order(), card().id
    request_refund(order.id, 500, reason="", who="a test")
    assert balance(card_id) == 2000
    with transaction() as session:
        transfer(session, card_id, "deduct", 1500, key="adjust:spent")
    with pytest.raises(Conflict, match="has been used"):
        request_refund(order.id, 1000, reason="", who="a test")
    request_refund(order.id, 500, reason="", who="a test")
    town.work()
    assert balance(card_id) == 0 and town.order().payment_status == "partly_refunded"
    books_are_right()


def test_a_disputed_card_pays_nothing(town: Town) -> None:
    buy(town)
    intent = db.session.execute(select(Payment.external_id)).scalar_one()
    town.control("POST", f"stripe/charges/{intent}/dispute")
    town.work()
    assert card().status == "disabled"
    text = town.buyer.post("/gift-card/balance", {"code": str(card().code)}).text
    assert "We do not know this code, or it cannot be used any more" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "2600"}, {"amount": ""}, {"amount": "own", "own_amount": "9.99"}, {"amount": "own", "own_amount": "x"},
        {"amount": "own", "own_amount": "1000000"}, {"recipient_email": "grace"}, {"deliver_on": "2001-01-01"},
        {"message": "x" * 501},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_told_beside_its_field(town: Town, wrong: dict[str, str]) -> None:
    answer = town.buyer.post("/gift-card", {**WISH, **wrong}, allow_redirects=False)
    assert answer.status_code == 422 and 'class="error"' in answer.text
    assert db.session.execute(select(GiftCard.id)).first() is None


def test_the_balance_page_says_the_same_of_every_card_that_cannot_pay(town: Town) -> None:
    yesterday = clock.now().date() - timedelta(1)
    codes = ["", "nonsense", "K7QM-4T2X-WD9N-3HVB-8F0R", a_card()[1][::-1], a_card(expires_on=yesterday)[1]]
    said = {town.buyer.post("/gift-card/balance", {"code": code}).text for code in codes}
    assert len(said) == 1 and "We do not know this code, or" in said.pop()
