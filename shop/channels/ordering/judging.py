"""May an order of theirs be placed here? By what they say of it, and by what a person allowed. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.channels.records import FulfilmentState, OrderRecord, PaymentState

LARGEST_MINOR = 2_000_000_000  # what an order of ours can hold
MOST_OF_A_LINE = 100_000
GIVEN_UP_AFTER = timedelta(days=60)  # an order that nobody paid in this time
GRACE = timedelta(minutes=2)  # their clock is not ours, and some tell whole seconds
OLD, PAID, SHIPPED = "old", "paid", "shipped"  # what a person may allow


@dataclass(frozen=True)
class Judged:
    """state: place | waiting | held | ignored | cancelled. `why` in the merchant's words; `ask`: what a person may
    allow, so that it is placed nevertheless."""

    state: str
    why: str = ""
    ask: str = ""


def judge(
    record: OrderRecord,
    *,
    name: str,
    now: datetime,
    begins_at: datetime,
    allowed: Collection[str] = (),
    place_authorised: bool = False,
) -> Judged:
    """`name`: the platform's. `begins_at`: orders placed before it are left alone, unless allowed."""
    if record.is_cancelled:
        return Judged("cancelled", f"Cancelled at {name} before it was placed here.")
    if record.placed_at < begins_at - GRACE and OLD not in allowed:
        return Judged("ignored", "Placed there before orders were switched on here.", OLD)
    if record.payment is PaymentState.REFUNDED:
        return Judged("cancelled", f"Given back in full at {name} before it was placed here.")
    if (why := _unfit(record)) != "":
        return Judged("held", why)
    if record.fulfilment is FulfilmentState.FULFILLED and SHIPPED not in allowed:
        return Judged("ignored", f"It was shipped at {name} already.", SHIPPED)
    if record.fulfilment is FulfilmentState.PARTLY and SHIPPED not in allowed:
        return Judged(
            "held", f"A part of it was shipped at {name} already. Would you like all of it to be made?", SHIPPED
        )
    return _by_payment(record, name, now, PAID in allowed, place_authorised)


def _by_payment(record: OrderRecord, name: str, now: datetime, is_allowed: bool, place_authorised: bool) -> Judged:
    if is_allowed or record.payment in (PaymentState.PAID, PaymentState.PARTLY_REFUNDED):
        return Judged("place")
    if record.payment is PaymentState.AUTHORISED and place_authorised:
        return Judged("place")
    if record.payment is PaymentState.UNKNOWN:
        said = f" (“{record.raw_status}”)" if record.raw_status else ""
        return Judged("held", f"Whether it was paid is not clear from what {name} says{said}.", PAID)
    if now - record.placed_at > GIVEN_UP_AFTER:
        return Judged("ignored", f"Nobody paid it at {name} within {GIVEN_UP_AFTER.days} days.", PAID)
    words = {
        PaymentState.AUTHORISED: "The payment is authorised there, but not captured yet.",
        PaymentState.PARTLY_PAID: "Only a part of it was paid there so far.",
        PaymentState.FAILED: "The payment failed there.",
    }
    return Judged("waiting", words.get(record.payment, "It was not paid there yet."), PAID)


def _unfit(record: OrderRecord) -> str:
    if not record.lines:
        return "It came without any lines."
    if record.total_minor < 0:
        return "Its total is negative. Settle it there."
    if max(record.total_minor, *(abs(line.unit_minor * line.quantity) for line in record.lines)) > LARGEST_MINOR:
        return "Its amounts are larger than an order here can hold."
    if any(abs(line.quantity) > MOST_OF_A_LINE for line in record.lines):
        return f"A line has more than {MOST_OF_A_LINE:,} pieces."
    if len(record.currency) != 3:
        return "It came without a currency."
    return ""
