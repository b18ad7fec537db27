"""Statuses, times and money as the panel says them: one word and one colour per meaning, everywhere."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from config import Config
from shop.core import clock
from shop.core.money import format_minor

#: status → (word, tone); tones: waiting | working | done | needs | failed
STATUSES: dict[str, tuple[str, str]] = {
    # orders
    "placed": ("Open", "working"),
    "completed": ("Completed", "done"),
    "cancelled": ("Cancelled", "waiting"),
    # payment
    "unpaid": ("Unpaid", "needs"),
    "authorised": ("Authorised", "working"),
    "paid": ("Paid", "done"),
    "partly_refunded": ("Partly refunded", "waiting"),
    "refunded": ("Refunded", "waiting"),
    "disputed": ("Disputed", "failed"),
    "failed": ("Failed", "failed"),
    # fulfilment
    "requested": ("To submit", "waiting"),
    "submitted": ("Submitted", "working"),
    "in_production": ("In production", "working"),
    "partly_shipped": ("Partly shipped", "working"),
    "shipped": ("Shipped", "done"),
    "delivered": ("Delivered", "done"),
    "held": ("On hold", "needs"),
    # refunds
    "pending": ("On its way", "working"),
    "succeeded": ("Refunded", "done"),
    # disputes
    "needs_response": ("Needs your answer", "failed"),
    "warning_needs_response": ("Needs your answer", "needs"),
    "under_review": ("Under review", "working"),
    "warning_under_review": ("Under review", "working"),
    "warning_closed": ("Closed", "done"),
    "prevented": ("Prevented", "done"),
    "won": ("Won", "done"),
    "lost": ("Lost", "failed"),
    # work
    "due": ("Waiting", "waiting"),
    "working": ("Working", "working"),
    "done": ("Done", "done"),
    "parked": ("Needs you", "needs"),
    # products
    "active": ("Active", "done"),
    "draft": ("Draft", "waiting"),
    "archived": ("Archived", "waiting"),
    # catalogue runs
    "running": ("Running", "working"),
    "needs_approval": ("Needs your approval", "needs"),
    "approved": ("Approved", "working"),
    "rejected": ("Rejected", "waiting"),
    # where an order came from
    "storefront": ("This shop", "done"),
}


def say(status: str | None) -> str:
    """The word for a status; an unknown one is shown as it is, readable."""
    if not status:
        return ""
    return STATUSES[status][0] if status in STATUSES else status.replace("_", " ").capitalize()


def tone(status: str | None) -> str:
    return STATUSES.get(status or "", ("", "waiting"))[1]


def money(minor: int, currency: str) -> str:
    return format_minor(minor, currency, "en")


def when(moment: datetime | None) -> Markup:
    """<time> with a short text in UTC: "21 Nov, 14:05", with the year when it is not this one."""
    if moment is None:
        return Markup("<span class='muted'>–</span>")
    utc = moment.astimezone(UTC)
    year = "" if utc.year == clock.now().year else f" {utc.year}"
    text = f"{utc.day} {utc:%b}{year}, {utc:%H:%M}"
    whole = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(utc.isoformat(), whole, text)


def day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.day} {moment:%B %Y}"


def ago(moment: datetime | None) -> str:
    """ "just now", "12 minutes ago", "in 3 days"."""
    if moment is None:
        return "never"
    seconds = (clock.now() - moment).total_seconds()
    text = span(abs(seconds))
    if text == "a moment":
        return "just now"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def span(seconds: float) -> str:
    """A length of time in words, rounded down: "12 minutes", "3 hours", "2 days"."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if number != 1 else ''}"
    return "a moment" if seconds < 10 else f"{int(seconds)} seconds"


def is_test_mode(config: Config) -> bool:
    """Payments are play money: a test key, or no key at all."""
    return not config.stripe_secret_key.startswith(("sk_live_", "rk_live_"))
