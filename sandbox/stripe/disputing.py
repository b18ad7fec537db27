"""Disputes: opened by the buyer's bank, answered with evidence, won, lost or conceded. contracts/stripe.md §7."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import book, events
from sandbox.stripe.book import Obj
from sandbox.stripe.charging import balance_entry
from sandbox.stripe.ids import new_id
from sandbox.stripe.refusing import Refusal
from sandbox.stripe.wire import Params, branch, merge_metadata, text, truth
from sandbox.world import World

DUE_EVENT = "stripe.dispute_due"
DUE_SECONDS = 9 * 24 * 3600
FEE = 1500
MOST_EVIDENCE = 150_000
REASONS = (
    "product_not_received", "product_unacceptable", "fraudulent", "unrecognized", "duplicate", "credit_not_processed",
    "subscription_canceled", "general", "noncompliant",
)  # fmt: skip
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
_FILES = frozenset(
    {
        "cancellation_policy", "customer_communication", "customer_signature", "duplicate_charge_documentation",
        "receipt", "refund_policy", "service_documentation", "shipping_documentation", "uncategorized_file",
    }
)  # fmt: skip
_TEXTS = frozenset(
    {
        "access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal",
        "customer_email_address", "customer_name", "customer_purchase_ip", "duplicate_charge_explanation",
        "duplicate_charge_id", "product_description", "refund_policy_disclosure", "refund_refusal_explanation",
        "service_date", "shipping_address", "shipping_carrier", "shipping_date", "shipping_tracking_number",
        "uncategorized_text",
    }
)  # fmt: skip


def open_dispute(world: World, charge_id: str, reason: str = "fraudulent", amount: int | None = None) -> Obj:
    """The bank takes the money back. Raises Refusal for an unknown, unpaid or already disputed charge."""
    with world.store.lock:
        charge = book.get(world, "charge", charge_id, "charge")
        if charge["status"] != "succeeded" or charge["disputed"]:
            raise Refusal(f"Charge {charge_id} cannot be disputed now.", param="charge")
        if reason not in REASONS:
            raise Refusal(f"Invalid reason: must be one of {', '.join(REASONS)}", param="reason")
        dispute = _shape(world, charge, reason, min(amount or charge["amount"], charge["amount"]))
        book.save(world, dispute)
        charge["disputed"] = True
        book.save(world, charge)
        events.record(world, "charge.dispute.created", dispute)
        events.record(world, "charge.dispute.funds_withdrawn", dispute)
        world.clock.after(DUE_SECONDS, DUE_EVENT, {"dispute": dispute["id"]})
        return dispute


def dispute_when_due(world: World, payload: dict[str, Any]) -> None:
    """The clock's handler for the test cards that dispute; a charge disputed by hand meanwhile is left alone."""
    charge = book.find(world, "charge", str(payload["charge"]))
    if charge is not None and charge["status"] == "succeeded" and not charge["disputed"]:
        open_dispute(world, charge["id"], str(payload["reason"]))


def update(world: World, id_: str, params: Params) -> Obj:
    """Stage evidence (``submit=false``) or send it, once (``submit`` is true unless said otherwise)."""
    dispute = book.get(world, "dispute", id_, "dispute")
    given = branch(params, "evidence")
    before = {"evidence": dict(dispute["evidence"]), "status": dispute["status"]}
    if given:
        if dispute["status"] not in ("needs_response", "warning_needs_response"):
            raise Refusal("This dispute is already closed or its evidence was sent.", param="evidence")
        _stage(world, dispute, given)
    dispute["metadata"] = merge_metadata(dispute["metadata"], params)
    if given and truth(params, "submit") is not False:
        details = dispute["evidence_details"]
        details["submission_count"] += 1
        details["submission_method"] = "manual"
        warning = dispute["status"].startswith("warning")
        dispute["status"] = "warning_under_review" if warning else "under_review"
    book.save(world, dispute)
    events.record(world, "charge.dispute.updated", dispute, before)
    # Stripe's own test words decide a test dispute.
    word = dispute["evidence"]["uncategorized_text"]
    if dispute["status"] == "under_review" and word in ("winning_evidence", "losing_evidence"):
        return finish(world, id_, won=word == "winning_evidence") or dispute
    return dispute


def concede(world: World, id_: str) -> Obj:
    """``POST /close``: accept the loss."""
    dispute = book.get(world, "dispute", id_, "dispute")
    if dispute["status"] not in OPEN:
        raise Refusal("This dispute is already closed.", param="dispute")
    return finish(world, id_, won=False) or dispute


def finish(world: World, id_: str, won: bool) -> Obj | None:
    """The bank's verdict; None when the dispute is closed already."""
    with world.store.lock:
        dispute = book.get(world, "dispute", id_, "dispute")
        if dispute["status"] not in OPEN:
            return None
        dispute["status"] = "won" if won else "lost"
        dispute["is_charge_refundable"] = False
        if won:
            charge = book.get(world, "charge", dispute["charge"])
            charge["_dispute_won"] = True
            book.save(world, charge)
            dispute["balance_transactions"].append(_money(world, dispute, dispute["amount"], 0))
        book.save(world, dispute)
        events.record(world, "charge.dispute.closed", dispute)
        if won:
            events.record(world, "charge.dispute.funds_reinstated", dispute)
        return dispute


def due_when_due(world: World, payload: dict[str, Any]) -> None:
    """No answer in time loses."""
    with world.store.lock:
        dispute = book.find(world, "dispute", str(payload["dispute"]))
        if dispute is not None and dispute["status"] == "needs_response":
            dispute["evidence_details"]["past_due"] = True
            book.save(world, dispute)
            finish(world, dispute["id"], won=False)


def _stage(world: World, dispute: Obj, given: Params) -> None:
    evidence = dispute["evidence"]
    for name in given:
        if name in _FILES:
            file_id = text(given, name, "evidence")
            if file_id is not None:
                file = book.named(world, "file", file_id, f"evidence[{name}]")
                if file["purpose"] != "dispute_evidence":
                    raise Refusal("The file's purpose must be `dispute_evidence`.", param=f"evidence[{name}]")
            evidence[name] = file_id
        elif name in _TEXTS:
            evidence[name] = text(given, name, "evidence", longest=MOST_EVIDENCE)
        elif name != "enhanced_evidence":
            raise Refusal(f"Received unknown parameter: evidence[{name}]", code="parameter_unknown")
    if sum(len(evidence[name] or "") for name in _TEXTS) > MOST_EVIDENCE:
        message = f"The combined character count of the evidence must be at most {MOST_EVIDENCE:,}."
        raise Refusal(message, param="evidence")
    dispute["evidence_details"]["has_evidence"] = any(evidence[name] for name in _FILES | _TEXTS)


def _shape(world: World, charge: Obj, reason: str, amount: int) -> Obj:
    card = charge["payment_method_details"].get("card") or {}
    dispute: Obj = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": book.now(world),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(sorted(_FILES | _TEXTS)), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": book.now(world) + DUE_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card.get("brand", "visa"),
                "case_type": "chargeback",
                "network": card.get("brand", "visa"),
                "network_reason_code": "13.1" if reason == "product_not_received" else "10.4",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
    dispute["balance_transactions"].append(_money(world, dispute, -amount, FEE))
    return dispute


def _money(world: World, dispute: Obj, amount: int, fee: int) -> Obj:
    id_ = balance_entry(world, "adjustment", dispute["id"], amount, dispute["currency"], fee=fee)
    return book.get(world, "balance_transaction", id_)
