"""The story is whole (Stripe and the mail server too), hints say what to do, and many are settled at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.core.transaction import transaction
from shop.extensions import db
from shop.outbound.models import OutboundCall
from shop.payments.models import Refund
from shop.payments.stripe_calls import summary_of
from shop.workflows.failure_hints import hint_for
from shop.workflows.list_failures import KINDS, count_parked
from shop.workflows.refund_order import request_refund
from tests.admin import making
from tests.admin.conftest import Staff, counting
from tests.town import Town


def calls(service: str) -> list[OutboundCall]:
    db.session.remove()
    return list(db.session.execute(select(OutboundCall).where(OutboundCall.service == service)).scalars())


def test_stripe_s_answers_are_in_the_story_of_a_refund(staff: Staff, town: Town) -> None:
    order = town.paid_order()
    town.fault("stripe", "error_500", "/v1/refunds", times=3)
    request_refund(order.id, 500, reason="Chipped", who="Owner")
    town.work()
    with transaction() as session:
        row = session.execute(select(Refund)).scalar_one()
        row.work_state, row.error_kind, row.error_text = "parked", "merchant", "stripe: insufficient balance"
    page = staff.get(f"/admin/failures/refunds/{row.id}").text
    assert "We asked Stripe: POST /v1/refunds" in page and "Answer 500" in page
    assert "Top it up at Stripe" in page


def test_writes_to_stripe_are_kept_short_and_without_secrets(town: Town) -> None:
    town.paid_order()
    kept = calls("stripe")
    (opened,) = [c for c in kept if c.request == "POST /v1/checkout/sessions"]
    assert opened.status == 200 and opened.subject.startswith("checkout:") and "cs_test_" in opened.answer
    text = " ".join(f"{c.request} {c.answer}" for c in kept)
    for secret in ("sk_test_sandbox", "client_secret", "ada@example.com", "line1"):
        assert secret not in text
    assert not [c for c in kept if c.request.startswith("GET") and (c.status or 500) < 400]


def test_a_stripe_that_cannot_be_reached_is_written_down(town: Town) -> None:
    town.buyer.fill_cart()
    session_id = town.buyer.check_out()
    town.fault("stripe", "refuse", ".*", times=None)
    town.buyer.come_back(session_id)
    town.no_faults()
    lost = [c for c in calls("stripe") if c.status is None]
    assert lost and lost[0].subject == f"stripe:{session_id}"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"id":"re_1","object":"refund","status":"succeeded","client_secret":"x_secret_y","card":{"number":"4242"}}',
         '{"id": "re_1", "object": "refund", "status": "succeeded"}'),
        (b'{"error":{"type":"card_error","code":"x","message":"no sk_live_abc","charge":"ch_1"}}',
         '{"type": "card_error", "code": "x", "message": "no [hidden]"}'),
        (b"<html>", "6 bytes that are not JSON"),
        (b"[1]", ""),
    ],
)  # fmt: skip
def test_of_an_answer_only_what_explains_it_is_kept(body: bytes, kept: str) -> None:
    assert summary_of(body) == kept


def test_what_the_mail_server_said_is_in_the_story_of_a_letter(staff: Staff, town: Town) -> None:
    with transaction() as session:
        letter = making.letter(session, "due")
    town.work()
    (sent,) = [c for c in calls("smtp") if c.subject == f"letter:{letter.id}"]
    assert sent.answer.startswith("Accepted") and "ada@example.com" not in sent.answer
    with transaction() as session:
        row = session.get(type(letter), letter.id)
        assert row is not None
        row.work_state, row.error_kind, row.error_text = "parked", "merchant", "smtp: 550 no such mailbox"
    page = staff.get(f"/admin/failures/letters/{letter.id}").text
    assert "We asked Smtp: SEND order_confirmation" in page and "Done after" in page
    assert "The address does not exist" in page


@pytest.mark.parametrize(
    ("kind", "error_kind", "why", "said"),
    [
        ("fulfilment_orders", "merchant", "Not linked to a print product: Mug.", "linked to Printify again"),
        ("fulfilment_orders", "merchant", "printify: 400 zip is required", "does not accept the address"),
        ("fulfilment_orders", "merchant", "printify: 401 printify does not accept our key.", "Settings → Services"),
        ("fulfilment_orders", "wait", "printify: circuit open", "did not answer for a day"),
        ("letters", "merchant", "smtp: 535 authentication failed", "The mail provider does not accept our key"),
        ("refunds", "merchant", "stripe: charge_already_refunded", "refunded at Stripe already"),
        ("inbound_events", "merchant", "stripe: 401 Invalid API Key", "Stripe does not accept our key"),
        ("images", "merchant", "images.printify.com answered 404.", "not there any more"),
        ("webhook_deliveries", "us", "KeyError: x", "fault on our side"),
        ("nonsense", "nonsense", "", "fault on our side"),
    ],
)
def test_hints_say_what_to_do(kind: str, error_kind: str, why: str, said: str) -> None:
    assert said in hint_for(kind, error_kind, why)


def test_every_kind_has_a_page_for_its_story(staff: Staff) -> None:
    for kind in KINDS:
        assert staff.get(f"/admin/failures/{kind}/1").status_code in (200, 404)


def test_many_are_given_up_after_asking_once(staff: Staff) -> None:
    with transaction() as session:
        making.stopped_submission(session)
        rows = [f"letters:{making.letter(session, 'parked').id}" for _ in range(3)]
        rows += [f"inbound_events:{making.parked_event(session).id}"]
    path = "/admin/failures/give-up"
    assert "Nothing was given up" in staff.press(path, {"row": rows})
    assert "Choose at least one" in staff.press(path, {"sure": "1"})
    page = staff.press(path, {"row": [*rows, "letters:999", "fulfilment_orders:1", "x", "letters:-1"], "sure": "1"})
    assert "4 are given up" in page and "2 to decide" in page
    db.session.remove()
    assert {k: n for k, n in count_parked(db.session()).items() if n} == {"fulfilment_orders": 1}


def test_a_whole_view_is_tried_again_at_once(staff: Staff) -> None:
    with transaction() as session:
        for _ in range(60):
            making.letter(session, "parked")
        making.parked_event(session)
    assert "All 60 of this view" in staff.get("/admin/failures?kind=letters").text
    assert "60 are tried again" in staff.press("/admin/failures/try-again", {"all": "1", "kind": "letters"})
    db.session.remove()
    assert {k: n for k, n in count_parked(db.session()).items() if n} == {"inbound_events": 1}


def test_statements_are_the_same_for_any_number(staff: Staff) -> None:
    counts = []
    for n in (3, 9):
        with transaction() as session:
            for _ in range(n):
                making.letter(session, "parked")
                making.stopped_submission(session)
        db.session.remove()
        with counting() as seen:
            staff.get("/admin/failures")
        counts.append(len(seen))
    assert counts[0] == counts[1]
