"""Settings → Reviews: whether buyers may review, whether they are asked, and what waits to be read."""

from __future__ import annotations

from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import SECTIONS, Form, Section, every
from shop.reviews.rules import LEAST_DAYS, MOST_DAYS, review_rules


def _show(profile: Any) -> dict[str, str]:
    rules = review_rules(profile.reviews)
    return {
        **{name: "1" for name in ("is_on", "asks") if getattr(rules, name)},
        "ask_after_days": str(rules.ask_after_days),
        "moderates": rules.moderates,
        "least_stars": str(rules.least_stars),
    }


def _read(form: Form, currency: str) -> dict[str, Any]:
    days, moderates, stars = every(
        [
            lambda: read.whole(form, "ask_after_days", "The days", LEAST_DAYS, MOST_DAYS),
            lambda: read.choice(form, "moderates", "What waits", ("all", "some")),
            lambda: read.whole(form, "least_stars", "The stars", 1, 5),
        ]
    )
    return {
        "reviews": {
            "is_on": form.get("is_on") == "1",
            "asks": form.get("asks") == "1",
            "ask_after_days": days,
            "moderates": moderates,
            "least_stars": stars,
        }
    }


SECTIONS["reviews"] = Section(
    "reviews", "Reviews", "What buyers may say, and when they are asked.", ("reviews",), _show, _read
)
