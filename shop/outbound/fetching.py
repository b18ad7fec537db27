"""Fetch a file (a picture) from an address that came from outside: bounded, unredirected, public hosts only."""

from __future__ import annotations

import time
from collections.abc import Collection
from urllib.parse import urlsplit

import urllib3

from shop.core.secrets import redact
from shop.errors import Refused, Unavailable
from shop.outbound import breaker, metrics
from shop.outbound.addresses import check_address
from shop.outbound.answers import Answer, error_of
from shop.outbound.facts import Service
from shop.outbound.http import USER_AGENT
from shop.outbound.pinning import open_pool, target_of

TIMEOUT = urllib3.Timeout(connect=5, read=30)
WHOLE_FETCH_SECONDS = 60.0


def fetch(url: str, *, max_bytes: int, allowed_origins: Collection[str] = (), accept: str = "*/*") -> bytes:
    """The body of a 200 answer.

    Raises Refused (a forbidden address, 4xx, a redirect, larger than `max_bytes`) or Unavailable (try again later).
    A host that keeps failing is left alone for a while, like any other service.
    """
    host = urlsplit(url).hostname or ""
    address = check_address(url, allowed_origins)
    service = Service(name="pictures", base_url="", account=host[:100], failures_to_open=8, open_seconds=60)
    wait = breaker.seconds_to_wait(service)
    if wait > 0:
        raise Unavailable(f"{host} does not answer.", service="fetch", detail=f"circuit open for {wait:.0f} s more")
    started, outcome = time.monotonic(), "ok"
    try:
        body = _fetch(url, address, max_bytes, accept)
    except Unavailable:
        outcome = "unavailable"
        breaker.record_failure(service)
        raise
    except Refused:
        outcome = "refused"
        breaker.record_success(service)
        raise
    finally:
        metrics.observe("pictures", "GET", outcome, time.monotonic() - started)
    breaker.record_success(service)
    return body


def _fetch(url: str, address: str, max_bytes: int, accept: str) -> bytes:
    parts = urlsplit(url)
    host = parts.hostname or ""
    headers = {"Host": parts.netloc, "User-Agent": USER_AGENT, "Accept": accept}
    try:
        with open_pool(url, address, TIMEOUT) as pool:
            response = pool.urlopen("GET", target_of(url), headers=headers, redirect=False, preload_content=False)
            try:
                body = _read(response, max_bytes, url)
                answer = Answer("fetch", response.status, dict(response.headers), body)
            finally:
                response.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        detail = redact(f"{url[:200]}: {type(error).__name__}: {error}")[:400]
        raise Unavailable(f"{host} does not answer.", service="fetch", detail=detail) from error
    error_found = error_of(answer, repeat_is_safe=True)
    if isinstance(error_found, Unavailable):
        raise error_found
    if answer.status != 200:
        raise Refused(f"{host} answered {answer.status}.", service="fetch", detail=f"{url[:200]}: {answer.status}")
    return body


def _read(response: urllib3.BaseHTTPResponse, max_bytes: int, url: str) -> bytes:
    parts, size, give_up = [], 0, time.monotonic() + WHOLE_FETCH_SECONDS
    for part in response.stream(65536, decode_content=False):
        size += len(part)
        if size > max_bytes:
            raise Refused("This file is too large.", service="fetch", detail=f"{url[:200]}: over {max_bytes} bytes")
        if time.monotonic() > give_up:
            raise Unavailable(service="fetch", detail=f"{url[:200]}: dripped for too long")
        parts.append(part)
    return b"".join(parts)
