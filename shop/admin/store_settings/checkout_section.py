"""Settings → Checkout: what buyers are asked, what they are shown before they pay, and what they may take back."""

from __future__ import annotations

from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import SECTIONS, Form, Section, every
from shop.payments.wallets import NAMES as WAYS
from shop.tenancy.checkout_rules import BUYERS_CANCEL, LONGEST_MINUTES, rules_of
from shop.tenancy.profile import current_profile

NAMES = ("asks_phone", "takes_notes", "shows_terms")


def _show(profile: Any) -> dict[str, str]:
    rules = rules_of(profile.checkout)
    switches = {name: "1" for name in NAMES if getattr(rules, name)}
    marks = profile.payment_marks or {}
    own, found = marks.get("own"), marks.get("found") or []
    switches["marks"] = "own" if isinstance(own, list) else "stripe"
    switches |= {f"mark-{name}": "1" for name in (own if isinstance(own, list) else found)}
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
    chosen = [name for name in WAYS if form.get(f"mark-{name}") == "1"]
    known = {k: v for k, v in (current_profile().payment_marks or {}).items() if k != "own"}
    return {
        "checkout": {**switches, "buyers_cancel": when, "cancel_minutes": minutes},
        "payment_marks": {**known, "own": chosen} if form.get("marks") == "own" else known,
    }


SECTIONS["checkout"] = Section(
    "checkout", "Checkout", "What buyers are asked, what they see before they pay, and what they may take back.",
    ("checkout", "payment_marks"), _show, _read,
)  # fmt: skip
