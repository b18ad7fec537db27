"""Fifty at once about money: nothing is given back twice, nothing more than was paid, every ledger adds up (T5)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select

from jobs.base import handle_one
from shop.core import clock, durable
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.errors import Refused
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order
from shop.payments.models import Payment, Refund
from shop.payments.summing import sum_payments
from shop.workflows import watch_subscriptions
from shop.workflows.cancel_order import cancel_order
from shop.workflows.complete_checkout import settle_session
from shop.workflows.refund_order import give_up_refund, request_refund
from shop.workflows.submit_fulfilment import release
from tests.orders import news
from tests.town import Town, job_function

CALLERS = 50


def at_once(app: Flask, *jobs: Callable[[], object]) -> Counter[str]:
    """Run all of them at the same moment; how each ended, by name ("ok" or the error's class)."""
    ended: Counter[str] = Counter()
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        with app.app_context():
            gate.wait(30)
            try:
                job()
                ended["ok"] += 1
            except Exception as error:  # noqa: BLE001  (counted and asserted)
                ended[type(error).__name__] += 1
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    [t.start() for t in threads]
    [t.join(60) for t in threads]
    db.session.remove()
    return ended


def ledger(order_id: int) -> tuple[int, int]:
    """(paid, given back or asked to be)."""
    db.session.remove()
    sums = sum_payments(db.session(), order_id)
    db.session.remove()
    return sums.paid, sums.asked


def test_fifty_refunds_at_once_never_exceed_what_was_paid(app: Flask) -> None:
    sale = news.paid_sale()
    ended = at_once(app, *[lambda: request_refund(sale.order_id, 700, reason="", who="t")] * CALLERS)
    assert ended == {"ok": news.TOTAL // 700, "Conflict": CALLERS - news.TOTAL // 700}
    assert ledger(sale.order_id) == (news.TOTAL, news.TOTAL // 700 * 700)


def test_refunds_pressed_here_and_told_by_the_gateway_at_once_add_up(app: Flask) -> None:
    sale = news.paid_sale()
    jobs: list[Callable[[], object]] = [lambda: request_refund(sale.order_id, 500, reason="", who="t")] * 20
    jobs += [lambda n=n: news.refund(sale, f"re_{n % 3}", "succeeded", 500) for n in range(30)]  # type: ignore[misc]
    ended = at_once(app, *jobs)
    assert set(ended) <= {"ok", "Conflict"}
    paid, asked = ledger(sale.order_id)
    told = db.session.execute(select(Refund).where(Refund.external_id.is_not(None))).scalars().all()
    assert len(told) == 3 and asked <= paid + 3 * 500  # what the gateway did is a fact; ours stop at what is left
    ours = sum(r.amount_minor for r in db.session.execute(select(Refund).where(Refund.external_id.is_(None))).scalars())
    assert ours <= paid


def test_refunds_disputes_news_and_holds_at_once_lock_in_one_order(app: Flask) -> None:
    """Each of these writes the order, its row of work, and its story: two orders of locks would deadlock."""
    sale = news.paid_sale()

    def refunds() -> None:
        for n in range(8):
            news.refund(sale, f"re_{n}", "succeeded", 200)

    def parcels() -> None:
        for n in range(8):
            news.tell(sale, news.told(sale, "shipped", "fulfilled", news.parcel(f"P{n % 4}")))

    def disputes() -> None:
        for _ in range(8):
            news.dispute(sale, "needs_response")
            release(sale.work_id)

    seen: list[str] = []

    def note(context: object) -> None:
        seen.append(getattr(getattr(context, "original_exception", None), "sqlstate", "") or "")

    event.listen(db.engine, "handle_error", note)
    try:
        ended = at_once(app, refunds, parcels, disputes, refunds, parcels, disputes)
    finally:
        event.remove(db.engine, "handle_error", note)
    assert ended == {"ok": 6}
    assert "40P01" not in seen, "two orders of locks"
    state = news.state(sale)
    assert [p[0] for p in state["parcels"]] == ["P0", "P1", "P2", "P3"]
    assert len(state["refunds"]) == 8 and state["order"][2] == "shipped"


def test_cancel_and_refund_pressed_by_fifty_give_the_money_back_once(town: Town) -> None:
    town.fault("printify", "error_500", match="POST .*orders.json", times=None)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    order = town.order()
    order_id, total = order.id, order.total_minor
    town.no_faults()
    jobs: list[Callable[[], object]] = [lambda: cancel_order(order_id, who="t")] * 25
    jobs += [lambda: request_refund(order_id, total, reason="", who="t")] * 25
    ended = at_once(town.app, *jobs)
    assert set(ended) <= {"ok", "Conflict"}, ended
    assert ledger(order_id) == (total, total)
    clock.advance(timedelta(hours=1))
    town.work()
    order = town.order()
    assert (order.status, order.payment_status) == ("cancelled", "refunded")
    assert town.provider_orders() == []
    given = town.stripe.v1.refunds.list({"limit": 100}).data
    assert [r.amount for r in given] == [total]


def test_cancel_against_produce_ends_in_one_of_the_two(town: Town) -> None:
    """Never cancelled here and made there, never refunded and printed."""
    for _ in range(3):
        town.buyer = type(town.buyer)(town)
        town.buyer.fill_cart()
        town.buyer.pay(town.buyer.check_out())
        town.work(JobName.DRAIN_INBOUND)
        order = town.orders()[-1]
        order_id = order.id
        at_once(
            town.app,
            job_function(JobName.DRAIN_FULFILMENT),
            *[lambda order_id=order_id: cancel_order(order_id, who="t")] * 6,  # type: ignore[misc]
        )
        town.work()
        order = town.orders()[-1]
        made = [o for o in town.provider_orders() if o["metadata"]["shop_order_id"] == order.number]
        statuses = {str(o["status"]) for o in made}
        if order.status == "cancelled":
            assert statuses <= {"canceled"}, statuses
            assert order.payment_status == "refunded"
        else:
            assert order.payment_status == "paid" and len(made) == 1 and "canceled" not in statuses


def test_fifty_settle_the_same_payment_and_one_order_comes_of_it(town: Town) -> None:
    town.control("POST", "hooks", service="stripe", mode="lose", seconds=0)
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    town.buyer.pay(session_id)
    ended = at_once(town.app, *[lambda: settle_session(session_id)] * CALLERS)
    assert ended == {"ok": CALLERS}
    assert db.session.query(Order).count() == db.session.query(Payment).count() == 1
    assert db.session.query(FulfilmentOrder).count() == 1


def test_the_hook_and_the_answer_of_a_refund_are_one_refund(town: Town) -> None:
    """The gateway's hook arrives while our own call is still open."""
    order = town.paid_order()
    town.fault("stripe", "slow", match="POST .*refunds", times=1, delay=2.0)
    request_refund(order.id, 500, reason="scratched", who="t")
    town.work()
    refunds = db.session.execute(select(Refund)).scalars().all()
    assert [(r.status, r.amount_minor, r.work_state) for r in refunds] == [("succeeded", 500, "done")]
    assert (
        len([m for m in town.letters(to=order.email) if "5.00" in m["text"] and "refund" in m["subject"].lower()]) == 1
    )


def test_a_rival_between_reading_and_writing_a_refund_waits(app: Flask) -> None:
    """A rival is injected at the one line where it could do harm: after the sum was read, before the row is written."""
    sale = news.paid_sale()
    started, ended = threading.Event(), []

    def rival() -> None:
        with app.app_context():
            started.set()
            try:
                request_refund(sale.order_id, news.TOTAL, reason="rival", who="r")
                ended.append("ok")
            except Exception as error:  # noqa: BLE001
                ended.append(type(error).__name__)
            finally:
                db.session.remove()

    thread = threading.Thread(target=rival)

    def strike(_c: object, _cur: object, statement: str, *_: object) -> None:
        if "INSERT INTO refunds" in statement and not started.is_set():
            thread.start()
            started.wait(5)
            thread.join(0.5)  # it must still wait for the lock
            assert thread.is_alive(), "the rival did not wait"

    event.listen(db.engine, "before_cursor_execute", strike)
    try:
        request_refund(sale.order_id, news.TOTAL, reason="first", who="t")
    finally:
        event.remove(db.engine, "before_cursor_execute", strike)
    thread.join(10)
    assert ended == ["Conflict"]
    assert ledger(sale.order_id) == (news.TOTAL, news.TOTAL)


def test_a_refused_refund_is_asked_under_a_new_key_or_given_up(town: Town) -> None:
    order = town.paid_order()
    intent = db.session.execute(select(Payment.external_id)).scalar_one()
    town.stripe.v1.refunds.create({"payment_intent": intent, "amount": order.total_minor - 100})
    # lost hook: we do not know yet, so that more is asked than is left there
    with transaction() as session:
        from sqlalchemy import text

        session.execute(text("DELETE FROM inbound_events WHERE topic LIKE '%refund%'"))
    refund_id = request_refund(order.id, 500, reason="", who="t")
    town.work(JobName.DRAIN_PAYMENTS)
    row = db.session.get_one(Refund, refund_id)
    assert (row.work_state, row.status, row.calling_since) == ("parked", "requested", None)
    db.session.remove()
    give_up_refund(refund_id, who="t")
    db.session.remove()
    assert db.session.get_one(Refund, refund_id).status == "failed"


def test_an_unsent_try_does_not_make_a_lost_answer_known(app: Flask) -> None:
    """First the answer is lost, then the service cannot be reached: the next try must still look before it sends."""
    from shop.errors import Unavailable

    sale = news.paid_sale()

    def lose(held: durable.Claim) -> None:
        with transaction() as session:
            durable.begin_call(session, FulfilmentOrder, held)
        raise Unavailable("lost", sent=True, service="test")

    def unreachable(held: durable.Claim) -> None:
        raise Unavailable("refused", sent=False, service="test")

    def refuse(held: durable.Claim) -> None:
        raise Refused("no", service="test")

    for handler in (lose, unreachable, refuse):
        with transaction() as session:
            (held,) = durable.claim(session, FulfilmentOrder)
        handle_one(FulfilmentOrder, handler, held)
        clock.advance(timedelta(minutes=20))
        db.session.remove()
        assert db.session.get_one(FulfilmentOrder, sale.work_id).calling_since is not None, handler.__name__
        db.session.remove()


def test_production_is_not_ordered_twice_when_the_answer_and_then_the_line_is_lost(town: Town) -> None:
    watch_subscriptions.run()
    town.control("POST", "hooks", service="printify", mode="lose", seconds=0)
    town.fault("printify", "drop_after", match="POST .*send_to_production", times=1)
    town.fault("printify", "refuse", match="GET .*/orders/", times=3)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work()
    for _ in range(4):
        clock.advance(timedelta(minutes=2))
        town.work()
    assert (town.fulfilment().step, town.fulfilment().work_state) == ("watch", "done")
    sent = [r for r in town.world.requests.last(500) if "send_to_production" in r["path"]]
    assert len(sent) == 1


@pytest.mark.parametrize("faster", ["in_production", "shipped"])
def test_a_hook_faster_than_our_own_answer_is_not_undone(faster: str, town: Town) -> None:
    """The provider tells that it is being made before we have written down that it took our order."""
    theirs = {"in_production": "in-production", "shipped": "fulfilled"}[faster]
    town.control("POST", "hooks", service="printify", mode="lose", seconds=0)
    town.buyer.fill_cart()
    town.buyer.pay(town.buyer.check_out())
    town.work(JobName.DRAIN_INBOUND)
    number = town.order().number
    db.session.remove()
    struck: list[bool] = []

    def hook() -> None:
        with town.app.app_context():
            sale = news.Sale(0, 0, town.orders_at_printify()[0], "", number)
            parcels = [news.parcel("EARLY")] if faster == "shipped" else []
            news.tell(sale, news.told(sale, faster, theirs, *parcels))
            db.session.remove()

    def strike(_c: object, _cur: object, statement: str, *_: object) -> None:
        if struck or "FOR UPDATE" not in statement or "FROM orders" not in statement or not town.provider_orders():
            return
        struck.append(True)  # our answer has come; we are about to lock the order
        rival = threading.Thread(target=hook)
        rival.start()
        rival.join(20)

    event.listen(db.engine, "before_cursor_execute", strike)
    try:
        job_function(JobName.DRAIN_FULFILMENT)()
    finally:
        event.remove(db.engine, "before_cursor_execute", strike)
    assert struck
    work = town.fulfilment()
    assert (work.step, work.work_state, work.status) == ("watch", "done", faster)
    assert town.order().fulfilment_status == faster
    assert not [r for r in town.world.requests.last(500) if "send_to_production" in r["path"]]
