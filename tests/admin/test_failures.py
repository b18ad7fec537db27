"""What stopped: listed in words, with its story, tried again once, or given up."""

from __future__ import annotations

from sqlalchemy import select

from shop.core import clock
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.fulfilment.models import FulfilmentOrder
from shop.inbound.models import InboundEvent
from shop.payments.models import Refund
from shop.workflows.list_failures import KINDS, count_parked
from tests.admin import making
from tests.admin.conftest import Staff


def test_every_kind_of_durable_work_is_listed() -> None:
    from jobs.sweep import WORK

    assert {model for model, _ in KINDS.values()} == set(WORK.values())
    assert {job: model for model, job in KINDS.values()} == WORK


def test_nothing_failed_is_a_calm_page(staff: Staff) -> None:
    assert "Nothing has failed" in staff.get("/admin/failures").text


def test_each_failure_says_what_why_and_what_to_do(staff: Staff) -> None:
    with transaction() as session:
        order = making.stopped_submission(session)
        making.parked_refund(session, order)
        making.letter(session, "parked")
        event = making.parked_event(session)
        making.catalog_run(session, "parked", "failed", error_text="printify: 401", error_kind="merchant")
    page = staff.get("/admin/failures").text
    for text in (
        "An order could not be sent to the print provider", "missing a postal code", order.number, "$5.00",
        "A letter could not be sent", "A refund could not be made", "The catalogue could not be refreshed",
        "A message from another service could not be handled",
    ):  # fmt: skip
        assert text in page, text
    work = db.session.execute(select(FulfilmentOrder)).scalar_one()
    story = staff.get(f"/admin/failures/fulfilment_orders/{work.id}").text
    assert "zip is required" in story
    assert "correct it, then press" in story
    told = staff.get(f"/admin/failures/inbound_events/{event.id}").text
    assert "order:updated" in told
    assert "whsec_verysecretvalue" not in told


def test_the_letters_link_opens_its_row(staff: Staff) -> None:
    with transaction() as session:
        event = making.parked_event(session)
    assert "an order without line items" in staff.get(f"/admin/failures?row=inbound_events:{event.id}").text
    assert staff.get("/admin/failures?row=users:1").status_code == 200
    assert staff.get("/admin/failures/nonsense/1").status_code == 404
    assert staff.get("/admin/failures/letters/999999999").status_code == 404


def test_try_again_makes_the_row_due_and_a_second_press_does_nothing(staff: Staff) -> None:
    with transaction() as session:
        event = making.parked_event(session)
    where = f"/admin/failures/inbound_events/{event.id}/try-again"
    assert "tried again now" in staff.press(where)
    assert "no longer stopped" in staff.press(where)
    row = db.session.execute(select(InboundEvent)).scalar_one()
    assert (row.work_state, row.attempts) == ("due", 0)


def test_a_letter_that_may_have_arrived_is_decided_alone(staff: Staff) -> None:
    with transaction() as session:
        unsure = making.letter(session, "parked", calling_since=clock.now())
        sure = making.letter(session, "parked")
        held = making.paid_order(session, hold_reason="Disputed")
        work = making.work_of(session, held)
    rows = {"row": [f"letters:{unsure.id}", f"letters:{sure.id}", f"fulfilment_orders:{work.id}", "x:1", "letters:x"]}
    page = staff.press("/admin/failures/try-again", rows)
    assert "1 is tried again now" in page
    states = {row.id: row.work_state for row in db.session.execute(select(Letter.id, Letter.work_state))}
    assert states == {unsure.id: "parked", sure.id: "due"}
    db.session.remove()
    assert db.session.execute(select(FulfilmentOrder.is_held)).scalar() is True
    assert "may get it twice" in staff.get(f"/admin/letters/{unsure.id}").text
    staff.press(f"/admin/letters/{unsure.id}/try-again")
    row = db.session.execute(select(Letter).where(Letter.id == unsure.id)).scalar_one()
    assert (row.work_state, row.calling_since) == ("due", None)


def test_choosing_nothing_is_told(staff: Staff) -> None:
    assert "Choose at least one" in staff.press("/admin/failures/try-again")


def test_a_held_order_is_not_tried_again_from_here(staff: Staff) -> None:
    with transaction() as session:
        order = making.paid_order(session, hold_reason="The buyer disputes this payment.")
        work = making.work_of(session, order)
    assert "on hold" in staff.press(f"/admin/failures/fulfilment_orders/{work.id}/try-again")
    db.session.remove()
    assert db.session.execute(select(FulfilmentOrder.work_state)).scalar() == "parked"


def test_giving_up_takes_it_off_the_list_and_frees_a_refund(staff: Staff) -> None:
    with transaction() as session:
        order = making.paid_order(session)
        refund = making.parked_refund(session, order)
        event = making.parked_event(session)
    for kind, row_id in (("refunds", refund.id), ("inbound_events", event.id)):
        for _ in range(2):
            staff.press(f"/admin/failures/{kind}/{row_id}/give-up")
    db.session.remove()
    assert sum(count_parked(db.session()).values()) == 0
    assert db.session.execute(select(Refund.status)).scalar() == "failed"


def test_an_order_is_not_given_up_but_cancelled(staff: Staff) -> None:
    with transaction() as session:
        making.stopped_submission(session)
        work = session.execute(select(FulfilmentOrder)).scalar_one()
    assert "cancel it on its page" in staff.press(f"/admin/failures/fulfilment_orders/{work.id}/give-up")


def test_what_is_retried_by_itself_is_shown_apart(staff: Staff) -> None:
    with transaction() as session:
        making.letter(session, "due", error_text="smtp: 451 wait", attempts=3)
    assert "451 wait" in staff.get("/admin/failures?state=retrying").text
    assert "451 wait" not in staff.get("/admin/failures").text
