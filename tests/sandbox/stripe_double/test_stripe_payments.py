"""Paying, refunding, disputing: by the test cards and the clock."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe
from stripe_desk import SECRET, Desk, page_form, paid_intent, rate


def test_paid_session_tells_everything_the_shop_needs(desk: Desk) -> None:
    session = desk.session(
        shipping_address_collection={"allowed_countries": ["US"]},
        shipping_options=[rate("Standard", 499), rate("Express", 1299)],
        payment_intent_data={"metadata": {"cart": "9"}},
    )
    result = desk.pay(session, email="ada@example.com", name="Ada L", shipping_option="Express")
    assert result["outcome"] == "paid"
    assert result["redirect"] == f"http://shop.test/done?session={session.id}"
    paid = desk.read(session, expand=["payment_intent.latest_charge", "shipping_cost.shipping_rate"])
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.amount_total == 6299 and paid.shipping_cost.shipping_rate.display_name == "Express"
    assert paid.customer_details.email == "ada@example.com" and paid.customer is None
    assert paid.collected_information.shipping_details.address.city == "Portland"
    intent = paid.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata["cart"]) == ("succeeded", 6299, "9")
    assert intent.latest_charge.paid and intent.latest_charge.payment_method_details.card.last4 == "4242"
    kinds = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]
    assert desk.event_types() == kinds
    assert desk.client.v1.balance.retrieve().pending[0].amount == 6299 - 183 - 30


def test_webhooks_are_signed_so_that_the_sdk_accepts_them(desk: Desk) -> None:
    desk.pay(desk.session())
    assert desk.world.hooks.wait_idle(5)
    headers, body = next(call for call in desk.shop.calls if b"checkout.session.completed" in call[1])
    event = desk.client.construct_event(body, headers["Stripe-Signature"], SECRET)
    assert event.api_version == "2026-10-28.endive" and event.data.object.payment_status == "paid"
    assert headers["User-Agent"].startswith("Stripe/1.0")
    with pytest.raises(stripe.SignatureVerificationError):
        desk.client.construct_event(body + b" ", headers["Stripe-Signature"], SECRET)


def test_refused_delivery_is_tried_again_and_lost_one_is_still_listed(desk: Desk) -> None:
    desk.shop.answers[:] = [500]
    desk.control(f"sessions/{desk.session().id}/expire")
    desk.world.hooks.wait_idle(5)
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 10}, timeout=10).raise_for_status()
    desk.world.hooks.wait_idle(5)
    assert desk.shop.types() == ["checkout.session.expired"] * 2
    desk.world.hooks.set_mode("stripe", "lose")
    desk.pay(desk.session())
    desk.world.hooks.wait_idle(5)
    assert "checkout.session.completed" not in desk.shop.types()
    found = desk.client.v1.events.list({"type": "checkout.session.completed", "created": {"gte": 1}})
    assert len(found.data) == 1 and found.data[0].pending_webhooks == 1


def test_declined_card_leaves_the_session_open_for_another(desk: Desk) -> None:
    session = desk.session()
    declined = desk.pay(session, card="4000000000000002")
    assert (declined["outcome"], declined["code"]) == ("declined", "generic_decline")
    poor = desk.pay(session, card="4000000000009995")
    assert poor["code"] == "insufficient_funds" and "insufficient" in poor["message"]
    between = desk.read(session, expand=["payment_intent"])
    assert between.status == "open"
    assert between.payment_intent.last_payment_error.decline_code == "insufficient_funds"
    assert desk.pay(session)["outcome"] == "paid"
    assert desk.read(session).payment_intent == between.payment_intent.id
    assert desk.event_types().count("payment_intent.payment_failed") == 2


def test_unknown_card_is_declined_as_no_test_card(desk: Desk) -> None:
    assert desk.pay(desk.session(), card="4539578763621486")["code"] == "test_mode_live_card"


def test_3d_secure_can_be_passed_and_failed(desk: Desk) -> None:
    session = desk.session()
    assert desk.pay(session, card="4000002760003184")["outcome"] == "challenge"
    assert desk.read(session, expand=["payment_intent"]).payment_intent.status == "requires_action"
    assert desk.pay(session, card="4000002760003184", three_d_secure="fail")["outcome"] == "declined"
    assert desk.pay(session, card="4000002760003184", three_d_secure="complete")["outcome"] == "paid"


def test_bank_debit_settles_by_the_clock(desk: Desk) -> None:
    good, bad = desk.session(), desk.session()
    assert desk.pay(good, bank="000123456789")["outcome"] == "processing"
    desk.pay(bad, bank="000111111116")
    waiting = desk.read(good)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 200}, timeout=10).raise_for_status()
    assert desk.read(good).payment_status == "paid" and desk.read(bad).payment_status == "unpaid"
    kinds = desk.event_types()
    assert "checkout.session.async_payment_succeeded" in kinds and "checkout.session.async_payment_failed" in kinds
    desk.control(f"sessions/{good.id}/settle", status=409)


def test_free_order_needs_no_payment(desk: Desk) -> None:
    coupon = desk.client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    session = desk.session(discounts=[{"coupon": coupon.id}])
    assert desk.pay(session)["session"]["payment_status"] == "no_payment_required"
    assert desk.client.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_many_clicks_on_pay_pay_once(desk: Desk) -> None:
    session = desk.session()
    form = page_form()

    def click(_: int) -> requests.Response:
        return requests.post(f"{desk.url}/pay/{session.id}", data=form, timeout=10, allow_redirects=False)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(click, range(8)))
    assert {answer.status_code for answer in answers} == {303}
    assert {answer.headers["Location"] for answer in answers} == {f"http://shop.test/done?session={session.id}"}
    assert len(desk.client.v1.charges.list().data) == 1
    assert desk.event_types().count("checkout.session.completed") == 1


def test_partial_refunds_add_up_and_no_more_can_be_given_back(desk: Desk) -> None:
    intent = paid_intent(desk)
    refunds = desk.client.v1.refunds
    first = refunds.create({"payment_intent": intent, "amount": 1500, "reason": "requested_by_customer"})
    assert first.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        refunds.create({"payment_intent": intent, "amount": 3501})
    assert refunds.create({"payment_intent": intent}).amount == 3500
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"
    charge = desk.client.v1.charges.retrieve(first.charge, {"expand": ["refunds"]})
    assert charge.refunded and charge.amount_refunded == 5000 and len(charge.refunds.data) == 2
    assert len(refunds.list({"payment_intent": intent}).data) == 2
    assert desk.event_types().count("charge.refunded") == 2


def test_slow_refund_arrives_and_failing_refund_gives_back(desk: Desk) -> None:
    slow = desk.client.v1.refunds.create({"payment_intent": paid_intent(desk, card="4000000000007726")})
    lost = desk.client.v1.refunds.create({"payment_intent": paid_intent(desk, card="4000000000005126")})
    assert (slow.status, lost.status) == ("pending", "succeeded")
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 150}, timeout=10).raise_for_status()
    assert desk.client.v1.refunds.retrieve(slow.id).status == "succeeded"
    failed = desk.client.v1.refunds.retrieve(lost.id)
    assert (failed.status, failed.failure_reason) == ("failed", "lost_or_stolen_card")
    assert desk.client.v1.charges.retrieve(lost.charge).amount_refunded == 0
    assert "refund.failed" in desk.event_types()
    with pytest.raises(stripe.InvalidRequestError):
        desk.client.v1.refunds.cancel(slow.id)


def test_refund_that_waits_for_the_buyer_can_be_cancelled(desk: Desk) -> None:
    session = desk.session()
    desk.pay(session, bank=True)
    desk.control(f"sessions/{session.id}/settle")
    intent = desk.read(session).payment_intent
    refund = desk.client.v1.refunds.create({"payment_intent": intent, "instructions_email": "ada@example.com"})
    assert refund.status == "requires_action"
    assert desk.client.v1.refunds.cancel(refund.id).status == "canceled"


def test_dispute_takes_evidence_once_and_is_decided(desk: Desk) -> None:
    session = desk.session()
    desk.pay(session, card="4000000000000259")
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 130}, timeout=10).raise_for_status()
    dispute = desk.client.v1.disputes.list({"payment_intent": desk.read(session).payment_intent}).data[0]
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 5000)
    paper = io.BytesIO(b"%PDF-1.4 receipt")
    paper.name = "receipt.pdf"
    receipt = desk.client.v1.files.create({"purpose": "dispute_evidence", "file": paper})
    assert (receipt.filename, receipt.size, receipt.type) == ("receipt.pdf", 16, "pdf")
    staged = desk.client.v1.disputes.update(
        dispute.id, {"evidence": {"receipt": receipt.id, "shipping_tracking_number": "1Z"}, "submit": False}
    )
    assert staged.status == "needs_response" and staged.evidence_details.has_evidence
    sent = desk.client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": True})
    assert sent.status == "under_review" and sent.evidence_details.submission_count == 1
    with pytest.raises(stripe.InvalidRequestError):
        desk.client.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Bob"}})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        desk.client.v1.refunds.create({"charge": dispute.charge})
    assert caught.value.code == "charge_disputed"
    desk.control(f"disputes/{dispute.id}/close", result="won")
    assert desk.client.v1.disputes.retrieve(dispute.id).status == "won"
    kinds = desk.event_types()
    for kind in ("created", "funds_withdrawn", "updated", "closed", "funds_reinstated"):
        assert f"charge.dispute.{kind}" in kinds


def test_unanswered_or_conceded_dispute_is_lost(desk: Desk) -> None:
    first = desk.control(f"charges/{paid_intent(desk)}/dispute", reason="product_not_received")
    second = desk.control(f"charges/{paid_intent(desk)}/dispute")
    assert desk.client.v1.disputes.close(second["id"]).status == "lost"
    requests.post(f"{desk.url}/control/api/clock", json={"advance": 10 * 86400}, timeout=10).raise_for_status()
    assert desk.client.v1.disputes.retrieve(first["id"]).status == "lost"
