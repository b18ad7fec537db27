"""What may follow what, and when time is over. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

#: reason → whether it is the shop's or the printer's fault
REASONS: dict[str, bool] = {
    "damaged": True,
    "wrong_item": True,
    "print_quality": True,
    "wrong_size": False,
    "changed_mind": False,
    "never_arrived": True,
    "withdrawal": False,
    "other": False,
}
#: what a buyer may choose; "withdrawal" is made by the withdrawal function alone
CHOOSABLE = tuple(reason for reason in REASONS if reason != "withdrawal")
WISHES = ("refund", "replacement")
MOVES: dict[str, frozenset[str]] = {
    "requested": frozenset({"approved", "declined", "withdrawn"}),
    "approved": frozenset({"settled", "declined", "withdrawn"}),
    "declined": frozenset(),
    "settled": frozenset(),
    "withdrawn": frozenset(),
}
OPEN = ("requested", "approved")
#: how staff settle → how it ends
OUTCOMES = {"refund": "refunded", "replace": "replaced", "credit": "credit"}
MOST_PICTURES = 6
LONGEST_WORDS = 2000
#: the law's: to send the goods back, and to give the money back (Directive 2011/83/EU, articles 13 and 14)
DAYS_TO_SEND_BACK = DAYS_TO_REFUND = 14
SHORTEST_WINDOW = 14


def window_end(delivered_at: datetime | None, days: int) -> datetime | None:
    """The last moment to withdraw; None while not everything was delivered: the days have not begun.

    The day of delivery does not count, a last day at a weekend becomes the Monday (Regulation 1182/71, article 3), and
    a day is over when it is over everywhere: twelve hours after midnight UTC.
    """
    if delivered_at is None:
        return None
    last = delivered_at.astimezone(UTC).date() + timedelta(days=max(days, SHORTEST_WINDOW))
    while last.weekday() >= 5:
        last += timedelta(days=1)
    return datetime.combine(last, time(), UTC) + timedelta(days=1, hours=12)


def is_late(now: datetime, ends_at: datetime | None) -> bool:
    return ends_at is not None and now > ends_at
