"""How far an order is: what happened, in the order it happened, and what is still to come. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from shop.core.words import N_
from shop.fulfilment.models import Shipment
from shop.orders.models import Order, OrderEntry

#: entry → (title, tone). Parcels are told from their rows, with number and link.
TOLD: dict[str, tuple[str, str]] = {
    "placed": (N_("Order placed"), "done"),
    "paid": (N_("Payment received"), "done"),
    "partly_refunded": (N_("Partly refunded"), "done"),
    "refunded": (N_("Refunded"), "done"),
    "refund_succeeded": (N_("Money sent back"), "done"),
    "disputed": (N_("Payment under review"), "waiting"),
    "submitted": (N_("Sent to the print shop"), "done"),
    "in_production": (N_("Being made"), "done"),
    "address": (N_("Address changed"), "done"),
    "cancelled": (N_("Cancelled"), "failed"),
}
#: what an order goes through, and its place on the lattice (orders/statuses.py)
WAY = (
    ("submitted", 1, N_("Sent to the print shop")),
    ("in_production", 2, N_("Being made")),
    ("shipped", 4, N_("On its way")),
    ("delivered", 5, N_("Delivered")),
)


def steps_of(
    order: Order, entries: Sequence[OrderEntry], parcels: Sequence[Shipment], rank: int
) -> list[dict[str, Any]]:
    """[{title, at, text, url, tone, current, is_ahead}], oldest first, what is to come last.

    `entries`: those for the buyer, oldest first. `rank`: the fulfilment status on the lattice.
    """
    found = [_of_entry(entry) for entry in entries if entry.what in TOLD]
    for n, parcel in enumerate(parcels, 1):
        found += _of_parcel(parcel, n if len(parcels) > 1 else 0)
    found.sort(key=lambda step: step["at"])
    if found:
        found[-1]["current"] = True
    if order.status == "cancelled":
        return found
    has = {entry.what for entry in entries} | ({"shipped"} if parcels else set())
    ahead = [title for what, place, title in WAY if place > rank and what not in has]
    return found + [_step(_(title), None, "waiting", is_ahead=True) for title in ahead]


def _of_entry(entry: OrderEntry) -> dict[str, Any]:
    title, tone = TOLD[entry.what]
    return _step(_(title), entry.at, tone)


def _of_parcel(parcel: Shipment, n: int) -> list[dict[str, Any]]:
    left = _("Parcel %(n)s left", n=n) if n else _("Your parcel left")
    arrived = _("Parcel %(n)s was delivered", n=n) if n else _("Your parcel was delivered")
    number = " ".join(part for part in (parcel.carrier.upper(), parcel.number) if part)
    # its departure may be heard of with its arrival, and so carry the later time
    left_at = min(parcel.shipped_at, parcel.delivered_at or parcel.shipped_at)
    steps = [_step(left, left_at, "working", text=number, url=parcel.url)]
    if parcel.delivered_at is not None:
        steps[0]["tone"] = "done"
        steps.append(_step(arrived, parcel.delivered_at, "done"))
    return steps


def _step(title: str, at: Any, tone: str, *, text: str = "", url: str = "", is_ahead: bool = False) -> dict[str, Any]:
    return {
        "title": title,
        "at": at,
        "text": text,
        "url": url if url.startswith(("https://", "http://")) else "",
        "tone": tone,
        "current": False,
        "is_ahead": is_ahead,
    }
