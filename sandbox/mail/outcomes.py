"""What becomes of a mail, told by its address: `bounce@…`, `bounce+7@…` and so on, for every provider here alike."""

from __future__ import annotations

OUTCOMES = ("bounce", "blocked", "deferred", "dropped", "spam", "invalid")


def outcome_for(address: str) -> str:
    """`delivered`, or the word the part before the @ (and before a +) is made of."""
    word = address.partition("@")[0].partition("+")[0].lower()
    return word if word in OUTCOMES else "delivered"


def reaches(address: str) -> bool:
    """Whether a mail to this address ends in the mailbox."""
    return outcome_for(address) in ("delivered", "deferred", "spam")
