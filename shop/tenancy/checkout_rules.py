"""How the checkout asks, and what buyers may do afterwards: what a merchant chose, else what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: when buyers may cancel by themselves: never, within some minutes, or until it is made
BUYERS_CANCEL = ("never", "minutes", "production")
LONGEST_MINUTES = 10_080  # a week


@dataclass(frozen=True)
class CheckoutRules:
    """`asks_phone`: the payment page wants a telephone number; `takes_notes`: the cart has a note to the shop;
    `shows_terms`: the legal texts stand beside the button that pays; `buyers_cancel` with `cancel_minutes`: until when
    buyers may cancel (never once it is in production)."""

    asks_phone: bool = True
    takes_notes: bool = True
    shows_terms: bool = False
    buyers_cancel: str = "production"
    cancel_minutes: int = 60


def rules_of(stored: Mapping[str, Any] | None) -> CheckoutRules:
    """From store_profile.checkout; what is missing or odd is as it comes."""
    stored = stored or {}
    usual = CheckoutRules()
    found = {name: stored.get(name) for name in ("asks_phone", "takes_notes", "shows_terms")}
    switches = {n: v if isinstance(v, bool) else getattr(usual, n) for n, v in found.items()}
    when, minutes = stored.get("buyers_cancel"), stored.get("cancel_minutes")
    return CheckoutRules(
        **switches,
        buyers_cancel=str(when) if when in BUYERS_CANCEL else usual.buyers_cancel,
        cancel_minutes=minutes if isinstance(minutes, int) and minutes > 0 else usual.cancel_minutes,
    )
