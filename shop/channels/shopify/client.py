"""GraphQL calls to one shop: a budget of cost points shared by all workers, and the three layers of failure (§2)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from shop.channels.shopify.addressing import VERSION, service_of
from shop.channels.tokens import with_token
from shop.core import clock
from shop.core.secrets import redact
from shop.errors import Misunderstood, NeedsReconnect, OutsideError, RateLimited, Refused, Unavailable
from shop.outbound import points
from shop.outbound.answers import Answer
from shop.outbound.http import call
from shop.outbound.points import Bucket, Told

Json = dict[str, Any]
PATH = f"/admin/api/{VERSION}/graphql.json"
SIZE, RATE = 1000.0, 50.0  # of the smallest plan there ever was; the first answer tells the real ones (§2)
MAX_WAIT = 10.0  # a longer wait goes back to the row
THROTTLED_TRIES = 3
FIRST_GUESS = {"list": 1000, "one": 150, "write": 10}  # points, until the first answer of this kind told
MAX_BYTES = 40 * 1024 * 1024
_NAME = re.compile(r"\b(query|mutation)\s+(\w+)")
_costs: dict[tuple[str, str], float] = {}


class TooDear(Misunderstood):
    """One query costs more than 1000 points: it must ask for less."""


class Client:
    """One connection's way to its shop."""

    def __init__(self, connection_id: int, domain: str) -> None:
        self.connection_id, self.domain = connection_id, domain
        self.bucket = Bucket(f"shopify@{connection_id}", SIZE, RATE)

    def read(self, query: str, variables: Mapping[str, Any] | None = None) -> Json:
        """The data of a query. Raises the kinds of shop/errors.py."""
        return self._run(query, variables or {}, is_read=True)

    def write(self, query: str, variables: Mapping[str, Any], *, repeatable: bool = False, subject: str = "") -> Json:
        """What the one mutation of `query` gave back. userErrors are Refused, all of them told.

        `repeatable`: sending it twice does no more than once.
        """
        data = self._run(query, variables, is_read=False, repeatable=repeatable, subject=subject)
        payload = next(iter(data.values()), None)
        if not isinstance(payload, dict):
            raise Misunderstood("Shopify gave an answer without a result.", service="shopify", detail=str(data)[:300])
        check_user_errors(payload)
        return payload

    def _run(
        self, query: str, variables: Mapping[str, Any], *, is_read: bool, repeatable: bool = False, subject: str = ""
    ) -> Json:
        for number in range(1, THROTTLED_TRIES + 1):
            try:
                return self._once(query, variables, is_read, repeatable, subject)
            except RateLimited as error:
                if not error.facts.get("throttled") or number == THROTTLED_TRIES or error.retry_at is None:
                    raise
                wait = (error.retry_at - clock.now()).total_seconds()
                if wait > MAX_WAIT:
                    raise
                time.sleep(max(wait, 0.05))
        raise AssertionError("unreachable")

    def _once(self, query: str, variables: Mapping[str, Any], is_read: bool, repeatable: bool, subject: str) -> Json:
        name = _NAME.search(query)
        operation = name[2] if name else "graphql"
        first = (operation, str(variables.get("first", "")))
        held = points.reserve(self.bucket, _costs.get(first, FIRST_GUESS[_kind(variables, is_read)]), MAX_WAIT)
        told: Told | None = None
        try:
            answer = with_token(
                self.connection_id,
                lambda token: call(
                    service_of(self.domain, str(self.connection_id)), "POST", PATH,
                    json={"query": query, "variables": variables}, headers={"X-Shopify-Access-Token": token},
                    repeatable=is_read or repeatable, is_read=is_read, subject=subject,
                    operation=f"POST {operation}", max_bytes=MAX_BYTES,
                ),
            )  # fmt: skip
            body = _read_body(answer, sent=not is_read)
            requested, told = _read_cost(body)
            if requested:
                _costs[first] = requested
            return _data_of(body, requested, told, is_read)
        except OutsideError as error:
            raise _in_their_words(error) from error.__cause__
        finally:
            points.settle(self.bucket, held, told)


