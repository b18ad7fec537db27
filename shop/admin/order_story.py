"""An order's story for its page: all that happened, or one sort of it, newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.admin.words import say, tone
from shop.orders.models import OrderEntry

PER_PAGE = 100
TITLES = {
    "placed": "Order placed",
    "note": "Note",
    "letter": "Letter",
    "staff": "Staff",
    "refund_requested": "Refund asked for",
    "refund_failed": "Refund failed",
    "refund": "Refund",
    "return": "Return",
    "withdrawal": "Withdrawal",
    "dispute": "Dispute",
    "parcel": "Parcel",
    "part": "A part of it",
    "split": "Split",
    "swap": "Swapped",
    "address": "Address corrected",
    "invoice": "Papers",
    "trouble": "Trouble at the print provider",
}
#: sort → (its name, what it holds)
SORTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "all": ("All", ()),
    "notes": ("Notes", ("note",)),
    "letters": ("Letters", ("letter",)),
    "money": (
        "Money",
        (
            "paid", "unpaid", "refund", "refund_requested", "refund_pending", "refund_succeeded", "refund_failed",
            "refund_cancelled", "refunded", "partly_refunded", "disputed", "dispute", "invoice", "return",
            "withdrawal",
        ),
    ),
    "printing": (
        "Printing",
        (
            "submitted", "in_production", "partly_shipped", "shipped", "delivered", "cancelled", "requested", "parcel",
            "parcel_delivered", "part", "split", "swap", "address", "trouble", "staff",
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """For the timeline. `staff_id`: who wrote a note."""

    id: int
    at: datetime
    title: str
    text: str
    tone: str
    what: str = ""
    staff_id: int | None = None
    edited_at: datetime | None = None


def read_story(session: Session, order_id: int, sort: str, page: int) -> tuple[list[Entry], bool]:
    """(entries, whether there are older ones)."""
    query = select(OrderEntry).where(OrderEntry.order_id == order_id)
    if SORTS[sort][1]:
        query = query.where(OrderEntry.what.in_(SORTS[sort][1]))
    rows = (
        session.execute(
            query.order_by(OrderEntry.at.desc(), OrderEntry.id.desc())
            .offset((page - 1) * PER_PAGE)
            .limit(PER_PAGE + 1)
        )
        .scalars()
        .all()
    )
    return [_entry(row) for row in rows[:PER_PAGE]], len(rows) > PER_PAGE


def _entry(row: OrderEntry) -> Entry:
    title = TITLES.get(row.what) or say(row.to_status or row.what)
    who = "" if row.who in ("system", "") else f" · {row.who}"
    colour = "needs" if row.what in ("dispute", "trouble", "refund_failed") else tone(row.to_status or row.what)
    quiet = row.what in ("note", "letter", "staff", "invoice", "swap", "split", "address", "part")
    return Entry(
        row.id, row.at, title + who, row.why, "waiting" if quiet else colour, row.what, row.staff_id, row.edited_at
    )
