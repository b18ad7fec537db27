"""Knobs that make the SMTP sink refuse, stall or hang up, as real relays do."""

from __future__ import annotations

import uuid
from typing import Any

KIND = "mail_fault"
ACTIONS: dict[str, str] = {
    "refuse": "answer RCPT with `code` (550 for good, 451 for now) for `percent` of the matching recipients",
    "refuse_data": "answer DATA with `code` after the message has been sent",
    "refuse_auth": "answer AUTH with 535",
    "drop_after": "keep the message, then hang up without answering",
    "drop_before": "hang up when the message has been sent, keep nothing",
    "slow": "wait `seconds` before answering DATA",
}


def add_smtp_fault(store: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Store one rule; ValueError with a clear sentence when it makes no sense.

    Keys: `action` (see ACTIONS), `code` 400–599, `percent` 0–100, `recipient` (part of the address, case ignored),
    `times` (how often it strikes; None is always), `seconds`.
    """
    action = str(wanted.get("action", ""))
    if action not in ACTIONS:
        raise ValueError(f"action must be one of {', '.join(ACTIONS)}")
    times = wanted.get("times")
    try:
        rule: dict[str, Any] = {
            "id": uuid.uuid4().hex[:8],
            "action": action,
            "code": int(wanted.get("code") or 550),
            "percent": min(100.0, max(0.0, float(wanted.get("percent", 100)))),
            "recipient": str(wanted.get("recipient") or "").lower(),
            "times": None if times in (None, "") else int(times),
            "seconds": min(120.0, max(0.0, float(wanted.get("seconds") or 1))),
            "seen": 0,
            "hits": 0,
        }
    except (TypeError, ValueError):
        raise ValueError("code, percent, times and seconds must be numbers") from None
    if not 400 <= rule["code"] <= 599:
        raise ValueError("code must be an SMTP refusal, 400 to 599")
    store.put(KIND, rule["id"], rule)
    return rule


def list_smtp_faults(store: Any) -> list[dict[str, Any]]:
    """The rules in force, oldest first."""
    return list(store.all(KIND))


def clear_smtp_faults(store: Any) -> None:
    """Forget every rule."""
    store.reset(KIND)


def take_smtp_fault(store: Any, actions: tuple[str, ...], recipients: list[str]) -> dict[str, Any] | None:
    """The first rule with one of these actions that strikes now, counted; or None."""
    if not store.count(KIND):
        return None
    with store.lock:
        for rule in store.all(KIND):
            if rule["action"] not in actions:
                continue
            if rule["recipient"] and not any(rule["recipient"] in one.lower() for one in recipients):
                continue
            if rule["times"] is not None and rule["hits"] >= rule["times"]:
                continue
            # Spread evenly instead of at random: 25 % is every fourth, so that a test can count on it.
            rule["seen"] += 1
            struck = int(rule["seen"] * rule["percent"] / 100) > int((rule["seen"] - 1) * rule["percent"] / 100)
            rule["hits"] += struck
            store.put(KIND, rule["id"], rule)
            if struck:
                return dict(rule)
    return None
