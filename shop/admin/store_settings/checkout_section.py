"""Settings → Checkout: what buyers are asked, and what they are shown before they pay."""

from __future__ import annotations

from typing import Any

from shop.admin.settings_forms import SECTIONS, Form, Section
from shop.tenancy.checkout_rules import rules_of

NAMES = ("asks_phone", "takes_notes", "shows_terms")


def _show(profile: Any) -> dict[str, str]:
    rules = rules_of(profile.checkout)
    return {name: "1" for name in NAMES if getattr(rules, name)}


def _read(form: Form, currency: str) -> dict[str, Any]:
    return {"checkout": {name: form.get(name) == "1" for name in NAMES}}


SECTIONS["checkout"] = Section(
    "checkout", "Checkout", "What buyers are asked, and what they see before they pay.", ("checkout",), _show, _read
)
