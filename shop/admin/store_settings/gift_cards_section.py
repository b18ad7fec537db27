"""Settings → Gift cards: whether the shop sells them, for which amounts, and how long they pay."""

from __future__ import annotations

from typing import Any

from shop.admin import reading_forms as read
from shop.admin.settings_forms import SECTIONS, Form, Section, every
from shop.errors import InvalidInput
from shop.tenancy.gift_card_rules import LARGEST_MINOR, MOST_AMOUNTS, gift_card_rules

MOST_MONTHS = 240


def _show(profile: Any) -> dict[str, str]:
    stored = profile.gift_cards or {}
    rules, currency = gift_card_rules(stored), profile.currency
    return {
        "on": "1" if stored.get("on") is True else "",
        "amounts": "; ".join(read.plain_amount(minor, currency) for minor in rules.amounts),
        "least": read.plain_amount(rules.least_minor, currency) if rules.least_minor else "",
        "most": read.plain_amount(rules.most_minor, currency) if rules.most_minor else "",
        "months": str(rules.months or ""),
    }


def _read(form: Form, currency: str) -> dict[str, Any]:
    amounts, least, most, months = every(
        [
            lambda: _amounts(form, currency),
            lambda: read.amount(form, "least", "The smallest amount", currency, required=False),
            lambda: read.amount(form, "most", "The largest amount", currency, required=False),
            lambda: read.whole(form, "months", "The months", 0, MOST_MONTHS) if form.get("months", "").strip() else 0,
        ]
    )
    if bool(least) != bool(most) or least > most or most > LARGEST_MINOR:
        raise InvalidInput(fields={"most": "Give both amounts, the larger one second, or leave both empty."})
    if form.get("on") == "1" and not amounts and not most:
        raise InvalidInput(fields={"amounts": "Give at least one amount, or let buyers choose their own."})
    return {
        "gift_cards": {
            "on": form.get("on") == "1", "amounts": amounts, "least_minor": least, "most_minor": most, "months": months
        }
    }  # fmt: skip


def _amounts(form: Form, currency: str) -> list[int]:
    parts = [part for part in form.get("amounts", "").replace("\n", ";").split(";") if part.strip()]
    if len(parts) > MOST_AMOUNTS:
        raise InvalidInput(fields={"amounts": f"At most {MOST_AMOUNTS} amounts."})
    found = {read.amount({"amounts": part}, "amounts", "An amount", currency) for part in parts}
    if any(not 0 < minor <= LARGEST_MINOR for minor in found):
        raise InvalidInput(fields={"amounts": "Every amount must be more than zero, and not out of all reason."})
    return sorted(found)


SECTIONS["gift_cards"] = Section(
    "gift_cards", "Gift cards", "Whether buyers can buy gift cards, for which amounts, and how long a card pays.",
    ("gift_cards",), _show, _read,
)  # fmt: skip
