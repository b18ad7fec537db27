"""The withdrawal function: anybody may use it, it is always acknowledged, and it says nothing of anybody's orders."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from shop.core import clock
from shop.core.durable import WorkState
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.orders.models import Order, OrderLine
from shop.payments.models import Refund
from shop.returns.models import Return, Withdrawal
from shop.returns.rules import is_late, window_end
from shop.tenancy.models import StoreProfile
from shop.tenancy.profile import touch_settings
from shop.workflows import remind_of_returns
from shop.workflows.declare_withdrawal import act, match
from shop.workflows.settle_return import Settlement, request_settlement
from tests.returns.making import delivered_order
from tests.returns.test_returns import at_once
from tests.town import Town


@pytest.fixture
def client(town: Town) -> FlaskClient:
    return town.app.test_client()


def declare(client: FlaskClient, path: str, **form: str) -> Any:
    """Both steps, as the pages have them; the receipt's page."""
    sent = {"name": "Ada Byron", "email": "ada@example.com", **form}
    second = client.post(path, data=sent)
    assert second.status_code == 200 and "Confirm withdrawal" in second.text, second.text[:2000]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', second.text))
    done = client.post(f"{path}/confirm", data=fields)
    assert done.status_code == 303
    again = client.post(f"{path}/confirm", data=fields)
    assert again.headers["Location"] == done.headers["Location"]
    return client.get(done.headers["Location"])


def declared() -> Withdrawal:
    db.session.remove()
    return db.session.execute(select(Withdrawal).order_by(Withdrawal.id.desc()).limit(1)).scalar_one()


def lines_of(order: Order) -> list[int]:
    return list(db.session.execute(select(OrderLine.id).where(OrderLine.order_id == order.id)).scalars())


def count(model: Any) -> int:
    return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def test_an_unknown_order_is_recorded_acknowledged_and_answered_like_a_known_one(
    town: Town, client: FlaskClient
) -> None:
    order = delivered_order()
    known = declare(client, "/withdraw", order_number=order.number)
    unknown = declare(client, "/withdraw", order_number="K7QM-4T2X")
    stranger = declare(client, "/withdraw", order_number=order.number, email="eve@example.com")

    def shape(page: Any) -> str:
        text = re.sub(r"W-[0-9A-Z]{4}-[0-9A-Z]{4}|[0-9A-Z]{4}-[0-9A-Z]{4}|\d\d?:\d\d:\d\d|eve|ada", "·", page.text)
        return text.partition("<main")[2].partition("</main>")[0]

    assert shape(known) == shape(unknown) == shape(stranger)
    rows = db.session.execute(select(Withdrawal).order_by(Withdrawal.id)).scalars().all()
    assert [row.order_id for row in rows] == [order.id, None, None]
    assert [row.status for row in rows] == ["matched", "received", "received"]
    town.work()
    receipts = [m for m in town.letters() if "Receipt of your withdrawal" in m["subject"]]
    assert sorted(m["to"][0] if isinstance(m["to"], list) else m["to"] for m in receipts).__len__() == 3


def test_the_receipt_is_due_in_the_request_with_date_time_and_content(town: Town, client: FlaskClient) -> None:
    before = clock.now()
    declare(client, "/withdraw", order_number="K7QM-4T2X", words="The mug, bought in May")
    held = declared()
    letter = db.session.execute(select(Letter).where(Letter.letter == "withdrawal_receipt")).scalar_one()
    assert letter.work_state == WorkState.DUE and letter.due_at <= clock.now()
    assert before <= held.received_at <= letter.due_at + timedelta(seconds=1)
    town.work()
    (receipt,) = town.letters(to="ada@example.com")
    said = str(receipt)
    for part in (held.reference, "UTC", "Ada Byron"):
        assert part in said, part
    sent = db.session.execute(select(Letter.finished_at).where(Letter.id == letter.id)).scalar_one()
    assert (sent - held.received_at).total_seconds() < 60


def test_what_is_not_made_yet_is_cancelled_and_the_money_goes_back(town: Town, client: FlaskClient) -> None:
    with transaction() as session:
        session.execute(select(StoreProfile)).scalar_one().production_policy = "by_hand"
        touch_settings(session)
    order = town.paid_order(2)
    assert order.fulfilment_status == "submitted"
    path, (line,) = f"/orders/{order.token}/withdraw", lines_of(order)
    assert "cancel it right away" in client.get(path).text
    declare(client, path, **{f"line-{line}": "2"})
    town.work()
    assert (declared().status, declared().outcome) == ("closed", "cancelled")
    after = town.order()
    assert (after.status, after.payment_status) == ("cancelled", "refunded")
    assert count(Refund) == 1


def test_with_number_and_address_alone_nothing_is_cancelled_but_all_is_held(town: Town, client: FlaskClient) -> None:
    order = delivered_order(status="submitted")
    declare(client, "/withdraw", order_number=order.number)
    work = db.session.execute(select(FulfilmentOrder)).scalar_one()
    assert work.is_held and declared().outcome == "" and declared().status == "matched"
    first = declared().id
    db.session.remove()
    assert act(first, "cancel", words="", who="Staff") and not act(first, "cancel", words="", who="Staff")
    part = delivered_order(2, status="submitted")
    path, (line,) = f"/orders/{part.token}/withdraw", lines_of(part)
    declare(client, path, **{f"line-{line}": "1"})
    second = declared().id
    db.session.remove()
    assert act(second, "return", words="", who="Staff")
    assert db.session.execute(select(Return.wants_goods_back)).scalar_one() is False  # nothing is made: nothing to send


