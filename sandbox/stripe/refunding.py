"""Refunds: partial, full, slow, failing, waiting for the customer. Source: contracts/stripe.md §7."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import book, events
from sandbox.stripe.book import Obj
from sandbox.stripe.charging import balance_entry
from sandbox.stripe.expanding import hidden
from sandbox.stripe.ids import new_id
from sandbox.stripe.money import written
from sandbox.stripe.refusing import Refusal
from sandbox.stripe.wire import Params, merge_metadata, text, whole
from sandbox.world import World

REFUND_EVENT = "stripe.refund_settles"
REFUND_SECONDS = 120.0
REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create(world: World, params: Params) -> Obj:
    """Refund a charge, or what is left of it. Raises Refusal when nothing, or less than asked, is left."""
    charge = _charge_of(world, params)
    reason = text(params, "reason")
    if reason is not None and reason not in REASONS:
        raise Refusal(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"] and not charge.get("_dispute_won"):
        raise Refusal(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left <= 0:
        raise Refusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = whole(params, "amount", least=1) or left
    if amount > left:
        currency = charge["currency"]
        message = (
            f"Refund amount ({written(amount, currency)}) is greater than unrefunded amount on charge "
            f"({written(left, currency)})"
        )
        raise Refusal(message, param="amount")
    refund = _shape(world, params, charge, amount, reason)
    book.save(world, refund)
    _add_to_charge(world, charge, amount)
    events.record(world, "refund.created", refund)
    _plan_the_rest(world, refund, charge)
    return refund


def update(world: World, id_: str, params: Params) -> Obj:
    refund = book.get(world, "refund", id_, "refund")
    refund["metadata"] = merge_metadata(refund["metadata"], params)
    book.save(world, refund)
    _tell_updated(world, refund)
    return refund


def cancel(world: World, id_: str) -> Obj:
    """Only a refund that waits for the customer can be cancelled."""
    refund = book.get(world, "refund", id_, "refund")
    if refund["status"] != "requires_action":
        raise Refusal(f"Refund {id_} cannot be canceled: its status is {refund['status']}.", param="refund")
    refund["status"] = "canceled"
    refund["next_action"] = None
    return _give_back(world, refund)


def fail(world: World, id_: str, reason: str = "lost_or_stolen_card") -> Obj | None:
    """The bank sent the money back; None when the refund is over already."""
    with world.store.lock:
        refund = book.find(world, "refund", id_)
        if refund is None or refund["status"] in ("failed", "canceled"):
            return None
        refund["status"] = "failed"
        refund["failure_reason"] = reason
        charge = book.get(world, "charge", refund["charge"])
        refund["failure_balance_transaction"] = balance_entry(
            world, "refund_failure", refund["id"], refund["amount"], charge["currency"], fee=0
        )
        _give_back(world, refund, failed=True)
        return refund


def succeed(world: World, id_: str) -> Obj | None:
    """A slow refund arrives; None when it is not under way."""
    with world.store.lock:
        refund = book.find(world, "refund", id_)
        if refund is None or refund["status"] not in ("pending", "requires_action"):
            return None
        refund.update(status="succeeded", pending_reason=None, next_action=None)
        book.save(world, refund)
        _tell_updated(world, refund)
        return refund


def settle_when_due(world: World, payload: dict[str, Any]) -> None:
    """The clock's handler for slow and failing refunds."""
    if payload["success"]:
        succeed(world, str(payload["refund"]))
    else:
        fail(world, str(payload["refund"]))


@hidden("charge", "refunds")
def show_refunds(world: World, charge: Obj) -> Obj:
    """The ten newest refunds of a charge."""
    found = [refund for refund in reversed(world.store.all(book.KINDS["refund"])) if refund["charge"] == charge["id"]]
    return book.listing(f"/v1/charges/{charge['id']}/refunds", found[:10], len(found) > 10)


def _charge_of(world: World, params: Params) -> Obj:
    charge_id, intent_id = text(params, "charge"), text(params, "payment_intent")
    if not charge_id and not intent_id:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise Refusal(message, code="parameter_missing")
    if intent_id:
        intent = book.named(world, "payment_intent", intent_id, "payment_intent")
        if charge_id and intent["latest_charge"] != charge_id:
            raise Refusal("The charge does not belong to the payment intent.", param="charge")
        if intent["status"] != "succeeded":
            message = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
            raise Refusal(message, param="payment_intent")
        charge_id = intent["latest_charge"]
    charge = book.named(world, "charge", charge_id or "", "charge")
    if charge["status"] != "succeeded":
        raise Refusal(f"Charge {charge_id} cannot be refunded: its status is {charge['status']}.", param="charge")
    return charge


def _shape(world: World, params: Params, charge: Obj, amount: int, reason: str | None) -> Obj:
    kind = charge["payment_method_details"]["type"]
    email = text(params, "instructions_email")
    slow = charge.get("_refund") == "pending" or kind != "card"
    waits = bool(email) and kind != "card"
    status = "requires_action" if waits else "pending" if slow else "succeeded"
    id_ = new_id("re")
    if kind == "card":
        details: Obj = {"type": "card", "card": {"type": "refund", "reference": None, "reference_status": "pending"}}
    else:
        details = {"type": "us_bank_transfer", "us_bank_transfer": {"reference": None, "reference_status": "pending"}}
    return {
        "id": id_,
        "object": "refund",
        "amount": amount,
        "balance_transaction": balance_entry(world, "refund", id_, -amount, charge["currency"], fee=0),
        "charge": charge["id"],
        "created": book.now(world),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "description": None,
        "destination_details": details,
        "failure_balance_transaction": None,
        "failure_reason": None,
        "instructions_email": email,
        "metadata": merge_metadata({}, params),
        "next_action": {"type": "display_details", "display_details": {"expires_at": book.now(world) + 45 * 86400}}
        if waits
        else None,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "pending_reason": "processing" if status == "pending" else None,
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def _plan_the_rest(world: World, refund: Obj, charge: Obj) -> None:
    fails = charge.get("_refund") == "fails"
    if fails or refund["status"] == "pending":
        payload = {"refund": refund["id"], "success": not fails}
        world.clock.after(REFUND_SECONDS, REFUND_EVENT, payload)


def _add_to_charge(world: World, charge: Obj, amount: int) -> None:
    previous = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount"]
    book.save(world, charge)
    events.record(world, "charge.refunded", charge, previous)


def _give_back(world: World, refund: Obj, failed: bool = False) -> Obj:
    """A refund that came to nothing no longer counts on its charge."""
    charge = book.get(world, "charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    book.save(world, charge)
    book.save(world, refund)
    _tell_updated(world, refund)
    if failed:
        events.record(world, "refund.failed", refund)
    return refund


def _tell_updated(world: World, refund: Obj) -> None:
    events.record(world, "refund.updated", refund)
    events.record(world, "charge.refund.updated", refund)
