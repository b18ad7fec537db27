"""Paying a session: success, decline, 3-D Secure, a bank debit that settles later. contracts/stripe.md §5, §7, §12.

Every function here holds the store's lock for its whole length: two clicks on "pay" are two callers in a queue, and
the second finds the session complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.stripe import book, events, goods, pricing, sessions
from sandbox.stripe.book import Obj
from sandbox.stripe.cards import BY_NUMBER, NOT_A_TEST_CARD
from sandbox.stripe.charging import balance_entry, charge_for, failed_payment, intent_for, payment_method_for
from sandbox.world import World

SETTLE_EVENT = "stripe.debit_settles"
DISPUTE_EVENT = "stripe.card_disputes"
SETTLE_SECONDS = 180.0
DISPUTE_SECONDS = 120.0
# A bank account whose debit bounces, as in Stripe's own test data.
FAILING_ACCOUNT = "000111111116"


class Unpayable(Exception):
    """The session is no longer open. ``status`` is ``complete`` or ``expired``."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class Form:
    """What the buyer entered, checked. ``shipping`` is ``{name, address}`` or None; ``bank`` is an account number."""

    email: str
    name: str | None = None
    phone: str | None = None
    card: str | None = None
    bank: str | None = None
    billing: Obj | None = None
    shipping: Obj | None = None
    promotions: bool | None = None
    terms: bool | None = None
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``kind`` is paid, processing, challenge or declined (then with the message for the buyer)."""

    kind: str
    session: Obj
    message: str = ""
    code: str = ""


def pay(world: World, session_id: str, form: Form, shipping_rate: str | None = None) -> Outcome:
    """One attempt. Raises Unpayable when the session is complete or expired: a second click pays nothing."""
    with world.store.lock:
        session = _open_session(world, session_id)
        session["_challenge"] = None
        _write_details(world, session, form, shipping_rate)
        if session["amount_total"] == 0:
            return _complete(world, session, None, "no_payment_required")
        method = payment_method_for(world, form)
        intent = intent_for(world, session, method)
        if form.bank is not None:
            return _start_debit(world, session, intent, method, form.bank)
        return _use_card(world, session, intent, method, form.card or "")


def answer_challenge(world: World, session_id: str, success: bool) -> Outcome:
    """The bank's word on a 3-D Secure challenge."""
    with world.store.lock:
        session = _open_session(world, session_id)
        challenge = session["_challenge"]
        if not challenge:
            return Outcome("declined", session, "There is nothing to confirm.", "no_challenge")
        session["_challenge"] = None
        intent = book.get(world, "payment_intent", session["payment_intent"])
        method = book.get(world, "payment_method", challenge["payment_method"])
        if success:
            return _take(world, session, intent, method, challenge["number"])
        message = (
            "We are unable to authenticate your payment method. Please choose a different payment method and try again."
        )
        failed_payment(world, intent, method, "payment_intent_authentication_failure", None, message)
        book.save(world, session)
        return Outcome("declined", session, message, "payment_intent_authentication_failure")


def settle(world: World, session_id: str, success: bool) -> Obj | None:
    """The end of a bank debit; None (and nothing done) when it is not under way."""
    with world.store.lock:
        session = book.find(world, "checkout.session", session_id)
        if session is None or session["status"] != "complete" or session["payment_status"] != "unpaid":
            return None
        intent = book.get(world, "payment_intent", session["payment_intent"])
        if intent["status"] != "processing":
            return None
        charge = book.get(world, "charge", intent["latest_charge"])
        if success:
            return _settled(world, session, intent, charge)
        message = "The customer's account has insufficient funds to cover this payment."
        charge.update(status="failed", paid=False, failure_code="insufficient_funds", failure_message=message)
        book.save(world, charge)
        events.record(world, "charge.failed", charge)
        method = book.get(world, "payment_method", charge["payment_method"])
        failed_payment(world, intent, method, "insufficient_funds", None, message, charge)
        events.record(world, "checkout.session.async_payment_failed", session)
        return session


def settle_when_due(world: World, payload: dict[str, Any]) -> None:
    """The clock's handler for a bank debit."""
    settle(world, str(payload["session"]), bool(payload["success"]))


def choose(world: World, session: Obj, *, shipping_rate: str | None = None, address: Obj | None = None) -> Obj:
    """The session priced with another shipping option and destination; not stored."""
    options = [option["shipping_rate"] for option in session["shipping_options"]]
    if shipping_rate in options:
        session["_shipping_rate"] = shipping_rate
    if address is not None:
        session["_tax_address"] = address
    return pricing.reprice(world, session)


def _open_session(world: World, session_id: str) -> Obj:
    session = book.get(world, "checkout.session", session_id, "session")
    if session["status"] == "open" and session["expires_at"] <= world.clock.now():
        sessions.expire_when_due(world, session_id)
        raise Unpayable("expired")
    if session["status"] != "open":
        raise Unpayable(session["status"])
    return session


