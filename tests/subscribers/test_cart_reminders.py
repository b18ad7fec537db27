"""Who left the payment page is reminded on the merchant's schedule, and never after they bought or said no."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shop.cart.models import Cart, CartLine
from shop.catalog.models import Variant
from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.email.sealing import open_sealed
from shop.extensions import db
from shop.promotions.changing import write_discount
from shop.subscribers.choosing import keep_subscriber, switch
from shop.subscribers.models import CartReminder
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import forget, touch_settings
from shop.workflows import poll_checkouts
from shop.workflows.complete_checkout import settle_session
from tests.town import Buyer, Town, path_of

ADA = "ada@example.com"


def schedule(*steps: tuple[int, bool, str], soft: bool = False) -> None:
    with transaction() as session:
        rows = [{"hours": hours, "on": on, "code": code} for hours, on, code in steps]
        session.execute(update(StoreProfile).values(reminders={"steps": rows, "soft_opt_in": soft}))
        touch_settings(session)
    forget()


def leave(town: Town, email: str = ADA) -> str:
    """A cart with a shirt, the reminder asked for, the payment page opened and never paid."""
    town.buyer.fill_cart()
    if email:
        town.buyer.post("/cart/reminder", {"email": email})
    session_id = town.buyer.check_out()
    town.control("POST", f"stripe/sessions/{session_id}/expire")
    settle_session(session_id)
    return session_id


def hours(town: Town, many: float) -> None:
    clock.advance(timedelta(hours=many))
    town.work()


def sent() -> list[Letter]:
    db.session.remove()
    return list(
        db.session.execute(select(Letter).where(Letter.letter.like("abandoned%")).order_by(Letter.id)).scalars()
    )


def row() -> CartReminder:
    db.session.remove()
    return db.session.execute(select(CartReminder)).scalar_one()


def facts(letter: Letter) -> dict[str, Any]:
    return open_sealed(letter.facts)


def test_letters_come_on_the_schedule_and_the_link_brings_the_goods_back(town: Town) -> None:
    schedule((1, True, ""), (24, False, ""), (72, True, ""))
    leave(town)
    town.work()
    assert not sent()
    hours(town, 1.1)
    assert [letter.letter for letter in sent()] == ["abandoned_cart"]
    hours(town, 30)
    assert len(sent()) == 1, "the second step is off"
    hours(town, 45)
    assert [letter.letter for letter in sent()] == ["abandoned_cart", "abandoned_cart_last"]
    assert (row().status, row().letters) == ("ended", 2)

    other = Buyer(town)  # another browser
    path = path_of(facts(sent()[0])["restore_url"])
    for _ in range(2):
        assert "cart" in other.get(path).url
    lines = db.session.execute(select(CartLine.quantity).order_by(CartLine.id)).scalars().all()
    assert list(lines) == [1, 1], "one in each cart, also when the link is opened twice"
    clock.fix(None)  # the payment provider's clock has not moved
    other.pay(other.check_out(), email="somebody@example.com")
    town.work()
    assert (row().status, row().is_recovered) == ("bought", True), "bought with the cart that the link filled"


def test_nobody_is_reminded_who_did_not_ask_unless_the_merchant_may(town: Town) -> None:
    leave(town, email="")
    hours(town, 2)
    assert not sent() and not db.session.execute(select(CartReminder)).first()


def test_whoever_bought_gets_no_letter_and_a_letter_that_waits_is_taken_back(town: Town) -> None:
    schedule((1, True, ""), (24, True, ""), (72, True, ""))
    leave(town)
    clock.advance(timedelta(hours=1.1))
    town.work(JobName.REMIND_OF_CARTS)  # the letter is a row, and nobody has sent it yet
    assert [letter.work_state for letter in sent()] == ["due"]
    town.buyer.pay(town.buyer.check_out(), email=ADA)
    town.work(JobName.DRAIN_INBOUND)
    assert [letter.work_state for letter in sent()] == ["done"]
    town.work()
    assert not [mail for mail in town.letters(to=ADA) if "Still yours" in mail["subject"]]
    assert row().status == "bought"
    hours(town, 80)
    assert len(sent()) == 1


@pytest.mark.parametrize("end", ["refused", "empty", "unavailable"])
def test_a_reason_to_stop_is_seen_when_the_letter_is_due(town: Town, end: str) -> None:
    leave(town)
    with transaction() as session:
        if end == "refused":
            switch(session, keep_subscriber(session, ADA, "en"), "cart", False, source="letter")
        elif end == "empty":
            session.query(CartLine).delete()
        else:
            bought = select(CartLine.variant_id)
            session.execute(update(Variant).where(Variant.id.in_(bought)).values(is_available=False))
    hours(town, 1.1)
    assert not sent()
    assert (row().status, row().why) == ("stopped", end)


def test_a_cart_with_a_discount_is_reminded_too_and_a_code_may_go_with_it(town: Town) -> None:
    with transaction() as session:
        write_discount(
            session,
            None,
            {
                "title": "Ten",
                "kind": "percentage",
                "basis_points": 1000,
                "by_code": True,
                "is_active": True,
                "combines": True,
            },
            "TEN-OFF",
        )
    schedule((1, True, "ten-off"), (24, False, ""), (72, False, ""))
    town.buyer.fill_cart()
    town.buyer.post("/cart/codes", {"code": "TEN-OFF"})
    leave(town)
    hours(town, 1.1)
    (letter,) = sent()
    assert letter.facts["code"] == "TEN-OFF" and "pay_url" not in letter.facts
    other = Buyer(town)
    other.get(path_of(facts(letter)["restore_url"]))
    db.session.remove()
    newest = db.session.execute(select(Cart).order_by(Cart.id.desc()).limit(1)).scalar_one()
    assert newest.codes


def test_a_second_page_of_the_same_cart_goes_on_where_the_first_one_stopped(town: Town) -> None:
    schedule((1, True, ""), (24, True, ""), (72, False, ""))
    leave(town)
    hours(town, 1.1)
    leave(town)
    poll_checkouts.run()
    hours(town, 26)
    assert [letter.letter for letter in sent()] == ["abandoned_cart", "abandoned_cart_second"]


def test_a_purchase_at_the_same_moment_leaves_no_letter(town: Town) -> None:
    """The job that writes and the purchase, at once, over and over: never both a sent letter and an order before it."""
    schedule((1, True, ""), (24, False, ""), (72, False, ""))
    for _ in range(3):
        leave(town)
        clock.advance(timedelta(hours=1.1))
        session_id = town.buyer.check_out()
        with transaction() as session:  # as if the buyer had paid on the page that had just been left
            newest = session.execute(select(Checkout).where(Checkout.session_id == session_id)).scalar_one()
            newest.status = "expired"
        town.buyer.pay(session_id, email=ADA)

        def buy(found: str = session_id) -> None:
            with town.app.app_context():
                settle_session(found)
                db.session.remove()

        thread = threading.Thread(target=buy)
        thread.start()
        town.work(JobName.REMIND_OF_CARTS)
        thread.join()
        assert all(letter.work_state == "done" and not letter.provider for letter in sent())
    town.work()
    assert not [mail for mail in town.letters(to=ADA) if "Still yours" in mail["subject"]]
