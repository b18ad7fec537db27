"""The one door for calls to other services: breaker → budget → send → short retries → one table of errors.

    answer = call(service, "POST", "/v1/shops/1/orders.json", json=order, repeatable=True, subject="fulfilment:12")
    answer.json()

Never inside a database transaction: a call may take a minute. Minutes and hours of waiting belong to the durable row.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from shop.core import clock, log
from shop.core.secrets import redact
from shop.errors import Misunderstood, OutsideError, RateLimited, Unavailable
from shop.outbound import breaker, budget, ledger, metrics
from shop.outbound.answers import Answer, error_of
from shop.outbound.facts import Service
from shop.outbound.guarding import guarded_adapter

TIMEOUT = (5.0, 30.0)  # seconds to connect, seconds between two bytes
WHOLE_CALL_SECONDS = 120.0  # an answer that drips is given up
MAX_ANSWER_BYTES = 20 * 1024 * 1024
TRIES = 3
LONGEST_RETRY_AFTER = 10.0
USER_AGENT = "Imprint/0.1 (print-on-demand shop)"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.SSLError,
)

logger = log.get_logger("outbound")
_threads = threading.local()


@dataclass(frozen=True)
class _Request:
    service: Service
    method: str
    path: str
    json: Any
    body: bytes | None
    params: Mapping[str, Any] | None
    headers: Mapping[str, str]
    timeout: tuple[float, float]
    max_bytes: int
    is_read: bool = False

    @property
    def only_reads(self) -> bool:
        return self.is_read or self.method in _SAFE_METHODS

    @property
    def url(self) -> str:
        return self.service.base_url.rstrip("/") + self.path


def call(
    service: Service,
    method: str,
    path: str,
    *,
    json: Any = None,
    body: bytes | None = None,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: tuple[float, float] = TIMEOUT,
    repeatable: bool | None = None,
    subject: str = "",
    max_wait: float = 2.0,
    accept: Collection[int] = (),
    max_bytes: int = MAX_ANSWER_BYTES,
    is_read: bool = False,
    operation: str = "",
) -> Answer:
    """Call a service and return its 2xx answer (or one of the statuses in `accept`).

    `repeatable`: may the same request be sent twice (default: for GET and HEAD)? Others are tried again only where
    they surely were not sent. `is_read`: a POST that only reads (GraphQL): repeated, and kept out of the log, as
    a GET is; `operation` names it in the metrics where the path does not. `max_wait`: seconds to wait for a free slot
    of the rate budget. `subject` names the row this is about ("fulfilment:12") in the log. Raises RateLimited (with
    retry_at), Unavailable (`sent` tells whether a write may have been accepted), NeedsReconnect, Refused,
    Misunderstood; never a library's own exception.
    A foreign service's address is checked at each connect; one that is not public raises Refused.
    `facts["may_be_done"]` of each: a write of this call, or of an earlier try of it, may have been accepted, also
    where it may be repeated.
    """
    request = _Request(
        service, method, path, json, body, params, {**dict(service.headers), **(headers or {})}, timeout, max_bytes,
        is_read,
    )  # fmt: skip
    safe = request.only_reads if repeatable is None else repeatable
    operation = operation or metrics.operation_of(method, path)
    started = time.monotonic()
    outcome, told, log_it = "ok", "", not request.only_reads
    status: int | None = None
    try:
        answer = _try_a_few_times(request, safe, max_wait, accept)
        status, told = answer.status, answer.text[: ledger.ANSWER_CHARS] if log_it else ""
        return answer
    except OutsideError as error:
        outcome = type(error).__name__.lower()
        told, found = error.detail, error.facts.get("status")
        status = found if isinstance(found, int) else None
        log_it = not error.facts.get("unsent", False)
        raise
    finally:
        seconds = time.monotonic() - started
        metrics.observe(service.name, operation, outcome, seconds, service.account if service.is_foreign else "")
        if log_it:
            told = _without_keys(told, request.headers)
            ledger.write_down(service.name, subject, f"{method} {path}", status, told, int(seconds * 1000))


def _try_a_few_times(request: _Request, safe: bool, max_wait: float, accept: Collection[int]) -> Answer:
    last: Unavailable | None = None
    may_be_done = False
    for number in range(1, TRIES + 1):
        wait = breaker.seconds_to_wait(request.service)
        if wait > 0:  # opened by our own tries: tell what they met
            raise last or _resting(request.service, wait)
        try:
            return _send_once(request, safe, max_wait, accept)
        except OutsideError as error:
            may_be_done |= not request.only_reads and bool(error.facts.pop("lost", False))
            error.facts["may_be_done"] = may_be_done
            pause = _pause_before_next(error, number, safe) if isinstance(error, Unavailable) else None
            if pause is None or not isinstance(error, Unavailable):
                raise
            last = error
            logger.info("outbound retry", service=request.service.name, why=error.detail, seconds=round(pause, 2))
            time.sleep(pause)
    raise AssertionError("unreachable")


def _send_once(request: _Request, safe: bool, max_wait: float, accept: Collection[int]) -> Answer:
    """One try; tells the breaker what came of it."""
    try:
        budget.spend(request.service, request.path, max_wait)
    except RateLimited as error:
        error.facts["unsent"] = True
        raise
    try:
        answer = _exchange(request, safe)
    except OutsideError as problem:
        _tell_breaker(request.service, problem)
        raise
    refusal = None if answer.status in accept else error_of(answer, repeat_is_safe=safe)
    _tell_breaker(request.service, refusal)
    if refusal is not None:
        refusal.detail = _without_keys(refusal.detail, request.headers)
        raise refusal
    return answer


def _tell_breaker(service: Service, error: OutsideError | None) -> None:
    """Only silence and 5xx count against a service; a refusal, and a 429, is an answer."""
    if isinstance(error, Unavailable) and not isinstance(error, RateLimited):
        breaker.record_failure(service)
    else:
        breaker.record_success(service)


def _pause_before_next(error: Unavailable, number: int, safe: bool) -> float | None:
    """Seconds until the next try, or None when there is none."""
    if number >= TRIES or error.facts.get("unsent"):
        return None
    if isinstance(error, RateLimited):  # refused before any work: sending again is safe for every method
        told = (error.retry_at - clock.now()).total_seconds() if error.retry_at else 2.0**number
        return max(told, 0.1) + random.uniform(0, 0.2) if told <= LONGEST_RETRY_AFTER else None
    if error.sent and not safe:
        return None
    return float(0.3 * 2 ** (number - 1) * random.uniform(0.8, 1.5))


def _resting(service: Service, wait: float) -> Unavailable:
    return Unavailable(
        f"{service.name} does not answer; it is left alone for a moment.",
        service=service.name,
        detail=f"circuit open for {wait:.0f} s more",
        unsent=True,
    )


def _exchange(request: _Request, safe: bool) -> Answer:
    """Send and read it all. Transport errors become Unavailable; `sent` unless it surely did not leave."""
    try:
        response = _session(request.service).request(
            request.method,
            request.url,
            json=request.json,
            data=request.body,
            params=request.params,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **request.headers},
            timeout=request.timeout,
            allow_redirects=False,
            stream=True,
        )
        with response:
            body = _read_bounded(response, request.max_bytes, request.service.name)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        unsent = _surely_not_sent(error)
        raise Unavailable(
            f"{request.service.name} does not answer.",
            sent=not unsent and not safe,
            lost=not unsent,
            service=request.service.name,
            detail=_without_keys(f"{type(error).__name__}: {error}", request.headers)[:500],
        ) from error
    return Answer(request.service.name, response.status_code, response.headers, body)


def _read_bounded(response: requests.Response, most: int, service: str) -> bytes:
    parts, size, give_up = [], 0, time.monotonic() + WHOLE_CALL_SECONDS
    for part in response.iter_content(65536):
        size += len(part)
        if size > most:
            raise Misunderstood(service=service, detail=f"the answer is larger than {most} bytes")
        if time.monotonic() > give_up:
            raise requests.Timeout("the answer dripped for too long")
        parts.append(part)
    return b"".join(parts)


def _surely_not_sent(error: BaseException) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return True
    seen: BaseException | None = error
    for _ in range(6):
        if seen is None:
            return False
        if isinstance(seen, _NOT_SENT):
            return True
        inner = seen.args[0] if seen.args and isinstance(seen.args[0], BaseException) else None
        seen = getattr(seen, "reason", None) or inner or seen.__cause__
        if not isinstance(seen, BaseException):
            return False
    return False


def _without_keys(text: str, headers: Mapping[str, str]) -> str:
    """Whatever they echo, our keys do not reach a log; nor do those that travel in an address."""
    for name, value in headers.items():
        if name.lower() in ("authorization", "x-api-key", "api-key", "x-shopify-access-token") and value:
            text = text.replace(value, "[hidden]").replace(value.split()[-1], "[hidden]")
    return redact(text)


def _session(service: Service) -> requests.Session:
    """Keep-alive connections, one set per thread (and per process: a fork must not share sockets).

    A foreign service's connections are opened by `guarding.py`, and never shared with others."""
    name = f"foreign:{','.join(service.own_origins)}" if service.is_foreign else "kept"
    kept: tuple[int, requests.Session] | None = getattr(_threads, name, None)
    if kept is None or kept[0] != os.getpid():
        session = requests.Session()
        session.trust_env = False  # no .netrc: it would replace our Authorization header
        make = guarded_adapter(service.own_origins) if service.is_foreign else HTTPAdapter
        adapter = make(max_retries=0, pool_connections=8, pool_maxsize=4)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        kept = (os.getpid(), session)
        setattr(_threads, name, kept)
    return kept[1]
