"""Settings → Returns: where things go back to, who pays for it, how long, and what is personalised."""

from __future__ import annotations

from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import SECTIONS, Form, Section, every
from shop.tenancy.return_rules import LONGEST_WINDOW, SHORTEST_WINDOW, return_rules_of


def _show(profile: Any) -> dict[str, str]:
    rules = return_rules_of(profile.returning)
    return {
        "address": rules.address,
        "window_days": str(rules.window_days),
        "claim_days": str(rules.claim_days),
        "buyer_pays": "1" if rules.buyer_pays else "0",
        **({"all_personalised": "1"} if rules.all_personalised else {}),
    }


def _read(form: Form, currency: str) -> dict[str, Any]:
    address, window, claim, pays = every(
        [
            lambda: read.text(form, "address", "The address", 500, required=False, lines=True),
            lambda: read.whole(form, "window_days", "The days", SHORTEST_WINDOW, LONGEST_WINDOW),
            lambda: read.whole(form, "claim_days", "The days", 1, 365),
            lambda: read.choice(form, "buyer_pays", "Who pays", ("0", "1")),
        ]
    )
    rules = {
        "address": address,
        "window_days": window,
        "claim_days": claim,
        "buyer_pays": pays == "1",
        "all_personalised": form.get("all_personalised") == "1",
    }
    return {"returning": rules}


SECTIONS["returns"] = Section(
    "returns", "Returns", "Where things go back to, who pays for it, and how long.", ("returning",), _show, _read
)