def test_what_was_delivered_becomes_a_return_and_the_whole_order_gives_shipping_back(
    town: Town, client: FlaskClient
) -> None:
    order = delivered_order(2, 1)
    first, second = lines_of(order)
    declare(client, f"/orders/{order.token}/withdraw", **{f"line-{first}": "2", f"line-{second}": "1"})
    held = db.session.execute(select(Return)).scalar_one()
    assert (held.status, held.reason, held.wants_goods_back) == ("approved", "withdrawal", True)
    assert held.send_back_by is not None and held.refund_by is not None and held.settle_facts == {"shipping": True}
    assert held.refund_by - declared().received_at == timedelta(days=14)
    request_settlement(held.id, Settlement("refund", {first: 2, second: 1}, shipping=True), who="Staff")
    town.work(*[name for name in __import__("jobs.sweep", fromlist=["WORK"]).WORK if "returns" in name.value])
    assert db.session.execute(select(Refund.amount_minor)).scalar_one() == order.total_minor
    assert declared().status == "closed"


def test_a_part_may_be_withdrawn_from_and_what_is_personalised_may_not(town: Town, client: FlaskClient) -> None:
    order = delivered_order(2, 1, personalised=(1,))
    first, second = lines_of(order)
    path = f"/orders/{order.token}/withdraw"
    assert "made to your specification" in client.get(path).text.lower()
    refused = client.post(path, data={"name": "A", "email": "a@example.com", f"line-{second}": "1"})
    assert refused.status_code == 422 and count(Withdrawal) == 0
    forged = {"name": "A", "email": "a@example.com", f"line-{second}": "1", "key": "k"}
    assert client.post(f"{path}/confirm", data=forged).status_code == 422 and count(Withdrawal) == 0
    declare(client, path, **{f"line-{first}": "1"})
    held = db.session.execute(select(Return)).scalar_one()
    assert held.settle_facts == {"shipping": False}


def test_a_late_declaration_is_received_and_left_to_the_merchant(town: Town, client: FlaskClient) -> None:
    order = delivered_order(1, days_ago=40)
    (line,) = lines_of(order)
    declare(client, f"/orders/{order.token}/withdraw", **{f"line-{line}": "1"})
    assert declared().is_late and db.session.execute(select(Return.status)).scalar_one() == "requested"


def test_staff_match_a_declaration_once_and_are_reminded_once(town: Town, client: FlaskClient) -> None:
    number = delivered_order().number
    declare(client, "/withdraw", order_number="", words="Three things, in spring")
    held = declared().id
    with transaction() as session:
        session.get_one(Withdrawal, held).refund_by = clock.now() + timedelta(days=1)
    assert remind_of_returns.run() == 1 and remind_of_returns.run() == 0
    done = at_once(lambda n: match(held, number, who="Staff"), 4)
    assert sum(x == number for x in done) == 1, done
    assert count(Return) == 1


def test_the_same_confirmation_ten_times_at_once_is_one_declaration(town: Town) -> None:
    order = delivered_order(1)
    (line,) = lines_of(order)
    token = order.token
    db.session.remove()
    form = {"name": "Ada", "email": "ada@example.com", f"line-{line}": "1", "key": "one"}
    path = f"/orders/{token}/withdraw/confirm"
    answers = at_once(lambda n: town.app.test_client().post(path, data=form).status_code)
    assert set(answers) <= {303, 422} and 303 in answers
    assert count(Withdrawal) == 1 and count(Return) == 1
    assert count(Letter) >= 1


HOSTILE = (
    "",
    "x" * 3000,
    "a\x00b",
    "<script>alert(1)</script>",
    "ada@",
    "' OR 1=1 --",
    "\ud800",
    "ada@example.com\nBcc: x",
)


@pytest.mark.parametrize("path", ["/withdraw", "/withdraw/confirm"])
def test_hostile_words_are_told_or_kept_as_words(path: str, town: Town, client: FlaskClient) -> None:
    fine = {"name": "Ada", "email": "ada@example.com", "order_number": "K7QM-4T2X", "words": ""}
    for name in fine:
        for bad in HOSTILE:
            answer = client.post(path, data={**fine, name: bad.encode("utf-8", "surrogatepass")})
            assert answer.status_code in (200, 303, 422, 429), (name, bad, answer.status_code)
            assert "<script>alert" not in answer.text


def test_foreign_lines_are_not_found(town: Town, client: FlaskClient) -> None:
    mine, theirs = delivered_order(), delivered_order()
    form = {"name": "A", "email": "a@example.com", f"line-{lines_of(theirs)[0]}": "1"}
    for step in ("withdraw", "withdraw/confirm"):
        assert client.post(f"/orders/{mine.token}/{step}", data=form).status_code == 404
    for number in ("-1", "99", "NaN", "1\x00"):
        bad = {"name": "A", "email": "a@example.com", f"line-{lines_of(mine)[0]}": number}
        assert client.post(f"/orders/{mine.token}/withdraw", data=bad).status_code == 422, number
    assert count(Withdrawal) == 0


def test_the_link_is_on_every_page_and_the_model_form_prints(town: Town, client: FlaskClient) -> None:
    for path in ("/", "/search", "/cart", "/withdrawal"):
        assert 'href="/withdraw"' in client.get(path).text, path
    assert "Model withdrawal form" in client.get("/withdrawal").text


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.integers(0, 365))
def test_the_days_are_never_fewer_than_the_law_wants(naive: datetime, days: int) -> None:
    arrived = naive.replace(tzinfo=UTC)
    end = window_end(arrived, days)
    assert end is not None and end - arrived > timedelta(days=max(days, 14))
    assert (end - timedelta(hours=13)).weekday() < 5
    assert not is_late(end, end) and is_late(end + timedelta(seconds=1), end)
    assert window_end(None, days) is None and not is_late(end, None)
