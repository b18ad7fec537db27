"""An order of a platform becomes one order of ours, with their money to the minor unit; what is odd about it is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from shop.accounts.models import Customer
from shop.catalog.models import Product, Variant
from shop.channels.ordering.models import ChannelOrder
from shop.channels.ordering.storing import store_order
from shop.channels.records import AddressRecord, FulfilmentState, OrderRecord, PaymentState
from shop.channels.syncing.models import ChannelLink
from shop.core import clock
from shop.core.durable import retry_parked
from shop.core.transaction import run_in_transaction, transaction
from shop.errors import Conflict
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderEntry
from shop.payments.models import Payment, Refund
from shop.workflows.cancel_order import cancel_order
from shop.workflows.refund_order import request_refund
from tests.channels.ordering.making import channel_order, comes, connected, later, line, lines_of, sale
from tests.town import Town


@pytest.fixture
def sku(town: Town) -> str:
    return town.a_shirt().sku


def story(order: Order) -> str:
    rows = db.session.execute(select(OrderEntry.why).where(OrderEntry.order_id == order.id)).scalars()
    return "\n".join(rows)


def works(order: Order) -> list[FulfilmentOrder]:
    query = select(FulfilmentOrder).where(FulfilmentOrder.order_id == order.id).order_by(FulfilmentOrder.id)
    return list(db.session.execute(query).scalars())


def test_a_paid_order_is_placed_with_their_money_and_asked_to_be_made(town: Town, sku: str) -> None:
    there = connected()
    record = sale(line(sku, 2, discount_minor=200), discount_minor=200, tax_minor=831, codes=("TEN",))
    row = comes(town, there, record)
    order = town.order()
    assert (row.state, row.order_id) == ("placed", order.id)
    assert (order.channel, order.source_key) == ("woocommerce", f"woocommerce:{there}:1001")
    assert (order.total_minor, order.discount_minor, order.shipping_minor, order.tax_minor) == (5290, 200, 490, 831)
    assert (order.payment_status, order.email, order.ship_to["city"]) == ("paid", "ada@example.com", "Berlin")
    payment = db.session.execute(select(Payment)).scalar_one()
    assert (payment.gateway, payment.amount_minor) == ("channel", 5290)
    (work,) = works(order)
    assert [(made.sku, made.quantity) for made in work.lines] == [(sku, 2)]
    assert order.customer_id is not None and order.letters_elsewhere
    town.work()
    assert town.letters(to="ada@example.com") == [], "the platform writes to the buyer"
    assert len(town.orders_at_printify()) == 1


def test_the_same_order_from_twenty_sides_at_once_is_one_order(town: Town, sku: str) -> None:
    there = connected()
    record = sale(line(sku))

    def come(_: int) -> None:
        from jobs.channel_orders import drain

        with town.app.app_context():
            try:
                run_in_transaction(lambda session: store_order(session, there, record))
                drain()
            finally:
                db.session.remove()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(come, range(20)))
    town.work()
    order = town.order()
    assert db.session.execute(select(func.count()).select_from(ChannelOrder)).scalar_one() == 1
    assert (order.total_minor, len(works(order)), len(town.orders_at_printify())) == (2990, 1, 1)
    assert db.session.execute(select(func.count()).select_from(Payment)).scalar_one() == 1


def test_what_is_linked_comes_before_the_sku_and_two_of_one_sku_are_asked_for(town: Town, sku: str) -> None:
    there = connected()
    ids = db.session.execute(select(Variant.id).where(Variant.sku != sku).order_by(Variant.id).limit(2)).scalars().all()
    with transaction() as session:
        session.add(ChannelLink(connection_id=there, entity="variant", our_id=ids[0], external_id="v-linked"))
    row = comes(town, there, sale(line(sku, variant_external_id="v-linked")))
    assert [(made.how, made.variant_id) for made in lines_of(row)] == [("linked", ids[0])]
    with transaction() as session:
        session.get_one(Variant, ids[0]).sku = session.get_one(Variant, ids[1]).sku = "TWICE"
    row = comes(town, there, sale(line("TWICE"), external_id="1002"))
    assert row.state == "unmatched" and "2 of our variants have the SKU TWICE" in row.why
    assert row.work_state == "parked" and len(town.orders()) == 1


def test_an_unknown_line_waits_and_goes_on_once_a_person_has_decided(town: Town, sku: str) -> None:
    there = connected()
    row = comes(town, there, sale(line(sku), line("NOBODY-HAS-IT", unit_minor=900)))
    assert row.state == "unmatched" and "Nothing here has the SKU NOBODY-HAS-IT" in row.why and not town.orders()
    with transaction() as session:
        unknown = session.merge(lines_of(row)[1])
        unknown.how, unknown.why, unknown.who = "by_hand", "A mug from the shelf", "Ann"
        assert retry_parked(session, ChannelOrder, row.id)
    town.work()
    order = town.order()
    printed, by_hand = works(order)
    assert (order.total_minor, order.subtotal_minor) == (3890, 3400)
    assert ([x.sku for x in printed.lines], [x.sku for x in by_hand.lines]) == ([sku], ["NOBODY-HAS-IT"])
    assert (by_hand.provider, by_hand.work_state, printed.status) == ("hand", "done", "in_production")
    assert "Made by hand: A mug from the shelf" in story(order)


def test_what_was_brought_in_from_elsewhere_is_never_sent_to_be_printed(town: Town, sku: str) -> None:
    with transaction() as session:
        product = Product(slug="mug", title="Mug", status="draft", document={}, card={})
        session.add(product)
        session.flush()
        session.add(Variant(product_id=product.id, external_id=-5, sku="MUG", title="One", price_minor=900))
    comes(town, connected(), sale(line("MUG")))
    town.work()
    (work,) = works(town.order())
    assert (work.provider, work.step) == ("hand", "hand")
    assert town.orders_at_printify() == []


ODD: dict[str, tuple[dict[str, Any], str, str]] = {
    "pending": ({"payment": PaymentState.PENDING}, "waiting", "not paid there yet"),
    "failed": ({"payment": PaymentState.FAILED}, "waiting", "payment failed"),
    "authorised": ({"payment": PaymentState.AUTHORISED}, "waiting", "not captured"),
    "nobody knows": ({"payment": PaymentState.UNKNOWN, "raw_status": "on-the-moon"}, "held", "on-the-moon"),
    "refunded": ({"payment": PaymentState.REFUNDED}, "cancelled", "Given back in full"),
    "cancelled": ({"is_cancelled": True}, "cancelled", "Cancelled at"),
    "shipped": ({"fulfilment": FulfilmentState.FULFILLED}, "ignored", "shipped"),
    "partly shipped": ({"fulfilment": FulfilmentState.PARTLY}, "held", "part of it was shipped"),
    "no lines": ({"lines": ()}, "held", "without any lines"),
    "negative": ({"total_minor": -5}, "held", "negative"),
    "too large": ({"total_minor": 2**33}, "held", "larger than"),
    "no rate": ({"currency": "CHF"}, "held", "Add CHF at Settings"),
    "no currency": ({"currency": ""}, "held", "without a currency"),
}


@pytest.mark.parametrize("case", ODD)
def test_what_may_not_be_placed_says_why(town: Town, sku: str, case: str) -> None:
    changes, state, why = ODD[case]
    row = comes(town, connected(), sale(line(sku), **changes))
    assert (row.state, town.orders()) == (state, []), row.why
    assert why in row.why
    assert row.work_state == {"waiting": "due", "held": "parked"}.get(state, "done")


def test_odd_lines_stay_told_and_the_total_stays_theirs(town: Town, sku: str) -> None:
    lines = (
        line(sku, 2),
        line("NONE", 0),
        line("", 1, -300, title="Loyalty"),
        line("GC", 1, 5000, is_gift_card=True, title="Gift card"),
    )
    row = comes(town, connected(), sale(*lines, rounding_minor=1, note="Ring twice \x00"))
    order = town.order()
    assert [made.how for made in lines_of(row)] == ["sku", "nothing", "amount", "gift_card"]
    assert order.total_minor == 5000 - 300 + 5000 + 490 + 1
    assert [(a.kind, a.label) for a in order.adjustments][1:] == [("discount", "Loyalty"), ("rounding", "Rounding")]
    told = story(order)
    assert all(words in told for words in ("Of none", "taken off", "gift card", "Rounding", "Ring twice"))
    assert [x.sku for x in works(order)[0].lines] == [sku]


def test_a_currency_with_a_rate_is_kept_and_counted_in_the_stores(town: Town, sku: str) -> None:
    from shop.tenancy import profile
    from shop.tenancy.models import StoreProfile

    with transaction() as session:
        session.execute(select(StoreProfile)).scalar_one().currencies = [{"code": "EUR", "rate": "0.5"}]
    profile.forget()
    comes(town, connected(), sale(line(sku), currency="EUR"))
    order = town.order()
    assert (order.currency, order.total_minor, order.store_total_minor) == ("EUR", 2990, 5980)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ship_to": AddressRecord("Ada")}, "without a street and a town and a country"),
        ({"is_test": True}, "test order"),
        ({"lines": "personal"}, "Name: Ada"),
    ],
)
def test_it_is_placed_and_held_where_a_person_must_look(town: Town, sku: str, changes: Any, why: str) -> None:
    if changes.get("lines"):
        changes = {"lines": (line(sku, properties={"Name": "Ada", "_app": "1"}),)}
    record = replace(sale(line(sku)), **changes)
    row = comes(town, connected(), record)
    (work,) = works(town.order())
    assert row.state == "placed" and work.is_held and why in work.hold_reason
    assert town.order().is_test is record.is_test


def test_old_orders_are_left_alone_until_somebody_asks_for_them(town: Town, sku: str) -> None:
    there = connected()
    row = comes(town, there, sale(line(sku), placed_at=clock.now() - timedelta(days=3)))
    assert row.state == "ignored" and "before orders were switched on" in row.why and not town.orders()


def test_a_pending_order_is_placed_once_it_is_paid_and_older_news_change_nothing(town: Town, sku: str) -> None:
    there = connected()
    first = sale(line(sku), payment=PaymentState.PENDING)
    assert comes(town, there, first).state == "waiting"
    paid = later(first, payment=PaymentState.PAID)
    assert comes(town, there, paid).state == "placed"
    assert comes(town, there, first).payment == "paid", "late news are passed over"
    assert len(town.orders()) == 1


def test_authorised_orders_are_placed_by_rule_and_paid_when_captured(town: Town, sku: str) -> None:
    there = connected(place_authorised=True)
    record = sale(line(sku), payment=PaymentState.AUTHORISED)
    comes(town, there, record)
    assert town.order().payment_status == "authorised"
    comes(town, there, later(record, payment=PaymentState.PAID))
    assert town.order().payment_status == "paid"


def test_refunds_there_are_noted_once(town: Town, sku: str) -> None:
    there, record = connected(), sale(line(sku, 2))
    comes(town, there, record)
    some = later(record, payment=PaymentState.PARTLY_REFUNDED, refunded_minor=1000)
    for news in (some, some, later(some, note="x"), later(some, refunded_minor=1500)):
        comes(town, there, news)
    refunds = db.session.execute(select(Refund.amount_minor, Refund.status).order_by(Refund.id)).all()
    assert [tuple(row) for row in refunds] == [(1000, "succeeded"), (500, "succeeded")]
    assert town.order().payment_status == "partly_refunded"
    all_back = later(some, payment=PaymentState.REFUNDED, refunded_minor=5490)
    comes(town, there, later(later(all_back)))
    assert (town.order().payment_status, works(town.order())[0].is_held) == ("refunded", True)


def test_a_cancel_there_cancels_here_before_production_and_is_told_after(town: Town, sku: str) -> None:
    there, early, late = connected(), sale(line(sku)), sale(line(sku), external_id="1002")
    comes(town, there, early)
    assert comes(town, there, later(early, is_cancelled=True)).work_state == "done"
    assert town.order().status == "cancelled"
    comes(town, there, late)
    town.work()
    order = town.orders()[-1]
    with transaction() as session:
        work = session.execute(select(FulfilmentOrder).where(FulfilmentOrder.order_id == order.id)).scalar_one()
        work.step, work.status = "watch", "in_production"
    row = comes(town, there, later(late, is_cancelled=True))
    assert row.work_state == "done" and "too late here" in row.attention
    assert town.orders()[-1].status == "placed" and "too late here" in story(town.orders()[-1])
    told = len(db.session.execute(select(OrderEntry.id)).all())
    comes(town, there, later(later(late, is_cancelled=True), note="again"))
    assert len(db.session.execute(select(OrderEntry.id)).all()) == told, "it is told once"


def test_edits_there_after_placing_are_told_once_and_change_nothing(town: Town, sku: str) -> None:
    there, record = connected(), sale(line(sku))
    comes(town, there, record)
    moved = later(record, ship_to=replace(record.ship_to, line1="Other 2"), lines=(line(sku, 3),))
    row = comes(town, there, moved)
    assert "The address was changed" in row.attention and "1 → 3" in row.attention
    order = town.order()
    assert (order.ship_to["line1"], order.total_minor) == ("Main 1", record.total_minor)
    comes(town, there, later(moved, note="more"))
    assert story(town.order()).count("The address was changed") == 1
    assert channel_order(row.id).attention


def test_a_very_long_order_and_strange_words_are_taken_as_they_are(town: Town, sku: str) -> None:
    lines = tuple(line(sku, external_id=f"n{n}") for n in range(60))
    wild = sale(*lines, note="🏔️ قميص <b>\x00", number="№" * 300, email="not an address", raw={"x": "a" * 300_000})
    row = comes(town, connected(), OrderRecord(**{**wild.__dict__, "external_id": "gid://" + "9" * 140}))
    order = town.order()
    assert row.state == "placed" and len(order.lines) == 60 and order.email == ""
    assert len(order.source_key) <= 120


def test_who_was_erased_here_does_not_come_back_with_the_next_news(town: Town, sku: str) -> None:
    there, record = connected(), sale(line(sku))
    comes(town, there, record)
    with transaction() as session:
        session.execute(select(Customer)).scalar_one().erased_at = clock.now()
    row = comes(town, there, later(record, note="Call Ada", payment=PaymentState.PARTLY_REFUNDED, refunded_minor=100))
    kept = f"{row.record} {row.raw} {row.email} {row.customer_name}"
    assert "Ada" not in kept and "ada@example.com" not in kept and "Berlin" not in kept
    assert not row.attention and town.order().payment_status == "partly_refunded"


def test_money_that_was_paid_there_is_never_asked_of_our_gateway(town: Town, sku: str) -> None:
    comes(town, connected(), sale(line(sku)))
    order = town.order()
    with pytest.raises(Conflict, match="own admin"):
        request_refund(order.id, 500, reason="", who="Ann")
    cancel_order(order.id, who="Ann")
    town.work()
    assert db.session.execute(select(Refund)).first() is None
    row = db.session.execute(select(ChannelOrder)).scalar_one()
    assert town.order().status == "cancelled" and row.attention.startswith("Cancelled here.")
    assert town.letters(to="ada@example.com") == []
