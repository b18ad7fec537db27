"""What states are called."""

from __future__ import annotations

from shop.channels.ordering.models import ChannelPush

#: state → (word, tone)
STATES = {
    "new": ("On its way", "working"),
    "waiting": ("Not paid yet", "waiting"),
    "unmatched": ("Unknown goods", "needs"),
    "held": ("Needs you", "needs"),
    "placed": ("Placed", "done"),
    "ignored": ("Left out", "waiting"),
    "cancelled": ("Cancelled there", "waiting"),
    "ours": ("Sent from here", "waiting"),
}
#: how → (word, tone)
HOW = {
    "": ("Not looked at", "waiting"),
    "linked": ("Linked", "done"),
    "sku": ("By its SKU", "done"),
    "chosen": ("Chosen by hand", "done"),
    "by_hand": ("Made by hand", "waiting"),
    "gift_card": ("Gift card", "waiting"),
    "amount": ("Taken off", "waiting"),
    "nothing": ("Of none", "waiting"),
    "ignored": ("Not made", "waiting"),
    "open": ("Needs you", "needs"),
}
#: what a person may say yes to → the button's words
ALLOW = {
    "old": "Place it all the same",
    "paid": "It is paid: place it",
    "shipped": "Make all of it",
}
KINDS = {"tracking": "Parcel", "order": "Order", "refund": "Refund", "stock": "Stock"}


def state_of_push(push: ChannelPush) -> tuple[str, str]:
    if push.work_state == "parked":
        return "Needs you", "needs"
    if push.work_state == "done":
        if push.facts.get("waits_for_last"):
            return "Waits for the last parcel", "waiting"
        return ("Told", "done") if push.external_id or push.kind == "stock" else ("Not told", "waiting")
    return ("Tried again", "working") if push.error_text else ("On its way", "working")
