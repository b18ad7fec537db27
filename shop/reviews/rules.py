"""How reviews are asked for and shown: what a merchant chose, with what holds where nobody chose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LEAST_DAYS, MOST_DAYS = 1, 60
#: something that leads away from the shop, or to somebody: such a text is always read before it is shown
_LINK = re.compile(r"https?:|www\.|@|\b[\w-]+\.(?:com|net|org|shop|store|info|biz|io|co|de|fr|es|eu|uk|ru|cn)\b", re.I)


@dataclass(frozen=True)
class ReviewRules:
    """`is_on`: buyers may review, and reviews are shown; `asks`: they are asked by a letter, `ask_after_days` after the
    parcel arrived; `moderates`: "all" waits for staff, "some" shows at once what has `least_stars` or more, no pictures
    and no links."""

    is_on: bool = True
    asks: bool = True
    ask_after_days: int = 7
    moderates: str = "all"
    least_stars: int = 4


def review_rules(stored: Mapping[str, Any] | None) -> ReviewRules:
    """From store_profile.reviews; what is missing or odd is as it comes."""
    stored, usual = stored or {}, ReviewRules()

    def flag(name: str, otherwise: bool) -> bool:
        value = stored.get(name)
        return value if isinstance(value, bool) else otherwise

    def number(name: str, low: int, high: int, otherwise: int) -> int:
        value = stored.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else otherwise

    return ReviewRules(
        is_on=flag("is_on", usual.is_on),
        asks=flag("asks", usual.asks),
        ask_after_days=number("ask_after_days", LEAST_DAYS, MOST_DAYS, usual.ask_after_days),
        moderates="some" if stored.get("moderates") == "some" else "all",
        least_stars=number("least_stars", 1, 5, usual.least_stars),
    )


def is_shown_at_once(rules: ReviewRules, rating: int, words: str, has_pictures: bool) -> bool:
    """Whether nobody has to read it first."""
    return rules.moderates == "some" and rating >= rules.least_stars and not has_pictures and not _LINK.search(words)
