"""Send a body to an address that came from outside: bounded, unredirected, public hosts only, once."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import urllib3

from shop.core.secrets import redact
from shop.errors import Refused
from shop.outbound import metrics
from shop.outbound.addresses import check_address
from shop.outbound.answers import Answer, retry_at
from shop.outbound.http import USER_AGENT
from shop.outbound.pinning import open_pool, target_of

TIMEOUT = urllib3.Timeout(connect=5, read=15)
WHOLE_SECONDS = 20.0
ANSWER_BYTES = 1024


@dataclass(frozen=True)
class Posted:
    """`status` None: no answer, and `problem` says why. `answer`: its first kilobyte. `retry_at`: when they allow
    more."""

    status: int | None
    answer: str
    problem: str
    took_ms: int
    retry_at: datetime | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post(url: str, body: bytes, headers: Mapping[str, str], allowed_origins: Collection[str] = ()) -> Posted:
    """One POST. Never raises for what the other side does; needs no app context, so it may run in a thread."""
    started = time.monotonic()
    status, answer, problem, again = None, "", "", None
    try:
        address = check_address(url, allowed_origins)
        status, answer, again = _exchange(url, address, body, headers)
    except Refused as error:
        problem = error.user_message
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        problem = in_words(error)
    if status is not None and 300 <= status < 400:
        problem = "It answered with a redirect, which is not followed."
    seconds = time.monotonic() - started
    outcome = "ok" if status is not None and status < 300 else "refused" if status else "unavailable"
    metrics.observe("webhooks", "POST", outcome, seconds)
    return Posted(status, clean(answer), problem, int(seconds * 1000), again)


def _exchange(url: str, address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, datetime | None]:
    sent = {
        "Host": urlsplit(url).netloc,
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Connection": "close",
        **headers,
    }
    with open_pool(url, address, TIMEOUT, WHOLE_SECONDS) as pool:
        response = pool.urlopen(
            "POST", target_of(url), body=body, headers=sent, redirect=False, preload_content=False, decode_content=False
        )
        try:
            told = Answer("webhook", response.status, dict(response.headers), _first_bytes(response))
        finally:
            if response.connection is not None:
                response.connection.close()
            response.close()
    return told.status, told.text, retry_at(told)


def _first_bytes(response: urllib3.BaseHTTPResponse) -> bytes:
    """The status has come: whatever happens to the rest of the answer does not change it."""
    try:
        return response.read(ANSWER_BYTES, decode_content=False)
    except (urllib3.exceptions.HTTPError, OSError):
        return b""


def in_words(error: Exception) -> str:
    """Why there was no answer, for a merchant."""
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "Its name leads nowhere."
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "Nobody listens at this address."
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "It did not answer in time."
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"Its certificate is not in order: {redact(str(error))[:200]}"
    return f"The connection broke: {type(error).__name__}"


def clean(text: str) -> str:
    return redact(text.replace("\0", ""))[:ANSWER_BYTES]
