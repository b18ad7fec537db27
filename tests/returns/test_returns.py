"""Returns: asked for by the buyer, decided by staff, settled once."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from jobs import returns as jobs_returns
from shop.core import clock, durable
from shop.core.durable import WorkState
from shop.core.queue import JobName
from shop.core.transaction import transaction
from shop.errors import Conflict, IllegalMove, InvalidInput, NotFound
from shop.extensions import db
from shop.fulfilment.models import FulfilmentLine, FulfilmentOrder
from shop.orders.models import Order, OrderLine
from shop.payments.models import Refund
from shop.returns.counting import left_to_return
from shop.returns.models import PrintClaim, Return, ReturnPicture
from shop.workflows import remind_of_returns, watch_subscriptions
from shop.workflows.decide_return import approve_return, ask_buyer, decline_return
from shop.workflows.request_return import Asked, reply, request_return, take_back_request
from shop.workflows.settle_return import Settlement, request_settlement, settle_return
from tests.returns.making import delivered_order, picture
from tests.town import Town


def delivered(town: Town, quantity: int = 3) -> Order:
    """By a whole sale."""
    watch_subscriptions.run()
    order = town.paid_order(quantity)
    town.ship()
    town.work()
    town.deliver()
    town.work()
    return order


def line_of(order: Order) -> int:
    return db.session.execute(select(OrderLine.id).where(OrderLine.order_id == order.id)).scalar_one()


def ask(order: Order, quantity: int = 1, key: str = "k", **more: Any) -> int:
    asked = Asked({line_of(order): quantity}, more.pop("reason", "damaged"), **more)
    db.session.remove()
    return request_return(order.id, asked, form_key=key)


def the_return(return_id: int) -> Return:
    db.session.remove()
    return db.session.execute(select(Return).where(Return.id == return_id)).scalar_one()


def at_once(work: Callable[[int], object], times: int = 10) -> list[object]:
    """What each of them came to: its answer, or the error."""
    from flask import current_app

    app, found = current_app._get_current_object(), []  # type: ignore[attr-defined]
    gate = threading.Barrier(times)

    def run(n: int) -> None:
        with app.app_context():
            gate.wait(10)
            try:
                found.append(work(n))
            except Exception as error:  # noqa: BLE001
                found.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_a_return_from_the_order_page_to_the_money_back(town: Town) -> None:
    order = delivered(town)
    page = town.buyer.get(f"/orders/{order.token}")
    assert f"/orders/{order.token}/return" in page.text and "Withdraw from contract" in page.text
    form = town.buyer.get(f"/orders/{order.token}/return").text
    key = form.split('name="key" value="')[1].split('"')[0]
    sent = {f"line-{line_of(order)}": "2", "reason": "print_quality", "words": "Blurred", "wish": "refund", "key": key}
    files = [("pictures", ("a.jpg", picture(), "image/jpeg")), ("pictures", ("b.jpg", picture(40), "image/jpeg"))]
    answer = town.buyer.post(f"/orders/{order.token}/return", sent, files=files)
    assert answer.status_code == 200 and "Blurred" in answer.text, answer.text[:3000]
    (return_id,) = db.session.execute(select(Return.id)).scalars()
    pictures = db.session.execute(select(ReturnPicture.id)).scalars().all()
    assert len(pictures) == 2
    raw = town.buyer.get(f"/orders/{order.token}/returns/{return_id}/pictures/{pictures[0]}")
    assert raw.headers["Content-Type"] == "image/webp" and b"Ada" not in raw.content
    assert approve_return(return_id, words="Sorry!", wants_goods_back=False, who="Staff")
    assert not approve_return(return_id, words="Sorry!", wants_goods_back=False, who="Staff")
    wanted = Settlement("refund", {line_of(order): 2})
    assert request_settlement(return_id, wanted, who="Staff") and not request_settlement(return_id, wanted, who="Staff")
    town.work()
    held = the_return(return_id)
    refund = db.session.execute(select(Refund)).scalar_one()
    assert (held.status, held.outcome, held.refund_id, refund.status) == ("settled", "refunded", refund.id, "succeeded")
    subjects = [letter["subject"] for letter in town.letters(to="ada@example.com")]
    for words in ("We have your request", "is approved", "is settled"):
        assert sum(words in subject for subject in subjects) == 1, (words, subjects)
    assert left_to_return(db.session(), order.id) == {line_of(order): 1}
    assert "Your money is on its way back" in town.buyer.get(f"/orders/{order.token}/returns/{return_id}").text


def test_a_replacement_is_made_once_at_no_charge_and_the_order_stays_delivered(town: Town) -> None:
    order = delivered(town, 2)
    return_id = ask(order, 2, wish="replacement")
    approve_return(return_id, words="", wants_goods_back=False, who="Staff")
    with pytest.raises(InvalidInput):
        request_settlement(return_id, Settlement("replace", {line_of(order): 3}), who="Staff")
    done = at_once(lambda n: request_settlement(return_id, Settlement("replace", {line_of(order): 2}), who="Staff"), 5)
    assert sorted(map(str, done)) == ["False"] * 4 + ["True"]
    town.work()
    rows = db.session.execute(select(FulfilmentOrder).order_by(FulfilmentOrder.id)).scalars().all()
    assert [row.external_key for row in rows] == [order.number, f"{order.number}-2"]
    assert rows[1].return_id == return_id and len(town.provider_orders()) == 2
    assert db.session.execute(select(func.sum(FulfilmentLine.quantity))).scalar_one() == 4
    assert the_return(return_id).outcome == "replaced"
    assert db.session.execute(select(func.count()).select_from(Refund)).scalar_one() == 0
    town.ship()
    town.work()
    again = db.session.execute(select(Order).where(Order.id == order.id)).scalar_one()
    assert (again.status, again.fulfilment_status) == ("completed", "delivered")
    assert left_to_return(db.session(), order.id) == {line_of(order): 2}  # the new ones may be faulty too


def test_ten_requests_at_once_take_no_more_back_than_was_bought(town: Town) -> None:
    order = delivered_order(3)
    line = line_of(order)
    db.session.remove()
    done = at_once(lambda n: request_return(order.id, Asked({line: 1}, "damaged"), form_key=f"k{n}"))
    assert sum(isinstance(x, int) for x in done) == 3
    assert all(isinstance(x, int | InvalidInput | Conflict) for x in done), done
    assert left_to_return(db.session(), order.id) == {line: 0}
    db.session.remove()
    same = at_once(lambda n: request_return(order.id, Asked({line: 1}, "damaged"), form_key="k0"), 4)
    assert len({x for x in same if isinstance(x, int)}) <= 1


def test_a_worker_that_dies_between_the_refund_and_the_end_is_followed_by_one_refund(town: Town) -> None:
    order = delivered(town, 1)
    return_id = ask(order)
    approve_return(return_id, words="", wants_goods_back=False, who="Staff")
    request_settlement(return_id, Settlement("refund", {line_of(order): 1}, shipping=True), who="Staff")
    with transaction() as session:
        (claim,) = durable.claim(session, Return)
    from shop.workflows import settle_return as module

    facts = the_return(return_id).settle_facts
    db.session.remove()
    first = module._refund(return_id, order.id, facts, "R", "Staff")  # and here it died
    with transaction() as session:
        row = session.execute(select(Return).where(Return.id == return_id)).scalar_one()
        assert (row.status, row.work_state) == ("approved", WorkState.WORKING)
        row.lease_until = clock.now()
    town.work()
    held = the_return(return_id)
    assert (held.status, held.refund_id) == ("settled", first)
    assert db.session.execute(select(func.count()).select_from(Refund)).scalar_one() == 1
    db.session.remove()
    with pytest.raises(durable.LostLease):
        settle_return_unless_settled(claim)


def settle_return_unless_settled(claim: Any) -> None:
    """The dead worker wakes up: it may change nothing."""
    settle_return(claim)
    raise durable.LostLease("nothing was written")


def test_moves_go_forward_only_and_every_one_is_told(town: Town) -> None:
    order = delivered_order(2)
    first, second = ask(order, key="a"), ask(order, key="b")
    assert ask_buyer(first, words="A picture?", who="Staff")
    assert reply(order.id, first, "Here") and not reply(order.id, first, "Here")
    with pytest.raises(InvalidInput):
        decline_return(first, words="", who="Staff")
    assert decline_return(first, words="Worn", who="Staff")
    with pytest.raises(IllegalMove):
        approve_return(first, words="", wants_goods_back=False, who="Staff")
    with pytest.raises(IllegalMove):
        request_settlement(first, Settlement("refund", {line_of(order): 1}), who="Staff")
    assert take_back_request(order.id, second) and not take_back_request(order.id, second)
    with pytest.raises(NotFound):
        take_back_request(order.id + 1, second) if False else take_back_request(order.id, second + 100)
    town.work()
    subjects = " | ".join(letter["subject"] for letter in town.letters(to="ada@example.com"))
    assert "A question about your return" in subjects and "About your return" in subjects
    assert left_to_return(db.session(), order.id) == {line_of(order): 2}


def test_a_claim_is_reminded_of_once_before_its_window_ends(town: Town) -> None:
    order = delivered_order(1)
    ask(order)
    with transaction() as session:
        claim = session.execute(select(PrintClaim)).scalar_one()
        assert claim.deadline_at is not None
        claim.deadline_at = clock.now() + remind_of_returns.CLAIM_ENDS_SOON / 2
    assert remind_of_returns.run() == 1 and remind_of_returns.run() == 0


@pytest.mark.parametrize("quantity", ["-1", "99999999999", "NaN", "1e3", "1\x00", "٣", "0", "4", ""])
def test_a_quantity_that_is_none_changes_nothing(quantity: str, town: Town) -> None:
    order = delivered_order()
    client = town.app.test_client()
    data = {f"line-{line_of(order)}": quantity, "reason": "damaged", "wish": "refund", "key": "k"}
    answer = client.post(f"/orders/{order.token}/return", data=data)
    assert answer.status_code == 422, answer.text[:300]
    assert db.session.execute(select(func.count()).select_from(Return)).scalar_one() == 0


def test_foreign_lines_and_returns_are_not_found(town: Town) -> None:
    mine, theirs = delivered_order(), delivered_order()
    client = town.app.test_client()
    data = {f"line-{line_of(theirs)}": "1", "reason": "damaged", "wish": "refund"}
    assert client.post(f"/orders/{mine.token}/return", data=data).status_code == 404
    held = ask(theirs)
    assert client.get(f"/orders/{mine.token}/returns/{held}").status_code == 404
    assert client.post(f"/orders/{mine.token}/returns/{held}", data={"do": "keep"}).status_code == 404
    assert client.get("/orders/nothing\x00/return").status_code == 404
    assert the_return(held).status == "requested"


def test_pictures_that_are_none_are_refused_and_nothing_is_kept(town: Town) -> None:
    order = delivered_order()
    client = town.app.test_client()
    bomb = io.BytesIO()
    Image.new("1", (11_900, 11_900)).save(bomb, "PNG")
    for files in ([b"%PDF-1.4"], [b""], [bomb.getvalue()], [picture().getvalue()] * 7, [b"\xff\xd8\xff" + b"x" * 900]):
        data = {
            f"line-{line_of(order)}": "1",
            "reason": "damaged",
            "wish": "refund",
            "pictures": [(io.BytesIO(body), "p.jpg") for body in files],
        }
        answer = client.post(f"/orders/{order.token}/return", data=data, content_type="multipart/form-data")
        assert answer.status_code == 422 and "pictures" in answer.text
    assert db.session.execute(select(func.count()).select_from(Return)).scalar_one() == 0


def test_the_jobs_are_swept(town: Town) -> None:
    from jobs.sweep import WORK

    assert WORK[JobName.DRAIN_RETURNS] is Return and callable(jobs_returns.drain)
