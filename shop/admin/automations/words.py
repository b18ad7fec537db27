"""What the panel calls a rule and its runs."""

from __future__ import annotations

from typing import Any

from shop.automations.models import Automation

OUTCOMES = {"done": "Done", "skipped": "Did not fit", "failed": "Failed", "waiting": "Waiting"}
_TONES = {"done": "done", "skipped": "waiting", "failed": "failed"}


def state_of_run(row: Any) -> tuple[str, str]:
    """(word, tone) of a run in the log."""
    if row.work_state == "parked":
        return "Failed", "failed"
    return OUTCOMES.get(row.outcome, "Waiting"), _TONES.get(row.outcome, "working")


def in_short(row: Automation) -> str:
    """What it does, in a few words."""
    done = ["calls an address"] if row.endpoint_id else []
    if letter := row.actions.get("letter"):
        done.append(f"writes to {letter['to']}")
    done += [
        f"tags the {what}"
        for name, what in (("tag_order", "order"), ("tag_customer", "customer"))
        if name in row.actions
    ]
    return ", ".join(done) or "does nothing"
