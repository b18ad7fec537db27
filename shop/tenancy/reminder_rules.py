"""When who left the payment page is reminded: what a merchant chose, with what holds where nobody chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STEPS = 3
LONGEST_HOURS = 24 * 30


@dataclass(frozen=True)
class ReminderStep:
    """`hours` after the cart was left. `code`: a discount's code that goes with the letter, or ""."""

    hours: int
    on: bool
    code: str = ""


@dataclass(frozen=True)
class ReminderRules:
    """`soft_opt_in`: also write to buyers of earlier orders who typed their address on the payment page and did not ask
    for a reminder (docs/decisions/a-cart-reminder-needs-a-yes.md)."""

    steps: tuple[ReminderStep, ...] = (ReminderStep(1, True), ReminderStep(24, True), ReminderStep(72, False))
    soft_opt_in: bool = False

    def next_step(self, after: int) -> int | None:
        """The first step from `after` on that is switched on; None when there is none."""
        return next((i for i in range(after, len(self.steps)) if self.steps[i].on), None)


def reminder_rules(stored: Mapping[str, Any] | None) -> ReminderRules:
    """From store_profile.reminders; what is missing or odd is as it comes."""
    usual, stored = ReminderRules(), stored or {}
    rows = stored.get("steps")
    steps = tuple(
        _step(rows[i] if isinstance(rows, list) and len(rows) > i else None, usual.steps[i]) for i in range(STEPS)
    )
    return ReminderRules(steps, stored.get("soft_opt_in") is True)


def _step(raw: object, usual: ReminderStep) -> ReminderStep:
    if not isinstance(raw, Mapping):
        return usual
    hours, code = raw.get("hours"), raw.get("code")
    return ReminderStep(
        hours if isinstance(hours, int) and 1 <= hours <= LONGEST_HOURS else usual.hours,
        raw.get("on") is True,
        code if isinstance(code, str) else "",
    )
