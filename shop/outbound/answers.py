"""An answer from outside, and what each status means for us: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from shop.core import clock
from shop.core.secrets import redact
from shop.errors import Misunderstood, NeedsReconnect, OutsideError, RateLimited, Refused, Unavailable

REASON_CHARS = 500
_WAIT_STATUSES = frozenset({408, 425})


@dataclass(frozen=True)
class Answer:
    """A complete answer; `body` is bounded by the door. `json()` raises Misunderstood when it is none."""

    service: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Misunderstood(
                "Another service gave an answer that could not be read.",
                service=self.service,
                detail=f"not JSON: {redact(self.text[:200])}",
            ) from None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def error_of(answer: Answer, *, repeat_is_safe: bool) -> OutsideError | None:
    """The error that a status stands for, or None for 2xx.

    429 RateLimited · 5xx, 408 Unavailable (`sent`: a write may have been accepted) · 401, 403 NeedsReconnect ·
    3xx Misunderstood (redirects are never followed) · other 4xx Refused with their reason.
    `facts["status"]` holds the status of each.
    """
    status, name = answer.status, answer.service
    if 200 <= status < 300:
        return None
    detail = f"{status} {reason_of(answer)}".strip()
    if status == 429:
        return RateLimited(retry_at=retry_at(answer), service=name, detail=detail, status=status)
    if status >= 500 or status in _WAIT_STATUSES:
        return Unavailable(sent=not repeat_is_safe, service=name, detail=detail, status=status, lost=True)
    if status in (401, 403):
        return NeedsReconnect(f"{name} does not accept our key.", service=name, detail=detail, status=status)
    if status >= 400:
        return Refused(f"{name} refused: {reason_of(answer)}", service=name, detail=detail, status=status)
    return Misunderstood(service=name, detail=f"unexpected status {detail}", status=status)


def reason_of(answer: Answer) -> str:
    """Their reason in one line, whatever its shape: errors.reason (a sentence or a JSON text), message, error, text."""
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return _line(answer.text)
    return reason_in(told) or _line(answer.text)


def reason_in(told: Any) -> str:
    """The reason inside a parsed error body, or ""."""
    if isinstance(told, str):
        return _line(_unfold(told))
    if isinstance(told, list):
        return _line("; ".join(filter(None, (reason_in(part) for part in told[:5]))))
    if not isinstance(told, dict):
        return ""
    for key in ("errors", "error", "reason", "message", "detail", "error_description"):
        if found := reason_in(told.get(key)):
            return found
    fields = [f"{name}: {reason_in(value)}" for name, value in list(told.items())[:8] if isinstance(value, list | str)]
    return _line("; ".join(fields))


def retry_at(answer: Answer) -> datetime | None:
    """When they allow the next try: Retry-After in seconds or as a date; None when they do not say."""
    raw = answer.headers.get("Retry-After", "").strip()
    if raw.isdigit():
        return clock.now() + timedelta(seconds=min(int(raw), 7 * 86400))
    try:
        told = parsedate_to_datetime(raw) if raw else None
    except ValueError:
        return None
    return told.replace(tzinfo=told.tzinfo or UTC) if told else None


def _unfold(text: str) -> str:
    """A reason that is a JSON text becomes a sentence (contracts/printify.md §6)."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return reason_in(orjson.loads(text)) or text
    except orjson.JSONDecodeError:
        return text


def _line(text: str) -> str:
    return redact(" ".join(text.split()))[:REASON_CHARS]
