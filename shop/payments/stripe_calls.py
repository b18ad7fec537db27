"""Stripe's SDK brings its own HTTP; this client of it writes calls into the same log and figures as `outbound/` does.

What is kept is little: of an error its code and words, of a success the id and state. Never what was sent, nor keys.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import stripe

from shop.core.secrets import redact
from shop.outbound import ledger, metrics

SERVICE = "stripe"
_SAFE = frozenset({"GET", "HEAD"})
_OF_ERRORS = ("type", "code", "decline_code", "param", "message")
_OF_OBJECTS = ("id", "object", "status", "amount", "currency", "payment_status")
_about: ContextVar[str] = ContextVar("stripe_about", default="")


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Calls made inside belong to this row or outside id: "refund:12", "stripe:cs_…" (at most 80 characters)."""
    before = _about.set(subject[:80])
    try:
        yield
    finally:
        _about.reset(before)


class WrittenDown(stripe.RequestsClient):
    """Each try is one line: the SDK repeats some of them by itself, under the same idempotency key."""

    def request(  # type: ignore[override]  # as theirs is, in the class this one extends
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        began = time.monotonic()
        try:
            body, status, answered = super().request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            _write(method, url, None, redact(str(error.user_message or error))[:300], began)
            raise
        _write(method, url, status, summary_of(body), began)
        return body, status, answered


def _write(method: str, url: str, status: int | None, answer: str, began: float) -> None:
    verb, seconds = method.upper(), time.monotonic() - began
    path = "/v1/" + urlsplit(url).path.partition("/v1/")[2]  # their base address is a setting
    is_well = status is not None and status < 400
    metrics.observe(SERVICE, metrics.operation_of(verb, path), "ok" if is_well else "failed", seconds)
    if verb not in _SAFE or not is_well:
        ledger.write_down(SERVICE, _about.get(), f"{verb} {path}", status, answer, int(seconds * 1000))


def summary_of(body: Any) -> str:
    """What of an answer may be kept."""
    try:
        told = json.loads(body)
    except (ValueError, TypeError):
        return f"{len(body)} bytes that are not JSON" if isinstance(body, bytes | str) else ""
    if not isinstance(told, dict):
        return ""
    error = told.get("error")
    part, names = (error, _OF_ERRORS) if isinstance(error, dict) else (told, _OF_OBJECTS)
    return redact(json.dumps({name: part[name] for name in names if part.get(name) is not None}))
