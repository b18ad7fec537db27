"""One API call from the door to the answer: key, version, rate, decoding, checks, idempotency, expansion, headers.

Rules of the fault box with the service ``stripe-api`` strike in here, in Stripe's own words (a 429 or 500 the SDK
understands) and inside the idempotency store: a 500 given under a key is replayed under it.
Source: contracts/stripe.md §1, §9–§11.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, request

from sandbox.ratelimits import Bucket
from sandbox.stripe import idempotency, wire
from sandbox.stripe.book import API_VERSION, Obj
from sandbox.stripe.checking import checker_for
from sandbox.stripe.expanding import show
from sandbox.stripe.ids import new_id
from sandbox.stripe.refusing import Refusal
from sandbox.stripe.wire import Params
from sandbox.world import World, current_world

_log = logging.getLogger("sandbox.stripe")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")
_MOST_BYTES = 1024 * 1024
BUDGET = Bucket("stripe", 25, 1.0)


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler gets. ``path`` holds the variables of the path, ``base`` the address the caller used."""

    world: World
    params: Params
    path: dict[str, str]
    base: str


Handler = Callable[[Call], Obj]


def operation(bp: Blueprint, method: str, template: str) -> Callable[[Handler], Handler]:
    """Route ``POST /v1/refunds/{refund}`` (as the specification writes it) to a handler."""

    def remember(handler: Handler) -> Handler:
        def view(**path: str) -> Response:
            return _answer(handler, method, template, path)

        rule = "/stripe" + template.replace("{", "<").replace("}", ">")
        bp.add_url_rule(rule, f"{method} {template}".replace(".", "_"), view, methods=[method])
        return handler

    return remember


def refuse(refusal: Refusal, request_id: str | None = None) -> Response:
    """An error in Stripe's shape."""
    id_ = request_id or new_id("req")
    body = {**refusal.error, "request_log_url": f"https://dashboard.stripe.com/test/logs/{id_}"}
    return _respond(refusal.status, {"error": body}, id_)


def _answer(handler: Handler, method: str, template: str, path: dict[str, str]) -> Response:
    world = current_world()
    id_ = new_id("req")
    key = request.headers.get("Idempotency-Key") if method == "POST" else None
    g.stripe_request = {"id": id_, "idempotency_key": key}
    try:
        check_caller()
        _check_rate(world)
        params = _read(method)
        checker = checker_for(world.settings.specs_directory)
        if checker is not None and not request.files:
            checker.check(method, template, params)
        call = Call(world, params, path, request.host_url.rstrip("/"))
        if not key:
            return _respond(*_work(handler, call), id_)
        return _work_once(handler, call, key, id_)
    except Refusal as refusal:
        return refuse(refusal, id_)


def check_caller() -> None:
    """Bearer (or basic) authentication with any test key, and a version of Stripe's form."""
    given = request.authorization
    key = ""
    if given is not None:
        key = (given.token if given.type == "bearer" else given.username) or ""
    if not key:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
        raise Refusal(message, status=401)
    if key.startswith(("sk_test_expired", "sk_test_revoked")):
        shown = f"{key[:8]}****{key[-4:]}"
        raise Refusal(f"Expired API Key provided: {shown}", status=401, code="api_key_expired")
    if not re.fullmatch(r"[sr]k_test_\w+", key):
        raise Refusal(f"Invalid API Key provided: {key[:8]}****{key[-4:]}", status=401)
    version = request.headers.get("Stripe-Version")
    if version is not None and not _VERSION.fullmatch(version):
        raise Refusal(f"Invalid Stripe API version: {version[:40]}")


def _check_rate(world: World) -> None:
    wait = world.limits.spend(BUDGET)
    struck = world.faults.take("stripe-api", request.method, request.path)
    g.stripe_faults = [fault.kind for fault in struck if fault.kind != "slow"]
    g.stripe_slow = sum(fault.delay for fault in struck if fault.kind == "slow")
    if wait is not None or "rate_429" in g.stripe_faults:
        message = "Request rate limit exceeded. Learn more about rate limits: https://stripe.com/docs/rate-limits."
        raise Refusal(message, status=429, code="rate_limit")


def _read(method: str) -> Params:
    if method != "POST":
        return wire.decode(request.query_string)
    if request.mimetype == "multipart/form-data":
        return wire.nest([(name, value) for name, value in request.form.items(multi=True)])
    if request.mimetype == "application/json":
        message = "Invalid request: /v1 endpoints take application/x-www-form-urlencoded, not application/json."
        raise Refusal(message)
    if (request.content_length or 0) > _MOST_BYTES:
        raise Refusal("Request body too large.", status=413)
    return wire.decode(request.get_data(cache=True))


def _work_once(handler: Handler, call: Call, key: str, id_: str) -> Response:
    before = idempotency.begin(call.world, key, request.path, _fingerprint(call.params))
    if before is not None:
        return _respond(before.status, before.body, id_, {"Idempotent-Replayed": "true"})
    try:
        status, body = _work(handler, call)
    except Refusal as refusal:
        if not refusal.stored:
            idempotency.forget(call.world, key)
        raise
    idempotency.finish(call.world, key, status, body)
    return _respond(status, body, id_)


def _work(handler: Handler, call: Call) -> tuple[int, Any]:
    if g.stripe_slow:
        time.sleep(g.stripe_slow)
    failed = {
        "error": {
            "type": "api_error",
            "message": "An unknown error occurred. Let us know at https://support.stripe.com.",
        }
    }
    if "error_500" in g.stripe_faults:
        return 500, failed
    try:
        with call.world.store.lock:
            answer = show(call.world, handler(call), call.params)
    except Refusal:
        raise
    except Exception:  # noqa: BLE001 - a mistake of the double is a 500 as Stripe would give it, and a line in the log
        _log.exception("stripe double failed on %s %s", request.method, request.path)
        return 500, failed
    return (500, failed) if "error_500_after" in g.stripe_faults else (200, answer)


def _fingerprint(params: Params) -> str:
    parts = [json.dumps(params, sort_keys=True)]
    for name, upload in sorted(request.files.items()):
        parts.append(f"{name}:{upload.filename}:{hashlib.sha256(upload.read()).hexdigest()}")
        upload.seek(0)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _respond(status: int, body: Any, id_: str, more: dict[str, str] | None = None) -> Response:
    response = Response(json.dumps(body, indent=2), status, mimetype="application/json")
    response.headers["Request-Id"] = id_
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version") or API_VERSION
    response.headers["Cache-Control"] = "no-cache, no-store"
    key = request.headers.get("Idempotency-Key")
    if key:
        response.headers["Idempotency-Key"] = key
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Stripe"'
    response.headers.update(more or {})
    return response
