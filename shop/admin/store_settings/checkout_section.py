"""Settings → Checkout: what buyers are asked, what they are shown before they pay, and what they may take back."""

from __future__ import annotations

from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import SECTIONS, Form, Section, every
from shop.tenancy.checkout_rules import BUYERS_CANCEL, LONGEST_MINUTES, rules_of

NAMES = ("asks_phone", "takes_notes", "shows_terms")


def _show(profile: Any) -> dict[str, str]:
    rules = rules_of(profile.checkout)
    switches = {name: "1" for name in NAMES if getattr(rules, name)}
    return {**switches, "buyers_cancel": rules.buyers_cancel, "cancel_minutes": str(rules.cancel_minutes)}


def _read(form: Form, currency: str) -> dict[str, Any]:
    usual = rules_of(None)
    filled = {"buyers_cancel": usual.buyers_cancel, "cancel_minutes": str(usual.cancel_minutes), **form}
    when, minutes = every(
        [
            lambda: read.choice(filled, "buyers_cancel", "Cancelling", BUYERS_CANCEL),
            lambda: read.whole(filled, "cancel_minutes", "The minutes", 1, LONGEST_MINUTES),
        ]
    )
    switches = {name: form.get(name) == "1" for name in NAMES}
    return {"checkout": {**switches, "buyers_cancel": when, "cancel_minutes": minutes}}


SECTIONS["checkout"] = Section(
    "checkout", "Checkout", "What buyers are asked, what they see before they pay, and what they may take back.",
    ("checkout",), _show, _read,
)  # fmt: skip