def _write_details(world: World, session: Obj, form: Form, shipping_rate: str | None) -> None:
    address = form.shipping["address"] if form.shipping else form.billing
    choose(world, session, shipping_rate=shipping_rate, address=address)
    sessions.check_total(session)
    session["customer_details"] = sessions.details(form.email, form.name, form.phone, form.billing or address)
    session["collected_information"] = {
        "business_name": None,
        "individual_name": None,
        "shipping_details": form.shipping,
    }
    wanted = session["consent_collection"]
    if wanted:
        asked = wanted["promotions"] == "auto" and form.promotions is not None
        session["consent"] = {
            "promotions": ("opt_in" if form.promotions else "opt_out") if asked else None,
            "terms_of_service": "accepted" if form.terms else None,
        }
    for custom in session["custom_fields"]:
        if custom["key"] in form.fields:
            custom[custom["type"]]["value"] = form.fields[custom["key"]]


def _use_card(world: World, session: Obj, intent: Obj, method: Obj, number: str) -> Outcome:
    card = BY_NUMBER.get(number)
    decline = card.decline if card else NOT_A_TEST_CARD
    if decline is not None:
        code, decline_code, message = decline
        charge = charge_for(world, session, intent, method, status="failed")
        charge.update(failure_code=code, failure_message=message)
        charge["outcome"].update(
            network_status="declined_by_network", reason=decline_code, type="issuer_declined",
            seller_message="The bank did not return any further details with this decline.",
        )  # fmt: skip
        book.save(world, charge)
        book.save(world, session)
        events.record(world, "charge.failed", charge)
        failed_payment(world, intent, method, code, decline_code, message, charge)
        return Outcome("declined", session, message, decline_code)
    if card is not None and card.challenge:
        intent["status"] = "requires_action"
        intent["next_action"] = {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": session["url"], "url": f"{session['url']}/authenticate"},
        }
        book.save(world, intent)
        # Only a test card's number ever gets here; a real one was refused above and is kept nowhere.
        session["_challenge"] = {"payment_method": method["id"], "number": number}
        book.save(world, session)
        events.record(world, "payment_intent.requires_action", intent)
        return Outcome("challenge", session)
    return _take(world, session, intent, method, number)


def _take(world: World, session: Obj, intent: Obj, method: Obj, number: str) -> Outcome:
    charge = charge_for(world, session, intent, method, status="succeeded")
    _settle_intent(world, intent, charge)
    card = BY_NUMBER.get(number)
    if card is not None and card.refund:
        charge["_refund"] = card.refund
        book.save(world, charge)
    outcome = _complete(world, session, intent, "paid")
    if card is not None and card.dispute:
        payload = {"charge": charge["id"], "reason": card.dispute}
        world.clock.after(DISPUTE_SECONDS, DISPUTE_EVENT, payload)
    return outcome


def _start_debit(world: World, session: Obj, intent: Obj, method: Obj, account: str) -> Outcome:
    charge = charge_for(world, session, intent, method, status="pending")
    intent.update(status="processing", latest_charge=charge["id"], processing=None, next_action=None)
    book.save(world, intent)
    events.record(world, "charge.pending", charge)
    events.record(world, "payment_intent.processing", intent)
    outcome = _complete(world, session, intent, "unpaid")
    payload = {"session": session["id"], "success": account != FAILING_ACCOUNT}
    world.clock.after(SETTLE_SECONDS, SETTLE_EVENT, payload)
    return Outcome("processing", outcome.session)


def _settled(world: World, session: Obj, intent: Obj, charge: Obj) -> Obj:
    charge.update(status="succeeded", paid=True, captured=True, amount_captured=charge["amount"])
    charge["balance_transaction"] = balance_entry(world, "charge", charge["id"], charge["amount"], charge["currency"])
    _settle_intent(world, intent, charge)
    session["payment_status"] = "paid"
    book.save(world, session)
    events.record(world, "checkout.session.async_payment_succeeded", session)
    return session


def _settle_intent(world: World, intent: Obj, charge: Obj) -> None:
    book.save(world, charge)
    intent.update(
        status="succeeded",
        amount_received=charge["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
    )
    book.save(world, intent)
    events.record(world, "charge.succeeded", charge)
    events.record(world, "payment_intent.succeeded", intent)


def _complete(world: World, session: Obj, intent: Obj | None, payment_status: str) -> Outcome:
    session.update(status="complete", payment_status=payment_status, url=None)
    if session["customer"] is None and session["customer_creation"] == "always":
        shown = session["customer_details"]
        given = {name: shown[name] for name in ("email", "name", "phone") if shown[name]}
        session["customer"] = goods.create_customer(world, given)["id"]
        if intent is not None:
            intent["customer"] = session["customer"]
            book.save(world, intent)
    _count_redemption(world, session)
    book.save(world, session)
    events.record(world, "checkout.session.completed", session)
    return Outcome("paid", session)


def _count_redemption(world: World, session: Obj) -> None:
    chosen = session["_discount"]
    if not chosen:
        return
    for resource, id_ in (("coupon", chosen["coupon"]), ("promotion_code", chosen["promotion_code"])):
        found = book.find(world, resource, id_)
        if found is not None:
            found["times_redeemed"] += 1
            book.save(world, found)