def check_user_errors(payload: Mapping[str, Any]) -> None:
    """Business refusals come with HTTP 200 (§2.3). Raises Refused with every one, `facts["codes"]`; a call that runs
    twice at once is Unavailable."""
    found = [e for name in ("userErrors", "mediaUserErrors", "orderCancelUserErrors") for e in payload.get(name) or []]
    if not found:
        return
    codes = [str(error.get("code") or "") for error in found if isinstance(error, dict)]
    texts = [_sentence(error) for error in found[:10] if isinstance(error, dict)]
    told = redact("; ".join(texts))[:500]
    if "IDEMPOTENCY_CONCURRENT_REQUEST" in codes:
        raise Unavailable("Shopify is still busy with the same request.", service="shopify", detail=told)
    raise Refused(f"Shopify refused: {told}", service="shopify", detail=told, codes=codes)


def _sentence(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error.get("field") or [] if str(part) not in ("input", "product"))
    text = str(error.get("message") or error.get("code") or "no reason given")
    return f"{where}: {text}" if where else text


def _read_body(answer: Answer, *, sent: bool) -> Json:
    """What is no JSON is some machine between us and them; the outcome of a write is unknown then."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Unavailable(
            "Shopify gave an answer that could not be read.", service="shopify", sent=sent, lost=sent,
            may_be_done=sent, detail=f"not JSON: {redact(answer.text[:200])}",
        )  # fmt: skip
    return body


def _read_cost(body: Json) -> tuple[float, Told | None]:
    """(what it would cost at most, the bucket as it stands)."""
    extensions = body.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    if not isinstance(cost, dict):
        return 0.0, None
    status, requested = cost.get("throttleStatus"), _number(cost.get("requestedQueryCost"))
    if not isinstance(status, dict):
        return requested, None
    left, size, rate = (_number(status.get(n)) for n in ("currentlyAvailable", "maximumAvailable", "restoreRate"))
    return requested, Told(left, size, rate) if size > 0 and rate > 0 else None


def _data_of(body: Json, requested: float, told: Told | None, is_read: bool) -> Json:
    errors = body.get("errors")
    if not errors:
        data = body.get("data")
        if isinstance(data, dict):
            return data
        raise Misunderstood("Shopify gave an answer without data.", service="shopify", detail=str(body)[:300])
    told_all = errors if isinstance(errors, list) else [errors]
    listed: list[Json] = [e if isinstance(e, dict) else {"message": str(e)} for e in told_all]
    codes = {str((e.get("extensions") or {}).get("code") or "") for e in listed}
    texts = "; ".join(str(e.get("message")) for e in listed[:5])
    detail = redact(texts)[:500]
    if "THROTTLED" in codes:
        wait = (requested - told.left) / told.rate if told else 2.0
        raise RateLimited(
            "Shopify asks us to slow down.", retry_at=clock.now() + timedelta(seconds=max(wait, 0.1)),
            service="shopify", detail=detail, throttled=True,
        )  # fmt: skip
    if "MAX_COST_EXCEEDED" in codes:
        raise TooDear("This question to Shopify is too large.", service="shopify", detail=detail)
    if "ACCESS_DENIED" in codes:
        raise NeedsReconnect(
            f"Shopify does not allow this app to do that: {detail} Give the app the right, and connect again.",
            service="shopify", detail=detail, status=403, denied=True,
        )  # fmt: skip
    if "SHOP_INACTIVE" in codes:
        raise Refused("This Shopify shop is not active at the moment.", service="shopify", detail=detail)
    if "INTERNAL_SERVER_ERROR" in codes:
        raise Unavailable("Shopify has a problem of its own.", sent=not is_read, service="shopify", detail=detail)
    raise Misunderstood("Shopify did not understand a question of ours.", service="shopify", detail=detail)


def _in_their_words(error: OutsideError) -> OutsideError:
    """Statuses that mean something else here than elsewhere (§2.1)."""
    status = error.facts.get("status")
    words = {
        402: "This Shopify shop is frozen: its bill is open. It can be reached again when that is settled.",
        404: "There is no such Shopify shop (any more).",
        423: "This Shopify shop is locked at the moment.",
    }
    if isinstance(error, Refused) and status in words:
        return Refused(words[int(str(status))], service="shopify", detail=error.detail, **error.facts)
    return error


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _kind(variables: Mapping[str, Any], is_read: bool) -> str:
    return ("list" if "first" in variables else "one") if is_read else "write"
