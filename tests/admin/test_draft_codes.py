"""Codes and gift cards at the counter: ours and other platforms', in a draft as in a cart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from shop.channels.codes.models import CardMove, CodeChoice
from shop.channels.models import Connection
from shop.channels.records import DiscountAnswer, Verdict
from shop.errors import Conflict
from shop.extensions import db
from shop.payments.models import Payment
from shop.promotions.models import Discount, Redemption
from shop.workflows.draft_orders import send_link
from tests.admin.conftest import Staff
from tests.admin.test_drafts import Desk
from tests.channels.codes.corner import Books, open_corner
from tests.promotions.conftest import a_discount
from tests.promotions.gift_cards.making import a_card, balance, books_are_right
from tests.town import Town


@pytest.fixture
def corner(town: Town) -> Iterator[Books]:
    for books in open_corner():
        books.cards["GIFT-7788"] = 700
        books.discounts["TEN"] = DiscountAnswer(
            Verdict.VALID, external_id="d1", code="TEN", percent_points=1000, currency="USD"
        )
        yield books


def test_codes_and_cards_pay_at_the_counter_and_are_charged_once(town: Town, staff: Staff, corner: Books) -> None:
    card_id, code = a_card(500)
    desk = Desk(town, staff)
    desk.add(town.a_shirt())
    before = desk.total()
    for typed in ("ten", code, "GIFT-7788"):
        assert desk.post(do="code", code=typed).status_code == 303
    page = staff.get(desk.path).text
    assert "TEN (The corner)" in page and "•••• 7788" in page and "Left to pay" in page
    assert desk.total() < before
    with pytest.raises(Conflict, match="pay at the counter"):
        send_link(desk.id, days=7, who="a test")
    answer = desk.post(do="take", method="terminal")
    assert "/orders/" in answer.location
    order = town.order()
    paid = sorted((row[0], row[1]) for row in db.session.execute(select(Payment.gateway, Payment.amount_minor)))
    assert sum(minor for _, minor in paid) == order.total_minor and order.payment_status == "paid"
    assert paid[:2] == [("gift_card", 500), ("gift_card", 700)] and len(paid) == 3
    assert order.discount_minor > 0
    assert db.session.execute(select(Redemption.state)).scalars().all() == ["redeemed"]
    town.work()
    assert corner.cards["GIFT-7788"] == 0 and len(corner.moves) == 1 and balance(card_id) == 0
    assert db.session.execute(select(CardMove.outcome)).scalar_one() == "made"
    books_are_right()
    assert desk.post(do="take", method="terminal").location == answer.location


def test_staff_are_told_why_and_cannot_apply_it(town: Town, staff: Staff, corner: Books) -> None:
    corner.discounts["VIP"] = replace(
        corner.discounts["TEN"], code="VIP", verdict=Verdict.UNCERTAIN, why="It is for the group “Friends” only."
    )
    desk = Desk(town, staff)
    desk.add(town.a_shirt())
    answer = desk.post(do="code", code="VIP")
    assert answer.status_code == 422 and "The corner: It is for the group “Friends” only." in answer.text
    assert desk.row().codes == [] and db.session.execute(select(Discount)).first() is None
    assert desk.post(do="code", code="x\x00" * 200).status_code == 422
    a_discount("OURS", min_minor=900_000)
    desk.post(do="code", code="ours")
    assert "More must be bought for it." in staff.get(desk.path).text
    desk.post(do="", drop="code:0")
    assert desk.row().codes == []


def test_the_switches_stand_on_the_connection(town: Town, staff: Staff, corner: Books) -> None:
    connection_id = db.session.execute(select(Connection.id)).scalar_one()
    page = staff.get(f"/admin/channels/{connection_id}").text
    assert re.search(r'name="discounts"[^>]*checked', page) and "Take its gift cards" in page
    staff.post(f"/admin/channels/{connection_id}/codes", {"discounts": "1"})
    db.session.remove()
    chosen = db.session.execute(select(CodeChoice)).scalar_one()
    assert (chosen.takes_discounts, chosen.takes_gift_cards) == (True, False)
