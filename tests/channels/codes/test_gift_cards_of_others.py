"""A platform's gift card pays here: our book first, then theirs, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.channels.codes.models import CardMove, ChannelCard
from shop.channels.connector import HoldsGiftCards
from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.queue import JobName
from shop.core.transaction import run_in_transaction, transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.payments.models import Payment
from shop.promotions.gift_cards.models import GiftCard
from shop.promotions.gift_cards.reserving import CardChanged, set_aside
from shop.workflows.channel_codes import look_up_code
from shop.workflows.complete_checkout import settle_session
from shop.workflows.list_failures import give_up, try_again
from shop.workflows.refund_order import request_refund, request_refund_of_all
from tests.channels.codes.corner import Books, Corner, open_corner
from tests.promotions.gift_cards.making import books_are_right, checkouts
from tests.town import Town

CODE = "GIFT-7788"


@pytest.fixture
def corner(town: Town) -> Iterator[Books]:
    for books in open_corner():
        books.cards[CODE] = 1500
        yield books


def bought(town: Town) -> Order:
    """Paid: 15 by their card, the rest on the payment page. Their side is not told yet."""
    town.buyer.fill_cart()
    assert "•••• 7788" in town.buyer.post("/cart/codes", {"code": CODE}).text
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id)
    assert settle_session(session_id) == "completed"
    return town.order()


def move(kind: str = "debit") -> CardMove:
    db.session.remove()
    return db.session.execute(select(CardMove).where(CardMove.kind == kind)).scalar_one()


def free_here() -> int:
    db.session.remove()
    return db.session.execute(select(GiftCard.balance_minor).where(GiftCard.source == "channel")).scalar_one()


def again(kind: str = "debit") -> None:
    """Its wait is over."""
    with transaction() as session:
        session.execute(update(CardMove).where(CardMove.kind == kind).values(due_at=clock.now()))


def test_it_pays_a_part_is_debited_once_and_credited_on_refund(town: Town, corner: Books) -> None:
    order = bought(town)
    assert corner.moves == [] and free_here() == 0
    with transaction() as session:  # nothing is printed before the money is there
        session.execute(update(FulfilmentOrder).values(due_at=clock.now()))
    town.work(JobName.DRAIN_FULFILMENT)
    assert town.provider_orders() == []
    town.work(JobName.DRAIN_CARD_MOVES)
    town.work()
    assert corner.moves == [(CODE, -1500, f"{order.number}/debit/{move().use_id}")]
    assert (move().outcome, move().external_id) == ("made", "t0")
    assert len(town.provider_orders()) == 1 and corner.cards[CODE] == 0
    request_refund(order.id, 1000, reason="", who="a test")
    town.work()
    assert corner.cards[CODE] == 1000 == free_here()
    request_refund_of_all(order.id, reason="", who="a test")
    town.work()
    assert corner.cards[CODE] == 1500 == free_here() and len(corner.moves) == 3
    assert town.order().payment_status == "refunded"
    books_are_right()


def test_what_nobody_paid_for_is_free_again_and_was_never_told_there(town: Town, corner: Books) -> None:
    town.buyer.fill_cart()
    town.buyer.post("/cart/codes", {"code": CODE})
    session_id = town.buyer.check_out()
    assert free_here() == 0
    town.stripe.v1.checkout.sessions.expire(session_id)
    assert settle_session(session_id) == "expired"
    assert free_here() == 1500 and corner.moves == []
    books_are_right()


@pytest.mark.parametrize("tells_moves", [True, False])
def test_a_lost_answer_is_looked_up_before_anything_is_repeated(town: Town, corner: Books, tells_moves: bool) -> None:
    corner.lose_answers, corner.tells_moves = 1, tells_moves
    bought(town)
    town.work(JobName.DRAIN_CARD_MOVES)
    assert move().calling_since is not None and move().outcome == "waiting"
    again()
    town.work(JobName.DRAIN_CARD_MOVES)
    assert move().outcome == "made" and corner.cards[CODE] == 0 and len(corner.moves) == 1
    assert move().external_id == ("t0" if tells_moves else "")
    books_are_right()


def test_where_nobody_can_tell_a_person_decides(town: Town, corner: Books) -> None:
    corner.lose_answers, corner.tells_moves = 1, False
    order = bought(town)
    town.work(JobName.DRAIN_CARD_MOVES)
    corner.cards[CODE] += 333  # and somebody puts money on it there meanwhile
    again()
    town.work(JobName.DRAIN_CARD_MOVES)
    assert move().work_state == "parked" and move().calling_since is not None and len(corner.moves) == 1
    assert "does not tell whether it was done" in str(move().error_text)
    assert db.session.execute(select(Letter).where(Letter.letter == "merchant_failure")).first()
    assert town.order().payment_status == "paid" and town.provider_orders() == []
    give_up("channel_card_moves", move().id, who="a test")  # they looked: it was taken
    with transaction() as session:
        session.execute(update(FulfilmentOrder).values(due_at=clock.now()))
    town.work()
    assert len(town.provider_orders()) == 1 and order.number in str(move().key)


def test_spent_elsewhere_meanwhile_holds_the_order_and_counts_for_nothing(town: Town, corner: Books) -> None:
    order = bought(town)
    corner.cards[CODE] = 200
    town.work()
    assert (move().outcome, move().work_state, corner.moves) == ("refused", "parked", [])
    assert town.fulfilment().is_held and "used elsewhere" in town.fulfilment().hold_reason
    status = {row.gateway: row.status for row in db.session.execute(select(Payment)).scalars()}
    assert status == {"gift_card": "failed", "stripe": "paid"} and town.provider_orders() == []
    assert free_here() == 0
    books_are_right()
    corner.cards[CODE] = 1500  # they put it right; staff try again
    assert try_again("channel_card_moves", move().id, who="a test")
    town.work(JobName.DRAIN_CARD_MOVES)
    assert move().outcome == "made" and corner.cards[CODE] == 0
    db.session.remove()
    assert {row.status for row in db.session.execute(select(Payment)).scalars()} == {"paid"}
    books_are_right()
    # all of it goes back, each its own way
    request_refund_of_all(order.id, reason="", who="a test")
    town.work(JobName.DRAIN_CARD_MOVES, JobName.DRAIN_PAYMENTS)
    assert corner.cards[CODE] == 1500
    books_are_right()


def test_what_was_never_taken_is_never_given_back(town: Town, corner: Books) -> None:
    order = bought(town)
    request_refund_of_all(order.id, reason="", who="a test")  # before their side was told
    corner.cards[CODE] = 0
    town.work()
    again("credit")
    town.work()
    assert move().outcome == "refused" and move("credit").outcome == "void" and corner.moves == []
    books_are_right()


def test_twenty_want_the_last_of_it(town: Town, corner: Books) -> None:
    found = look_up_code(CODE)
    assert found.card_id is not None
    ids, got = checkouts(20), []
    app = town.app

    def one(checkout_id: int) -> None:
        with app.app_context():
            try:
                run_in_transaction(lambda s: set_aside(s, checkout_id, [(int(found.card_id or 0), 1000)]))
                got.append(checkout_id)
            except CardChanged:
                pass

    threads = [threading.Thread(target=one, args=(id_,)) for id_ in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1 and free_here() == 500
    look_up_code(CODE)  # told again as 15, of which 10 are set aside
    assert free_here() == 500
    books_are_right()


def test_a_balance_that_changed_there_is_seen_before_payment(town: Town, corner: Books) -> None:
    town.buyer.fill_cart()
    town.buyer.post("/cart/codes", {"code": CODE})
    corner.cards[CODE] = 700
    with transaction() as session:
        session.execute(update(ChannelCard).values(told_at=clock.now() - timedelta(minutes=5)))
    town.buyer.check_out()
    assert db.session.execute(select(Checkout.gift_minor)).scalar_one() == 700
    books_are_right()


def test_cards_that_cannot_be_charged_there_are_not_asked_about(
    town: Town, corner: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corner, "can_debit", False)
    assert HoldsGiftCards in Corner.__mro__ and not look_up_code(CODE).is_found
