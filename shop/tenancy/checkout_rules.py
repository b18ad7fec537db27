"""How the checkout asks: what a merchant chose, with what holds where nobody chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CheckoutRules:
    """`asks_phone`: the payment page wants a telephone number; `takes_notes`: the cart has a note to the shop;
    `shows_terms`: the legal texts stand beside the button that pays."""

    asks_phone: bool = True
    takes_notes: bool = True
    shows_terms: bool = False


def rules_of(stored: Mapping[str, Any] | None) -> CheckoutRules:
    """From store_profile.checkout; what is missing or odd is as it comes."""
    stored = stored or {}
    usual = CheckoutRules()
    found = {name: stored.get(name) for name in ("asks_phone", "takes_notes", "shows_terms")}
    return CheckoutRules(**{n: v if isinstance(v, bool) else getattr(usual, n) for n, v in found.items()})
