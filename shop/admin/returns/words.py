"""What the panel calls the states, reasons and ends of returns and withdrawals."""

from __future__ import annotations

from shop.returns.models import Return, Withdrawal

REASONS = {
    "damaged": "Arrived damaged",
    "wrong_item": "Wrong item",
    "print_quality": "Bad print",
    "wrong_size": "Wrong size",
    "changed_mind": "Changed their mind",
    "never_arrived": "Never arrived",
    "withdrawal": "Withdrawal",
    "other": "Something else",
}
STATES = {
    "requested": ("Needs your decision", "needs"),
    "approved": ("Approved", "working"),
    "declined": ("Declined", "waiting"),
    "withdrawn": ("Kept by the buyer", "waiting"),
    "refunded": ("Refunded", "done"),
    "replaced": ("Replaced", "done"),
    "credit": ("Settled otherwise", "done"),
}
CLAIMS = {"open": "Open", "accepted": "Accepted", "refused": "Refused", "dropped": "Not claimed"}
ENTRIES = {
    "requested": "Asked for",
    "approved": "Approved",
    "declined": "Declined",
    "settled": "Settled",
    "withdrawn": "Taken back by the buyer",
    "asked": "Question to the buyer",
    "answered": "The buyer answered",
    "goods_back": "The goods are back",
    "settling": "To be settled",
    "reopened": "Settling was taken back",
    "claim": "Claim at the print provider",
}
HOW = {"refund": "give the money back", "replace": "make it anew", "credit": "settled otherwise"}


def state_of_return(status: str, outcome: str, settling: str, asked: str) -> tuple[str, str]:
    if status == "approved" and settling:
        return "Being settled", "working"
    if status in ("requested", "approved") and asked:
        return "Waits for the buyer", "waiting"
    return STATES[outcome if status == "settled" and outcome else status]


def state_of(held: Return) -> tuple[str, str]:
    return state_of_return(held.status, held.outcome, held.settling, held.asked)


def state_of_withdrawal(held: Withdrawal) -> tuple[str, str]:
    if held.outcome == "cancelled":
        return "Order cancelled", "done"
    if held.outcome == "dismissed":
        return "Dismissed", "waiting"
    if held.outcome == "return":
        return ("Settled", "done") if held.status == "closed" else ("A return", "working")
    if held.step == "cancel":
        return "Being cancelled", "working"
    return ("Which order?", "needs") if held.order_id is None else ("Needs you", "needs")
