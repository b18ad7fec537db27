"""However many want the last uses at once, there are never more than were given."""

from __future__ import annotations

import threading

from flask import Flask
from sqlalchemy import func, select, text

from shop.checkout.models import Checkout
from shop.core import clock
from shop.core.transaction import run_in_transaction, transaction
from shop.extensions import db
from shop.promotions.models import Discount, DiscountCode, Redemption
from shop.promotions.reserving import Use, UsedUp, lock_discounts, redeem, release, reserve
from tests.promotions.conftest import a_discount

BUYERS = 40


def checkouts(count: int) -> list[int]:
    with transaction() as session:
        rows = [
            Checkout(content_hash="x", draft={}, currency="USD", total_minor=1, expires_at=clock.now())
            for _ in range(count)
        ]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def at_once(app: Flask, ids: list[int], uses: list[list[Use]]) -> list[str]:
    """Each checkout in a thread of its own; what became of each."""
    gate, said = threading.Barrier(len(ids)), ["" for _ in ids]

    def buy(n: int) -> None:
        with app.app_context():
            gate.wait(30)
            try:
                run_in_transaction(lambda session: reserve(session, ids[n], uses[n]))
                said[n] = "reserved"
            except UsedUp:
                said[n] = "used up"
            except Exception as error:  # noqa: BLE001  (told below)
                said[n] = repr(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=buy, args=(n,)) for n in range(len(ids))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said


def uses_of(discount_id: int) -> int:
    db.session.remove()
    return db.session.get_one(Discount, discount_id).uses


def test_forty_buyers_and_seven_uses(app: Flask) -> None:
    discount_id = a_discount(max_uses=7)
    ids = checkouts(BUYERS)
    said = at_once(app, ids, [[(discount_id, None, 1)]] * BUYERS)
    assert (said.count("reserved"), said.count("used up")) == (7, BUYERS - 7), said
    assert uses_of(discount_id) == 7
    count = db.session.execute(select(func.count(Redemption.id)).where(Redemption.state == "reserved"))
    assert count.scalar_one() == 7


def test_one_single_use_code_is_used_once_and_nothing_else_is_lost(app: Flask) -> None:
    first, second = a_discount(code_uses=1), a_discount("", combines=True)
    code_id = db.session.execute(select(DiscountCode.id)).scalar_one()
    db.session.remove()
    both: list[Use] = [(first, code_id, 1), (second, None, 1)]
    said = at_once(app, checkouts(BUYERS), [both if n % 2 else both[::-1] for n in range(BUYERS)])
    assert (said.count("reserved"), said.count("used up")) == (1, BUYERS - 1), said
    assert (uses_of(first), uses_of(second)) == (1, 1)


def test_given_back_once_however_often_it_is_asked(app: Flask) -> None:
    discount_id = a_discount(max_uses=2)
    (checkout_id,) = checkouts(1)
    with transaction() as session:
        lock_discounts(session, [], [(discount_id, None, 5)])
        reserve(session, checkout_id, [(discount_id, None, 5)])
    for expected in (1, 0):
        with transaction() as session:
            assert release(session, [checkout_id]) == expected
    assert uses_of(discount_id) == 0


def test_paid_at_the_last_moment_counts_even_after_it_was_given_back(app: Flask) -> None:
    discount_id = a_discount(max_uses=1)
    (checkout_id,) = checkouts(1)
    uses: list[Use] = [(discount_id, None, 5)]
    with transaction() as session:
        reserve(session, checkout_id, uses)
        release(session, [checkout_id])
    with transaction() as session:
        order_id = session.execute(
            text(
                "INSERT INTO orders (number, token, source_key, channel, status, payment_status, fulfilment_status,"
                " email, customer_name, phone, ship_to, bill_to, locale, note, currency, subtotal_minor,"
                " shipping_minor, tax_minor, discount_minor, total_minor, tax_included, shipping_method,"
                " shipping_label, is_test) VALUES ('A', 'a', 'a', 's', 'placed', 'paid', 'requested', 'a@b.c', '',"
                " '', '{}', '{}', 'en', '', 'USD', 10, 0, 0, 5, 5, true, '', '', true) RETURNING id"
            )
        ).scalar_one()
    for _ in range(2):
        with transaction() as session:
            redeem(session, checkout_id, order_id, uses)
    assert uses_of(discount_id) == 1
    states = list(db.session.execute(select(Redemption.state)).scalars())
    assert states == ["redeemed"]
