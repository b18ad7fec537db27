"""Knobs that make the sandbox fail the way real providers fail."""

from __future__ import annotations

import random
import re
import threading
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS: dict[str, str] = {
    "drop_after": "do the work, then close the connection without answering",
    "refuse": "close the connection before any work is done",
    "error_500": "answer 500, do nothing",
    "error_500_after": "do the work, then answer 500",
    "rate_429": "answer 429 with Retry-After, do nothing",
    "slow": "wait before answering",
    "malformed": "do the work, answer something that is not JSON",
    "truncated": "cut a list short (or half the body when it holds none)",
    "half_body": "send only the first half of the body",
    "empty_list": "answer a list with nothing in it",
}


@dataclass(slots=True)
class Fault:
    """One rule. ``times`` None means always; ``delay`` is seconds (slow) or the Retry-After value (rate_429); the first
    ``skip`` requests that match pass."""

    service: str
    kind: str
    match: str = ".*"
    times: int | None = 1
    probability: float = 1.0
    delay: float = 1.0
    skip: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    hits: int = 0


class Faults:
    """The rules in force. ``take`` is asked by the server for every provider request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []

    def add(self, rule: dict[str, Any]) -> Fault:
        """Add a rule; raise ValueError with one clear sentence when it makes no sense."""
        fault = _checked(rule)
        with self._lock:
            self._rules.append(fault)
        return fault

    def remove(self, fault_id: str) -> bool:
        """Drop one rule; False when there is none with this id."""
        with self._lock:
            before = len(self._rules)
            self._rules = [rule for rule in self._rules if rule.id != fault_id]
            return len(self._rules) < before

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def take(self, service: str, method: str, path: str) -> list[Fault]:
        """The rules that strike this request (every matching ``slow`` and at most one other); counts them."""
        line = f"{method} {path}"
        struck: list[Fault] = []
        with self._lock:
            for rule in self._rules:
                if rule.service not in ("*", service) or not re.search(rule.match, line):
                    continue
                if rule.times is not None and rule.hits >= rule.times:
                    continue
                if rule.kind != "slow" and any(other.kind != "slow" for other in struck):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                if rule.probability < 1 and random.random() >= rule.probability:
                    continue
                rule.hits += 1
                struck.append(rule)
        return struck


def _checked(rule: dict[str, Any]) -> Fault:
    kind = str(rule.get("kind", ""))
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    match = str(rule.get("match") or ".*")
    try:
        re.compile(match)
    except re.error as error:
        raise ValueError(f"match is not a regular expression: {error}") from None
    times = rule.get("times", 1)
    try:
        return Fault(
            service=str(rule.get("service") or "*"),
            kind=kind,
            match=match,
            times=None if times in (None, "", 0, "0", "always") else int(times),
            probability=min(1.0, max(0.0, float(rule.get("probability", 1) or 0))),
            delay=min(86400.0 if kind == "rate_429" else 120.0, max(0.0, float(rule.get("delay", 1) or 0))),
            skip=int(rule.get("skip") or 0),
        )
    except (TypeError, ValueError):
        raise ValueError("times, skip, probability and delay must be numbers") from None
