"""What came in: every stored event, found, read with its secrets hidden, and run again without harm."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from shop.core.showing import shown_json
from shop.core.transaction import transaction
from shop.extensions import db
from shop.inbound.models import InboundEvent
from shop.orders.models import Order, OrderEntry
from tests.admin import making
from tests.admin.conftest import Staff, counting
from tests.town import Town

LOG = "/admin/developers/webhook-log"


def test_a_sale_is_found_by_its_number_with_what_it_changed(staff: Staff, town: Town) -> None:
    number = town.paid_order().number
    page = staff.get(f"{LOG}?q={number}").text
    assert "checkout.session.completed" in page and f"Order {number}" in page
    event = db.session.execute(
        select(InboundEvent).where(InboundEvent.topic == "checkout.session.completed")
    ).scalar_one()
    shown = staff.get(f"{LOG}/{event.id}").text
    assert "Fits (Stripe-Signature, v1)" in shown and "Placed" in shown
    assert f"/admin/orders/{number}" in shown
    assert staff.get(f"{LOG}?q={event.external_id}").text.count('class="open"') == 1
    assert staff.get(f"{LOG}?q={event.subject_id}").text.count('class="open"') >= 1


def test_running_it_again_changes_nothing_twice(staff: Staff, town: Town) -> None:
    town.paid_order()
    before = db.session.query(OrderEntry).count()
    for (event_id,) in db.session.execute(select(InboundEvent.id)).all():
        assert "handled again" in staff.press(f"{LOG}/{event_id}/replay")
    town.work()
    db.session.remove()
    assert db.session.query(Order).count() == 1
    assert db.session.query(OrderEntry).count() == before
    assert {e.work_state for e in db.session.execute(select(InboundEvent)).scalars()} == {"done"}


def test_a_parked_event_may_be_run_again_and_one_in_work_may_not(staff: Staff) -> None:
    with transaction() as session:
        event = making.parked_event(session)
    assert "handled again" in staff.press(f"{LOG}/{event.id}/replay")
    with transaction() as session:
        session.execute(update(InboundEvent).values(work_state="working"))
    assert "being worked on" in staff.press(f"{LOG}/{event.id}/replay")
    assert staff.get(f"{LOG}/999").status_code == 404


def test_secrets_and_cards_are_hidden(staff: Staff) -> None:
    payload = {
        "id": "evt_1",
        "client_secret": "pi_123_secret_abc",
        "card": {"last4": "4242", "exp_month": 12, "fingerprint": "Xt5EWLLDS7FJjR1c", "number": "4242 4242 4242 4242"},
        "note": "my card is 4242424242424242 thanks",
        "headers": {"Authorization": "Bearer abc.def.ghi"},
        "id_of_theirs": "1234567890123456",
    }
    with transaction() as session:
        event = making.parked_event(session, payload=payload)
    page = staff.get(f"{LOG}/{event.id}").text
    for hidden in ("pi_123_secret_abc", "Xt5EWLLDS7FJjR1c", "4242 4242 4242 4242", "4242424242424242", "abc.def.ghi"):
        assert hidden not in page
    assert "4242" in page and "1234567890123456" in page


def test_an_endless_payload_is_cut() -> None:
    deep: dict[str, object] = {}
    for _ in range(40):
        deep = {"x": deep}
    text = shown_json({"long": "x" * 100_000, "many": list(range(10_000)), "deep": deep})
    assert len(text) < 21_000 and "…" in text


@pytest.mark.parametrize(
    "bad", ["q=%00", "q=" + "x" * 5000, "before=x", "before=" + "9" * 40, "source=me", "topic=%F0%9F%92%A9", "state=1"]
)
def test_nonsense_in_the_address_is_no_error(staff: Staff, bad: str) -> None:
    assert staff.get(f"{LOG}?{bad}").status_code == 200


def test_pages_follow_each_other_without_gaps(staff: Staff) -> None:
    with transaction() as session:
        for _ in range(120):
            making.parked_event(session, work_state="done")
    seen: list[str] = []
    path = LOG
    while True:
        page = staff.get(path).text
        seen += re.findall(rf'href="{LOG}/(\d+)"', page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        if not older:
            break
        path = older[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 120


def test_statements_are_the_same_for_any_number(staff: Staff) -> None:
    counts = []
    for n in (5, 15):
        with transaction() as session:
            for _ in range(n):
                order = making.paid_order(session)
                making.parked_event(session, source="stripe", subject_id=f"re_{order.id}")
        db.session.remove()
        with counting() as seen:
            assert staff.get(f"{LOG}?state=parked").status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
